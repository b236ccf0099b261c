//! Where a lens is in its frame, by the boxing system (ISO 8624): decentration and smallest blank.

use serde::Serialize;

use crate::prescription::{Frame, Lens};
use crate::units::tenths;

/// Extra diameter of a blank for the bevel and its edge, in mm.
const BLANK_ALLOWANCE_MM: f64 = 2.0;
/// The corner radius of the assumed shape of a frame, as a part of its boxed height. An order does
/// not give the effective diameter.
const CORNER_RADIUS: f64 = 0.25;

/// The optical centre (the fitting point of a progressive lens) from the centre of the box, in mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Decentration {
    /// Towards the nose; negative is towards the temple.
    pub in_mm: f64,
    /// Upwards; negative is downwards. Zero, the datum line, when no fitting height is given.
    pub up_mm: f64,
}

impl Decentration {
    /// (A + DBL - PD) / 2 inwards, and the fitting height less B / 2 upwards; none without a frame
    /// and a pupillary distance.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), decentration.
    pub(crate) fn of(lens: &Lens<'_>, fitting_height: Option<f64>) -> Option<Self> {
        let (frame, pupillary_distance) = (lens.frame?, lens.pupillary_distance?);
        Some(Self {
            in_mm: (frame.width + frame.bridge - pupillary_distance) / 2.0,
            up_mm: fitting_height.map_or(0.0, |height| height - frame.height / 2.0),
        })
    }

    pub(crate) fn in_tenths(self) -> Self {
        Self { in_mm: tenths(self.in_mm), up_mm: tenths(self.up_mm) }
    }

    /// The smallest diameter of a blank centred on the optical centre: effective diameter plus
    /// twice the decentration plus 2 mm. Source: Brooks and Borish, as above, minimum blank size.
    pub(crate) fn minimum_blank_mm(self, effective_diameter_mm: f64) -> f64 {
        let decentration = (self.in_mm * self.in_mm + self.up_mm * self.up_mm).sqrt();
        effective_diameter_mm + 2.0 * decentration + BLANK_ALLOWANCE_MM
    }
}

/// Twice the longest radius of the shape about the centre of its box, for a box with rounded
/// corners. 50 by 40 mm gives 56.1 mm.
pub(crate) fn effective_diameter_mm(frame: Frame) -> f64 {
    let corner = CORNER_RADIUS * frame.height.min(frame.width);
    let (x, y) = (frame.width / 2.0 - corner, frame.height / 2.0 - corner);
    2.0 * ((x * x + y * y).sqrt() + corner)
}

#[cfg(test)]
mod tests;
