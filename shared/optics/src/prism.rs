//! Prism as a vector: resolving, compounding, and the prism of a decentred power (Prentice).
//!
//! Directions are those of the standard notation. 0 degrees points to the right of a person who
//! faces the wearer: to the nose before a right eye, to the temple before a left eye. 90 degrees
//! is up.

use serde::Serialize;

use crate::power::Power;
use crate::prescription::{Eye, Lens, PrismBase};
use crate::units::{hundredths, sin_cos_degrees};

/// Which eye a lens is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The right eye.
    Right,
    /// The left eye.
    Left,
}

impl Side {
    /// The sign along 0 degrees of "towards the nose".
    pub(crate) fn nasal(self) -> f64 {
        match self {
            Self::Right => 1.0,
            Self::Left => -1.0,
        }
    }
}

/// A prism by its components in prism dioptres (cm per m); the vector points to the base.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Prism {
    /// Along 0 degrees.
    pub(crate) x: f64,
    /// Along 90 degrees.
    pub(crate) y: f64,
}

/// A prism as printed: resolved and compounded, to 0.01 prism dioptres and 1 degree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The prism prescribed for an eye, resolved into its components.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), prism.
    pub(crate) fn prescribed(eye: &Eye, side: Side) -> Self {
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

    /// The prism that makes a pair of progressive lenses thinner: base down, two thirds of the
    /// smaller addition, the same in both eyes so that the wearer has no vertical difference.
    ///
    /// It balances the steeper lower half of the surface. A minus lens has its thick edge there
    /// already, and the other lens of a single one is unknown: neither gets any.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007), chapter 20,
    /// yoked base-down prism.
    pub(crate) fn thinning(lens: &Lens<'_>) -> Option<Self> {
        let (right, left) = (lens.right?, lens.left?);
        let is_thinned = |eye: &Eye| eye.is_progressive() && eye.power().matrix().2 >= 0.0;
        let addition = right.addition.min(left.addition);
        [right, left].iter().all(is_thinned).then_some(Self { x: 0.0, y: -addition * 2.0 / 3.0 })
    }

    /// The prism at a point when the optical centre is `x_mm`, `y_mm` from it: P = c F, c in
    /// centimetres, by the power matrix so that it holds for every axis. The base points towards
    /// the centre of a plus lens, away from that of a minus lens.
    /// Sources: C. F. Prentice, Arch. Ophthalmol. 19 (1890); Long (1976), see [`Power::matrix`].
    pub(crate) fn by_decentration(power: Power, x_mm: f64, y_mm: f64) -> Self {
        let (xx, xy, yy) = power.matrix();
        let (x_cm, y_cm) = (x_mm / 10.0, y_mm / 10.0);
        Self { x: xx * x_cm + xy * y_cm, y: xy * x_cm + yy * y_cm }
    }

    /// Both prisms at once: components add.
    pub(crate) fn compounded(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }

    pub(crate) fn amount(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }

    /// As printed for the eye on this side.
    pub(crate) fn figures(self, side: Side) -> PrismFigures {
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
mod tests;
