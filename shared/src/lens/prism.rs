//! Prism as a vector: resolving, compounding, and what decentration makes of a power (Prentice).
//!
//! Directions are those of the standard notation: 0 degrees points to the right of somebody who faces the wearer, so to
//! the nose before a right eye and to the temple before a left one; 90 degrees is up.

use serde::Serialize;

use super::power::Power;
use super::units::{hundredths, sin_cos_degrees};
use crate::order::{Eye, PrismBase};

/// Which eye a lens is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The right eye.
    Right,
    /// The left eye.
    Left,
}

impl Side {
    /// The sign along 0 degrees of "towards the nose".
    pub(super) fn nasal(self) -> f64 {
        match self {
            Self::Right => 1.0,
            Self::Left => -1.0,
        }
    }
}

/// A prism by its components in prism dioptres (cm per m); the vector points to the base.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Prism {
    /// Along 0 degrees.
    pub(super) x: f64,
    /// Along 90 degrees.
    pub(super) y: f64,
}

/// A prism as printed: resolved and compounded, to 0.01 prism dioptres and 1 degree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PrismFigures {
    /// Prism dioptres.
    pub amount: f64,
    /// Direction of the base, 0 to 359 degrees of the standard notation; 0 when there is no prism.
    pub base_degrees: f64,
    /// The horizontal component; negative is base out.
    pub base_in: f64,
    /// The vertical component; negative is base down.
    pub base_up: f64,
}

impl Prism {
    /// The prism prescribed for an eye: a named or measured base direction, resolved into its components.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), prism.
    pub(super) fn prescribed(eye: &Eye, side: Side) -> Self {
        let (x, y) = match eye.base {
            None => (0.0, 0.0),
            Some(PrismBase::In) => (side.nasal(), 0.0),
            Some(PrismBase::Out) => (-side.nasal(), 0.0),
            Some(PrismBase::Up) => (0.0, 1.0),
            Some(PrismBase::Down) => (0.0, -1.0),
            Some(PrismBase::Degrees(degrees)) => {
                let (sin, cos) = sin_cos_degrees(degrees);
                (cos, sin)
            }
        };
        Self { x: eye.prism * x, y: eye.prism * y }
    }

    /// The prism at a point when the optical centre lies `x_mm`, `y_mm` from it: P = c F, c in centimetres, by the power
    /// matrix so that it holds for every axis. The base lies towards the centre of a plus lens, away from that of a minus lens.
    /// Sources: C. F. Prentice, Arch. Ophthalmol. 19 (1890); Long (1976), see [`Power::matrix`].
    pub(super) fn by_decentration(power: Power, x_mm: f64, y_mm: f64) -> Self {
        let (xx, xy, yy) = power.matrix();
        let (x_cm, y_cm) = (x_mm / 10.0, y_mm / 10.0);
        Self { x: xx * x_cm + xy * y_cm, y: xy * x_cm + yy * y_cm }
    }

    /// Both prisms at once: components add.
    pub(super) fn compounded(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }

    pub(super) fn amount(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }

    /// As printed before the eye on this side.
    pub(super) fn figures(self, side: Side) -> PrismFigures {
        let amount = hundredths(self.amount());
        let degrees = libm::atan2(self.y, self.x).to_degrees().round().rem_euclid(360.0) + 0.0;
        PrismFigures {
            amount,
            base_degrees: if amount == 0.0 { 0.0 } else { degrees },
            base_in: hundredths(self.x * side.nasal()),
            base_up: hundredths(self.y),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prescribed(side: Side, prism: f64, base: PrismBase) -> Prism {
        Prism::prescribed(&Eye { prism, base: Some(base), ..Eye::default() }, side)
    }

    fn figures(amount: f64, base_degrees: f64, base_in: f64, base_up: f64) -> PrismFigures {
        PrismFigures { amount, base_degrees, base_in, base_up }
    }

    // Stoner, Perkins and Ferguson, "Optical Formulas Tutorial", 2nd ed., resultant and resolving prism.
    #[test]
    fn prisms_compound_as_in_the_tutorial() {
        // Right: 1.5 up and 2 in are 2.5 at 37 degrees. Left: 1.5 down and 2 in are 2.5 at 217 degrees.
        let right = prescribed(Side::Right, 1.5, PrismBase::Up).compounded(prescribed(
            Side::Right,
            2.0,
            PrismBase::In,
        ));
        assert_eq!(right.figures(Side::Right), figures(2.5, 37.0, 2.0, 1.5));
        let left = prescribed(Side::Left, 1.5, PrismBase::Down).compounded(prescribed(
            Side::Left,
            2.0,
            PrismBase::In,
        ));
        assert_eq!(left.figures(Side::Left), figures(2.5, 217.0, 2.0, -1.5));
    }

    #[test]
    fn a_prism_resolves_as_in_the_tutorial() {
        // Right, 2.5 at 35 degrees, base up and in: 2.5 sin 35 = 1.43 up and 2.5 cos 35 = 2.05 in.
        let prism = prescribed(Side::Right, 2.5, PrismBase::Degrees(35.0));
        assert_eq!(prism.figures(Side::Right), figures(2.5, 35.0, 2.05, 1.43));
    }

    #[test]
    fn base_out_is_opposite_for_the_two_eyes() {
        let out = |side| prescribed(side, 3.0, PrismBase::Out).figures(side);
        assert_eq!(out(Side::Right), figures(3.0, 180.0, -3.0, 0.0));
        assert_eq!(out(Side::Left), figures(3.0, 0.0, -3.0, 0.0));
        let full_turn = prescribed(Side::Left, 1.0, PrismBase::Degrees(360.0)).figures(Side::Left);
        assert_eq!(full_turn, figures(1.0, 0.0, -1.0, 0.0));
    }

    #[test]
    fn prentices_rule_multiplies_centimetres_by_dioptres() {
        // +4.00 with its centre 5 mm nasal has 2 prism dioptres base in; -4.00 has them base out.
        let plus = Prism::by_decentration(Power::new(4.0, 0.0, 0.0), 5.0, 0.0);
        assert_eq!(plus.figures(Side::Right), figures(2.0, 0.0, 2.0, 0.0));
        let minus = Prism::by_decentration(Power::new(-4.0, 0.0, 0.0), -5.0, 0.0);
        assert_eq!(minus.figures(Side::Left), figures(2.0, 0.0, -2.0, 0.0));
    }

    #[test]
    fn a_cylinder_counts_by_the_meridian_of_the_decentration() {
        // +2.00 -1.00 x 90 has +1.00 horizontally and +2.00 vertically.
        let power = Power::new(2.0, -1.0, 90.0);
        let prism = Prism::by_decentration(power, 10.0, 10.0).figures(Side::Right);
        assert_eq!((prism.base_in, prism.base_up), (1.0, 2.0));
    }

    proptest! {
        /// The construction on paper: the cylinder acts at right angles to its axis, on the distance of the point from it.
        #[test]
        fn the_matrix_agrees_with_the_construction(cylinder in -12.0..12.0, axis in 1.0..180.0_f64, x in -10.0..10.0_f64, y in -10.0..10.0_f64) {
            let (sin, cos) = sin_cos_degrees(axis);
            let from_axis_cm = (-x * sin + y * cos) / 10.0;
            let constructed = Prism { x: -sin * cylinder * from_axis_cm, y: cos * cylinder * from_axis_cm };
            let prism = Prism::by_decentration(Power::new(0.0, cylinder, axis), x, y);
            prop_assert!((prism.x - constructed.x).abs() + (prism.y - constructed.y).abs() < 1e-12);
        }

        #[test]
        fn resolving_what_was_compounded_gives_the_components(x in -20.0..20.0, y in -20.0..20.0) {
            let prism = Prism { x, y };
            let degrees = libm::atan2(y, x).to_degrees().rem_euclid(360.0);
            let again = prescribed(Side::Left, prism.amount(), PrismBase::Degrees(degrees));
            prop_assert!((again.x - x).abs() + (again.y - y).abs() < 1e-9);
        }
    }
}
