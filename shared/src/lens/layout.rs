//! Where a lens sits in its frame, by the boxing system (ISO 8624): decentration and the blank that is needed.

use serde::Serialize;

use super::units::tenths;
use crate::order::{Frame, Lens};

/// What a blank must be larger than the shape, for the bevel and its edge, in mm.
const BLANK_ALLOWANCE_MM: f64 = 2.0;
/// The corner radius of the shape that stands for a frame whose effective diameter the order does not give, as a part of
/// its boxed height.
const CORNER_RADIUS: f64 = 0.25;

/// Where the optical centre (the fitting point of a progressive lens) lies from the centre of the box, in mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Decentration {
    /// Towards the nose; negative is towards the temple.
    pub in_mm: f64,
    /// Upwards; negative is downwards. Zero, the datum line, when no fitting height is given.
    pub up_mm: f64,
}

impl Decentration {
    /// (A + DBL - PD) / 2 inwards, and the fitting height less B / 2 upwards; none without a frame and a pupillary distance.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), boxing and decentration.
    pub(super) fn of(lens: &Lens<'_>, fitting_height: Option<f64>) -> Option<Self> {
        let (frame, pupillary_distance) = (lens.frame?, lens.pupillary_distance?);
        Some(Self {
            in_mm: (frame.width + frame.bridge - pupillary_distance) / 2.0,
            up_mm: fitting_height.map_or(0.0, |height| height - frame.height / 2.0),
        })
    }

    pub(super) fn in_tenths(self) -> Self {
        Self { in_mm: tenths(self.in_mm), up_mm: tenths(self.up_mm) }
    }

    /// The smallest diameter of a blank centred on the optical centre: effective diameter plus twice the decentration plus
    /// 2 mm. Source: Brooks and Borish, as above, minimum blank size.
    pub(super) fn minimum_blank_mm(self, effective_diameter_mm: f64) -> f64 {
        let decentration = (self.in_mm * self.in_mm + self.up_mm * self.up_mm).sqrt();
        effective_diameter_mm + 2.0 * decentration + BLANK_ALLOWANCE_MM
    }
}

/// Twice the longest radius of the shape about the centre of its box, for a box with rounded corners: the order gives
/// A and B only. 50 by 40 mm gives 56.1 mm.
pub(super) fn effective_diameter_mm(frame: Frame) -> f64 {
    let corner = CORNER_RADIUS * frame.height.min(frame.width);
    let (x, y) = (frame.width / 2.0 - corner, frame.height / 2.0 - corner);
    2.0 * ((x * x + y * y).sqrt() + corner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { width: 50.0, height: 40.0, bridge: 20.0 };

    fn decentration(pupillary_distance: f64, fitting_height: Option<f64>) -> Decentration {
        let pupillary_distance = Some(pupillary_distance);
        let lens = Lens { frame: Some(FRAME), pupillary_distance, ..Lens::default() };
        Decentration::of(&lens, fitting_height).unwrap()
    }

    #[test]
    fn a_50_20_frame_for_68_mm_between_the_pupils_is_decentred_1_mm_per_lens() {
        assert_eq!(decentration(68.0, None), Decentration { in_mm: 1.0, up_mm: 0.0 });
        assert_eq!(decentration(74.0, None).in_mm, -2.0);
    }

    #[test]
    fn a_fitting_height_counts_from_the_middle_of_the_box() {
        assert_eq!(decentration(70.0, Some(23.0)).up_mm, 3.0);
        assert_eq!(decentration(70.0, Some(18.5)).up_mm, -1.5);
    }

    #[test]
    fn without_frame_or_pupillary_distance_there_is_no_layout() {
        let no_frame = Lens { pupillary_distance: Some(64.0), ..Lens::default() };
        let no_distance = Lens { frame: Some(FRAME), ..Lens::default() };
        assert_eq!(Decentration::of(&no_frame, Some(20.0)), None);
        assert_eq!(Decentration::of(&no_distance, Some(20.0)), None);
    }

    #[test]
    fn the_blank_covers_shape_decentration_and_allowance() {
        // 60 mm effective diameter, 3 mm total decentration, 2 mm allowance.
        assert_eq!(Decentration { in_mm: 1.5, up_mm: 0.0 }.minimum_blank_mm(60.0), 65.0);
        assert_eq!(Decentration { in_mm: -1.5, up_mm: 2.0 }.minimum_blank_mm(60.0), 67.0);
    }

    #[test]
    fn the_effective_diameter_lies_between_the_width_and_the_diagonal() {
        // 10 mm corners around (15, 10): 2 * (18.03 + 10).
        assert_eq!(tenths(effective_diameter_mm(FRAME)), 56.1);
        let round = Frame { width: 48.0, height: 48.0, bridge: 20.0 };
        let diagonal = (2.0_f64).sqrt() * 48.0;
        assert!((48.0..diagonal).contains(&effective_diameter_mm(round)));
    }
}
