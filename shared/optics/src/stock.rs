//! Which finished lenses are in stock. A lens beyond these limits is made for the order.

use std::ops::RangeInclusive;

use crate::{Coating, Eye, Lens};

/// Both principal powers, in dioptres.
pub const POWER: RangeInclusive<f64> = -8.0..=6.0;
/// The strongest cylinder, in dioptres without its sign.
pub const CYLINDER: f64 = 2.0;
/// The refractive index from which blanks are ordered for the order.
pub const HIGH_INDEX: f64 = 1.67;

/// Whether both principal powers of an eye are in stock.
pub fn has_power(eye: &Eye) -> bool {
    eye.power().principal().iter().all(|power| POWER.contains(power))
}

/// Whether the cylinder of an eye is in stock.
pub fn has_cylinder(eye: &Eye) -> bool {
    eye.cylinder.abs() <= CYLINDER
}

/// Whether lenses of this index are in stock.
pub fn has_index(index: Option<f64>) -> bool {
    index.is_none_or(|index| index < HIGH_INDEX)
}

/// Whether lenses with this coating are in stock.
pub fn has_coating(coating: Coating) -> bool {
    !matches!(coating, Coating::Mirror | Coating::Photochromic | Coating::Polarized)
}

/// Whether lenses with this tint, if any, and these coatings are in stock.
pub fn has_finish(lens: &Lens<'_>) -> bool {
    lens.tint.is_none() && lens.coatings.iter().all(|coating| has_coating(*coating))
}

/// Whether a finished lens serves for `eye`: within all limits, of one power, without prism or
/// ordered base curve.
pub(crate) fn has(lens: &Lens<'_>, eye: &Eye) -> bool {
    has_power(eye)
        && has_cylinder(eye)
        && !eye.is_progressive()
        && eye.prism == 0.0
        && lens.base_curve.is_none()
        && has_index(lens.index)
        && has_finish(lens)
}
