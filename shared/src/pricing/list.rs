//! The price list as data: what a piece costs in euro cents, the discount for volume, the surcharge for express.
//!
//! A price is net of tax. One piece of a SKU with a prescription is that prescription made, for one eye or both: the
//! family's price (once per eye where the family is a lens) plus material and options for each eye.

// Amounts in cents are written with the euros set off, as in 74_00.
#![allow(clippy::inconsistent_digit_grouping)]

use rust_decimal::Decimal;

use super::{Money, PriceSource};
use crate::lens::material::{MATERIALS, material_of};
use crate::order::{Eye, Item, Lens};

/// The name of the price list: the month it came into force.
pub const PRICE_LIST: &str = "2026-01";

/// A family of SKUs, known by its prefix (upper case, with the dash).
struct Family {
    prefix: &'static str,
    cents: i64,
    /// Whether the price is for one lens, so that a prescription for two eyes has it twice.
    per_eye: bool,
}

const FAMILIES: [Family; 8] = [
    Family { prefix: "ACC-", cents: 6_50, per_eye: false },
    Family { prefix: "BLK-", cents: 9_80, per_eye: true },
    Family { prefix: "CL-", cents: 14_90, per_eye: true },
    Family { prefix: "FRM-", cents: 74_00, per_eye: false },
    Family { prefix: "LNS-", cents: 12_50, per_eye: true },
    Family { prefix: "SRV-", cents: 25_00, per_eye: false },
    Family { prefix: "SUN-", cents: 58_00, per_eye: false },
    Family { prefix: "TOL-", cents: 120_00, per_eye: false },
];

/// The price of a piece whose SKU is of no family.
const DEFAULT_CENTS: i64 = 25_00;

/// Cents per lens by material, in the order of `lens::material::MATERIALS`: 1.50, 1.53, 1.56, 1.59, 1.60, 1.67, 1.74, mineral.
const MATERIAL_CENTS: [i64; MATERIALS.len()] =
    [9_00, 21_00, 16_00, 24_00, 34_00, 62_00, 98_00, 85_00];

/// Cents per lens and coating.
const COATINGS: [(&str, i64); 7] = [
    ("hard", 6_00),
    ("antiReflective", 18_00),
    ("superHydrophobic", 9_00),
    ("blueFilter", 12_00),
    ("mirror", 22_00),
    ("photochromic", 48_00),
    ("polarized", 42_00),
];

/// Cents per lens and tint. Names that are not listed are mixed for the order.
const TINTS: [(&str, i64); 6] = [
    ("brown", 8_00),
    ("gray", 8_00),
    ("green", 8_00),
    ("grey", 8_00),
    ("blue", 9_50),
    ("gradient", 14_00),
];
const OTHER_TINT_CENTS: i64 = 17_00;

/// Cents per lens when a value is above the bound: the last row that applies. Cylinder and power in dioptres, without
/// sign; the power is that of the stronger meridian; prism in prism dioptres.
type Steps = [(f64, i64)];
const CYLINDER: &Steps = &[(2.0, 6_00), (4.0, 14_00), (6.0, 29_00)];
const POWER: &Steps = &[(6.0, 8_00), (10.0, 22_00), (15.0, 48_00)];
const PRISM: &Steps = &[(0.0, 9_00), (3.0, 18_00), (6.0, 32_00)];
const ADDITION: &Steps = &[(0.0, 65_00)];

/// From which piece of a line on how many per cent are taken off. A step applies to the pieces from its first on, not to
/// those before, so more pieces never cost less in total.
const VOLUME: [(u32, i64); 5] = [(10, 3), (50, 6), (100, 9), (500, 12), (1_000, 15)];

/// Express: per cent of the net, with a floor and a ceiling in euro cents.
const EXPRESS_PERCENT: i64 = 12;
const EXPRESS_MIN_CENTS: i64 = 15_00;
const EXPRESS_MAX_CENTS: i64 = 400_00;

/// The list price of one piece of `item`, in euro cents, and whether its SKU is in the list.
pub(super) fn unit_price_cents(item: &Item<'_>) -> (PriceSource, i64) {
    let family = FAMILIES.iter().find(|family| item.sku.starts_with(family.prefix));
    let (source, cents, per_eye) = match family {
        Some(family) => (PriceSource::List, family.cents, family.per_eye),
        None => (PriceSource::Default, DEFAULT_CENTS, false),
    };
    let Some(lens) = &item.lens else { return (source, cents) };
    let eyes = lens.eyes().count() as i64;
    let each_cents = lens_options_cents(lens);
    let own_cents: i64 = lens.eyes().map(eye_options_cents).sum();
    (source, if per_eye { cents * eyes } else { cents } + each_cents * eyes + own_cents)
}

/// What one lens of a prescription costs beyond its family, whichever eye it is for.
fn lens_options_cents(lens: &Lens<'_>) -> i64 {
    let material = MATERIAL_CENTS[material_of(lens.index)];
    let coatings: i64 = lens.coatings.iter().map(|name| named(&COATINGS, name).unwrap_or(0)).sum();
    let tint =
        lens.tint.as_deref().map_or(0, |name| named(&TINTS, name).unwrap_or(OTHER_TINT_CENTS));
    material + coatings + tint
}

fn named(table: &[(&str, i64)], name: &str) -> Option<i64> {
    table.iter().find(|(known, _)| *known == name).map(|(_, cents)| *cents)
}

/// What the prescription of one eye adds.
fn eye_options_cents(eye: &Eye) -> i64 {
    let strongest = eye.sphere.abs().max((eye.sphere + eye.cylinder).abs());
    step(CYLINDER, eye.cylinder.abs())
        + step(POWER, strongest)
        + step(PRISM, eye.prism)
        + step(ADDITION, eye.addition)
}

fn step(steps: &Steps, value: f64) -> i64 {
    steps.iter().rev().find(|(above, _)| value > *above).map_or(0, |(_, cents)| *cents)
}

/// The discount for `quantity` pieces, in hundredths of the price of one.
pub(super) fn volume_discount_percent_pieces(quantity: u32) -> i64 {
    let mut percent_pieces = 0;
    let mut percent_before = 0;
    for (from, percent) in VOLUME {
        let pieces = i64::from(quantity) - i64::from(from) + 1;
        if pieces <= 0 {
            break;
        }
        // Pieces from this step on get what it adds to the step before.
        percent_pieces += pieces * (percent - percent_before);
        percent_before = percent;
    }
    percent_pieces
}

/// What express delivery adds to an order of `net`.
pub(super) fn express_surcharge(net: Decimal, money: &Money) -> Decimal {
    money.round(net * Decimal::new(EXPRESS_PERCENT, 2)).clamp(
        money.convert_euro_cents(EXPRESS_MIN_CENTS),
        money.convert_euro_cents(EXPRESS_MAX_CENTS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::{euros, table};

    #[test]
    fn the_page_shows_the_families() {
        let counts = |per_eye| if per_eye { "per eye" } else { "once" }.to_owned();
        let rows = FAMILIES.iter().map(|family| (family.prefix, family.cents, family.per_eye));
        let rows = rows.chain([("(none)", DEFAULT_CENTS, false)]);
        let rows = rows
            .map(|(prefix, cents, per_eye)| vec![prefix.to_owned(), euros(cents), counts(per_eye)]);
        assert_eq!(table("Families of SKUs", 3), rows.collect::<Vec<_>>());
    }

    #[test]
    fn the_page_shows_the_materials() {
        let rows = MATERIALS.iter().zip(MATERIAL_CENTS).map(|(material, cents)| {
            let index = format!(
                "{}.{:03}",
                material.from_thousandths / 1_000,
                material.from_thousandths % 1_000
            );
            let (centre, edge) = (material.min_centre_mm, material.min_edge_mm);
            vec![
                material.name.to_owned(),
                index,
                euros(cents),
                format!("{centre:.1}"),
                format!("{edge:.1}"),
            ]
        });
        assert_eq!(table("Materials", 5), rows.collect::<Vec<_>>());
    }

    #[test]
    fn the_page_shows_coatings_and_tints() {
        let rows = |named: &[(&str, i64)]| -> Vec<_> {
            named.iter().map(|(name, cents)| vec![(*name).to_owned(), euros(*cents)]).collect()
        };
        assert_eq!(table("Coatings", 2), rows(&COATINGS));
        let tints = [&TINTS[..], &[("(any other)", OTHER_TINT_CENTS)]].concat();
        assert_eq!(table("Tints", 2), rows(&tints));
    }

    #[test]
    fn the_page_shows_the_surcharges() {
        let steps = [
            ("cylinder, D", CYLINDER),
            ("power, D", POWER),
            ("prism, prism dioptres", PRISM),
            ("addition, D", ADDITION),
        ];
        let rows = steps.into_iter().flat_map(|(name, steps)| {
            steps.iter().map(move |(above, cents)| {
                vec![name.to_owned(), format!("{above:.2}"), euros(*cents)]
            })
        });
        assert_eq!(table("Surcharges of a prescription", 3), rows.collect::<Vec<_>>());
    }

    #[test]
    fn the_page_shows_discount_and_express() {
        let rows = VOLUME.map(|(from, percent)| vec![from.to_string(), percent.to_string()]);
        assert_eq!(table("Discount for volume", 2), rows);
        let express =
            [EXPRESS_PERCENT.to_string(), euros(EXPRESS_MIN_CENTS), euros(EXPRESS_MAX_CENTS)];
        assert_eq!(table("Express surcharge", 3), [express]);
    }

    fn item(sku: &'static str, lens: Option<Lens<'static>>) -> Item<'static> {
        Item { order_item_id: 1, sku: sku.into(), quantity: 1, unit_price: None, lens }
    }

    fn eye(sphere: f64, cylinder: f64) -> Eye {
        Eye { sphere, cylinder, ..Eye::default() }
    }

    #[test]
    fn the_family_of_a_sku_is_its_prefix() {
        assert_eq!(unit_price_cents(&item("FRM-1001", None)), (PriceSource::List, 74_00));
        assert_eq!(unit_price_cents(&item("frm-1001", None)), (PriceSource::Default, 25_00));
        assert_eq!(unit_price_cents(&item("8d5a5a23-f1c0", None)), (PriceSource::Default, 25_00));
    }

    #[test]
    fn a_lens_family_is_priced_per_eye_and_a_frame_once() {
        let both =
            Lens { right: Some(eye(1.0, 0.0)), left: Some(eye(1.0, 0.0)), ..Lens::default() };
        let right = Lens { right: Some(eye(1.0, 0.0)), ..Lens::default() };
        assert_eq!(unit_price_cents(&item("LNS-1", Some(right.clone()))).1, 12_50 + 9_00);
        assert_eq!(unit_price_cents(&item("LNS-1", Some(both.clone()))).1, 2 * (12_50 + 9_00));
        assert_eq!(unit_price_cents(&item("FRM-1", Some(both))).1, 74_00 + 2 * 9_00);
        assert_eq!(unit_price_cents(&item("?", Some(right))).1, 25_00 + 9_00);
    }

    #[test]
    fn every_option_of_a_prescription_has_its_price() {
        let right = Eye { addition: 2.0, prism: 2.0, ..eye(-5.0, -2.25) };
        let lens = Lens {
            right: Some(right),
            index: Some(1.67),
            coatings: vec!["hard".into(), "antiReflective".into()],
            tint: Some("amber".into()),
            ..Lens::default()
        };
        // Family, material, coatings, a tint mixed for the order, cylinder over 2, power 7.25 over 6, prism, addition.
        let cents = 12_50 + 62_00 + 6_00 + 18_00 + 17_00 + 6_00 + 8_00 + 9_00 + 65_00;
        assert_eq!(unit_price_cents(&item("LNS-9", Some(lens))).1, cents);
    }

    #[test]
    fn a_surcharge_starts_above_its_bound() {
        assert_eq!(step(CYLINDER, 2.0), 0);
        assert_eq!(step(CYLINDER, 2.25), 6_00);
        assert_eq!(step(CYLINDER, 4.0), 6_00);
        assert_eq!(step(CYLINDER, 4.25), 14_00);
    }

    #[test]
    fn materials_go_by_their_nominal_index() {
        let cents = |index| lens_options_cents(&Lens { index: Some(index), ..Lens::default() });
        assert_eq!(cents(1.4), 9_00);
        assert_eq!(cents(1.498), 9_00);
        assert_eq!(cents(1.586), 24_00);
        assert_eq!(cents(1.6), 34_00);
        assert_eq!(cents(1.665), 62_00);
        assert_eq!(cents(1.74), 98_00);
        assert_eq!(cents(2.0), 85_00);
    }

    #[test]
    fn the_discount_for_volume_counts_the_pieces_of_each_step() {
        assert_eq!(volume_discount_percent_pieces(9), 0);
        assert_eq!(volume_discount_percent_pieces(10), 3);
        assert_eq!(volume_discount_percent_pieces(49), 40 * 3);
        assert_eq!(volume_discount_percent_pieces(50), 40 * 3 + 6);
        assert_eq!(volume_discount_percent_pieces(100), 40 * 3 + 50 * 6 + 9);
        let all = 40 * 3 + 50 * 6 + 400 * 9 + 500 * 12 + 9_001 * 15;
        assert_eq!(volume_discount_percent_pieces(10_000), all);
    }
}
