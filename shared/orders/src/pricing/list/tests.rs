use strum::VariantArray;

use super::*;
use crate::tests::{euros, table};

#[test]
fn the_page_shows_the_families() {
    let counts = |per_eye| if per_eye { "per eye" } else { "once" }.to_owned();
    let rows = FAMILIES.iter().map(|family| (family.prefix, family.cents, family.per_eye));
    let rows = rows.chain([("(none)", DEFAULT_CENTS, false)]);
    let rows =
        rows.map(|(prefix, cents, per_eye)| vec![prefix.to_owned(), euros(cents), counts(per_eye)]);
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
    let coatings =
        Coating::VARIANTS.iter().map(|coating| (coating.as_str(), coating_cents(*coating)));
    assert_eq!(table("Coatings", 2), rows(&coatings.collect::<Vec<_>>()));
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
        steps
            .iter()
            .map(move |(above, cents)| vec![name.to_owned(), format!("{above:.2}"), euros(*cents)])
    });
    assert_eq!(table("Surcharges of a prescription", 3), rows.collect::<Vec<_>>());
}

#[test]
fn the_page_shows_discount_and_express() {
    let rows = VOLUME.map(|(from, percent)| vec![from.to_string(), percent.to_string()]);
    assert_eq!(table("Discount for volume", 2), rows);
    let express = [EXPRESS_PERCENT.to_string(), euros(EXPRESS_MIN_CENTS), euros(EXPRESS_MAX_CENTS)];
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
    let both = Lens { right: Some(eye(1.0, 0.0)), left: Some(eye(1.0, 0.0)), ..Lens::default() };
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
        coatings: vec![Coating::Hard, Coating::AntiReflective],
        tint: Some("amber".into()),
        ..Lens::default()
    };
    // Family, material, coatings, a tint mixed for the order, cylinder over 2, power 7.25 over 6,
    // prism, addition.
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
