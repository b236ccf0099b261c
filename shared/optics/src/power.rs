//! Spherocylindrical power: transposition, spherical equivalent, meridians, vertex compensation,
//! the power matrix.

use serde::Serialize;

use crate::units::{hundredths, quarters, sin_cos_degrees};

/// A back vertex power in dioptres, with the axis of its cylinder in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Power {
    /// Power along the axis.
    pub sphere: f64,
    /// Power across the axis less power along it.
    pub cylinder: f64,
    /// Above 0 to 180 in the standard notation (ISO 8429); 0 when there is no cylinder.
    pub axis: f64,
}

impl Power {
    /// The ordered power, with the axis in the range of the notation.
    pub(crate) fn new(sphere: f64, cylinder: f64, axis: f64) -> Self {
        Self { sphere, cylinder, axis: if cylinder == 0.0 { 0.0 } else { half_turn(axis) } }
    }

    /// The same power with the cylinder of the other sign: add the cylinder to the sphere, change
    /// its sign, turn the axis by 90 degrees.
    /// Source: Brooks and Borish, "System for Ophthalmic Dispensing", 3rd ed. (2007).
    pub(crate) fn transposed(self) -> Self {
        Self::new(self.sphere + self.cylinder, -self.cylinder, self.axis + 90.0)
    }

    /// The same power with a cylinder of zero or less, the form in which lenses are made.
    pub(crate) fn minus_cylinder(self) -> Self {
        if self.cylinder > 0.0 { self.transposed() } else { self }
    }

    /// The mean of the two principal powers: sphere plus half the cylinder.
    pub fn spherical_equivalent(self) -> f64 {
        self.sphere + self.cylinder / 2.0
    }

    /// The powers of the principal meridians, along the axis and across it.
    pub fn principal(self) -> [f64; 2] {
        [self.sphere, self.sphere + self.cylinder]
    }

    /// The principal power with the largest absolute value, without its sign.
    pub fn strongest(self) -> f64 {
        let [along, across] = self.principal();
        along.abs().max(across.abs())
    }

    /// The power with the same effect when the lens is `closer_mm` closer to the eye:
    /// F / (1 - d F) in each principal meridian, d in metres; the axis stays.
    /// Source: Jalie, "The Principles of Ophthalmic Lenses", effectivity.
    pub(crate) fn moved_closer(self, closer_mm: f64) -> Self {
        let moved = |power: f64| power / (1.0 - closer_mm / 1000.0 * power);
        let [along, across] = self.principal().map(moved);
        Self::new(along, across - along, self.axis)
    }

    /// The power matrix [[xx, xy], [xy, yy]] as (xx, xy, yy), x along 0 degrees, y along 90
    /// degrees.
    /// Source: W. F. Long, "A matrix formalism for decentration problems",
    /// Am. J. Optom. Physiol. Opt. 53 (1976).
    pub(crate) fn matrix(self) -> (f64, f64, f64) {
        let (sin, cos) = sin_cos_degrees(self.axis);
        let Self { sphere, cylinder, .. } = self;
        (sphere + cylinder * sin * sin, -cylinder * sin * cos, sphere + cylinder * cos * cos)
    }

    /// To 0.01 D and 1 degree.
    pub(crate) fn in_hundredths(self) -> Self {
        Self::new(hundredths(self.sphere), hundredths(self.cylinder), self.axis.round())
    }

    /// To 0.25 D and 1 degree.
    pub(crate) fn in_quarters(self) -> Self {
        Self::new(quarters(self.sphere), quarters(self.cylinder), self.axis.round())
    }
}

/// The axis between above 0 and 180 degrees.
fn half_turn(axis: f64) -> f64 {
    match axis.rem_euclid(180.0) {
        0.0 => 180.0,
        axis => axis,
    }
}

#[cfg(test)]
mod tests;
