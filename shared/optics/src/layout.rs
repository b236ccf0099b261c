//! Where a lens is in its frame, by the boxing system (ISO 8624): decentration and smallest blank.
//!
//! A lens is placed by its prism reference point (ISO 13666:2019), where its prism is ordered and
//! checked. Without prism that is the optical centre of a lens of one power. Of a progressive lens
//! it lies below the fitting cross, which goes before the pupil.

use serde::Serialize;

use crate::prescription::{Eye, Frame, Lens};
use crate::units::tenths;

/// Extra diameter of a blank for the bevel and its edge, in mm.
const BLANK_ALLOWANCE_MM: f64 = 2.0;
/// The corner radius of the assumed shape of a frame, as a part of the shorter side of its box. An
/// order does not give the effective diameter.
const CORNER_RADIUS: f64 = 0.25;

/// The fitting cross of most progressive designs is this far above the prism reference point, in mm.
/// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), chapter 20.
const FITTING_CROSS_OFFSET_MM: f64 = 4.0;

/// The prism reference point from the centre of the box, in mm.
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
    /// (A + DBL) / 2 less the monocular pupillary distance inwards; the fitting height less B / 2
    /// upwards, for a progressive lens also less the offset of its fitting cross. None without a
    /// frame and a pupillary distance.
    ///
    /// The pupillary distance of both eyes is halved only if the eye has no monocular one.
    /// Sources: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), decentration;
    /// ISO 13666:2019, prism reference point and fitting cross.
    pub(crate) fn of(lens: &Lens<'_>, eye: &Eye) -> Option<Self> {
        let frame = lens.frame?;
        let halved = lens.pupillary_distance.map(|distance| distance / 2.0);
        let from_nose_mm = eye.monocular_pupillary_distance.or(halved)?;
        let below_pupil_mm = if eye.is_progressive() {
            lens.fitting_cross_offset.unwrap_or(FITTING_CROSS_OFFSET_MM)
        } else {
            0.0
        };
        let up_mm = |height: f64| height - frame.height / 2.0 - below_pupil_mm;
        Some(Self {
            in_mm: (frame.width + frame.bridge - 2.0 * from_nose_mm) / 2.0,
            up_mm: eye.fitting_height.map_or(0.0, up_mm),
        })
    }

    pub(crate) fn in_tenths(self) -> Self {
        Self { in_mm: tenths(self.in_mm), up_mm: tenths(self.up_mm) }
    }

    /// The smallest diameter of a blank centred on the reference point: effective diameter plus
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
