//! The price list as data: prices in euro cents, the discount for volume, the surcharge for
//! express.
//!
//! A price is net of tax. One piece of a SKU with a prescription is that prescription made, for one
//! eye or both: the family's price (once per eye if the family is a lens) plus material and options
//! for each eye.

#![allow(clippy::inconsistent_digit_grouping, reason = "cents are set off, as in 74_00")]

use optics::{Coating, Eye, Lens, MATERIALS, material_of};
use rust_decimal::Decimal;

use super::{Money, PriceSource};
use crate::order::{CONTACT_LENS_PREFIX, Item};

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
    Family { prefix: CONTACT_LENS_PREFIX, cents: 14_90, per_eye: true },
    Family { prefix: "FRM-", cents: 74_00, per_eye: false },
    Family { prefix: "LNS-", cents: 12_50, per_eye: true },
    Family { prefix: "SRV-", cents: 25_00, per_eye: false },
    Family { prefix: "SUN-", cents: 58_00, per_eye: false },
    Family { prefix: "TOL-", cents: 120_00, per_eye: false },
];

/// The price of a piece whose SKU has no family.
const DEFAULT_CENTS: i64 = 25_00;

/// Cents per lens by material, in the order of [`MATERIALS`].
const MATERIAL_CENTS: [i64; MATERIALS.len()] =
    [9_00, 21_00, 16_00, 24_00, 34_00, 62_00, 98_00, 85_00];

/// Cents per lens and coating.
fn coating_cents(coating: Coating) -> i64 {
    match coating {
        Coating::Hard => 6_00,
        Coating::AntiReflective => 18_00,
        Coating::SuperHydrophobic => 9_00,
        Coating::BlueFilter => 12_00,
        Coating::Mirror => 22_00,
        Coating::Photochromic => 48_00,
        Coating::Polarized => 42_00,
    }
}

/// Cents per lens and tint. Other tints are mixed for the order.
const TINTS: [(&str, i64); 6] = [
    ("brown", 8_00),
    ("gray", 8_00),
    ("green", 8_00),
    ("grey", 8_00),
    ("blue", 9_50),
    ("gradient", 14_00),
];
const OTHER_TINT_CENTS: i64 = 17_00;

/// Cents per lens if a value is above the bound; the last row that applies counts. Cylinder and
/// power are in dioptres without sign, the power is that of the stronger meridian, prism is in
/// prism dioptres.
type Steps = [(f64, i64)];
const CYLINDER: &Steps = &[(2.0, 6_00), (4.0, 14_00), (6.0, 29_00)];
const POWER: &Steps = &[(6.0, 8_00), (10.0, 22_00), (15.0, 48_00)];
const PRISM: &Steps = &[(0.0, 9_00), (3.0, 18_00), (6.0, 32_00)];
const ADDITION: &Steps = &[(0.0, 65_00)];

/// The first piece of a line with a discount, and its per cent. A step applies to the pieces from
/// its first on, not to those before, so more pieces never cost less in total.
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

/// The cost of each lens of a prescription beyond its family's price, for either eye. A contact
/// lens has no material of the factory.
fn lens_options_cents(lens: &Lens<'_>) -> i64 {
    if lens.is_contact {
        return 0;
    }
    let material = MATERIAL_CENTS[material_of(lens.index)];
    let coatings: i64 = lens.coatings.iter().map(|coating| coating_cents(*coating)).sum();
    material + coatings + lens.tint.as_deref().map_or(0, tint_cents)
}

fn tint_cents(name: &str) -> i64 {
    let listed = TINTS.iter().find(|(known, _)| *known == name);
    listed.map_or(OTHER_TINT_CENTS, |(_, cents)| *cents)
}

/// What the prescription of one eye adds.
fn eye_options_cents(eye: &Eye) -> i64 {
    step(CYLINDER, eye.cylinder.abs())
        + step(POWER, eye.power().strongest())
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
mod tests;
