//! How far a finished lens may differ from its order.
//!
//! A lens without a frame leaves the factory uncut: ISO 8980-1:2017 (one power) and 8980-2:2017
//! (progressive). With a frame it is cut for the pair: ISO 21987:2017, mounted spectacle lenses. That
//! standard has no thickness, because the shape decides it, and limits the prism of the pair instead
//! of the prism of each lens.

use serde::Serialize;

use crate::power::Power;
use crate::prescription::{Eye, Lens};
use crate::units::hundredths;

/// Tolerances of one lens, plus or minus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tolerance {
    /// The state in which the lens is inspected.
    pub state: State,
    /// Of each principal meridian, in dioptres.
    pub power: f64,
    /// Of the cylinder, in dioptres.
    pub cylinder: f64,
    /// Of the axis, in degrees; none for a cylinder that is too weak for an axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis_degrees: Option<f64>,
    /// Of the addition, in dioptres; none for a lens of one power.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addition: Option<f64>,
    /// Of an uncut lens.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub uncut: Option<UncutTolerance>,
}

/// The state in which a lens is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// By ISO 8980-1 or 8980-2: the order has no frame.
    Uncut,
    /// By ISO 21987: the order has a frame.
    Mounted,
}

/// What only an uncut lens is inspected for, plus or minus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UncutTolerance {
    /// Of the horizontal prism at the prism reference point, in prism dioptres.
    pub prism_horizontal: f64,
    /// Of the vertical prism at the prism reference point, in prism dioptres.
    pub prism_vertical: f64,
    /// Of the thickness at the prism reference point, in mm.
    pub thickness_mm: f64,
}

/// The prism by which a mounted pair may differ from the order: the error of the right lens less
/// that of the left one, plus or minus, in prism dioptres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Imbalance {
    /// Horizontally.
    pub horizontal: f64,
    /// Vertically.
    pub vertical: f64,
}

/// One range of power: its upper limit for the strongest meridian, the tolerance of each meridian,
/// and the tolerances of the cylinder, for cylinders up to those of [`CYLINDERS`] and above.
type PowerRow = (f64, f64, [f64; 4]);

const CYLINDERS: [f64; 3] = [0.75, 4.0, 6.0];

const ONE_POWER: [PowerRow; 6] = [
    (3.0, 0.12, [0.09, 0.12, 0.18, 0.25]),
    (6.0, 0.12, [0.12, 0.12, 0.18, 0.25]),
    (9.0, 0.12, [0.12, 0.18, 0.18, 0.25]),
    (12.0, 0.18, [0.12, 0.18, 0.25, 0.25]),
    (20.0, 0.25, [0.18, 0.25, 0.25, 0.25]),
    (f64::INFINITY, 0.37, [0.25, 0.25, 0.37, 0.37]),
];

const PROGRESSIVE: [PowerRow; 5] = [
    (6.0, 0.12, [0.12, 0.18, 0.18, 0.25]),
    (9.0, 0.18, [0.18, 0.18, 0.18, 0.25]),
    (12.0, 0.18, [0.18, 0.18, 0.25, 0.25]),
    (20.0, 0.25, [0.18, 0.25, 0.25, 0.25]),
    (f64::INFINITY, 0.37, [0.25, 0.25, 0.37, 0.37]),
];

/// Upper limit of the cylinder and degrees, uncut and mounted. A cylinder of up to 0.12 D has no axis
/// to check.
const AXIS: [(f64, Option<[f64; 2]>); 7] = [
    (0.12, None),
    (0.25, Some([14.0, 16.0])),
    (0.5, Some([7.0, 9.0])),
    (0.75, Some([5.0, 6.0])),
    (1.5, Some([3.0, 4.0])),
    (2.5, Some([2.0, 3.0])),
    (f64::INFINITY, Some([2.0, 2.0])),
];

const ADDITION: f64 = 0.12;
const THICKNESS_MM: f64 = 0.3;

/// Upper limit of the prism, and three tolerances: of an uncut lens, and what a mounted pair may
/// have beyond [`IMBALANCE`], horizontally and vertically.
const PRISM: [(f64, [f64; 3]); 3] =
    [(2.0, [0.25, 0.0, 0.0]), (10.0, [0.37, 0.33, 0.25]), (f64::INFINITY, [0.5, 0.58, 0.5])];
/// Prism dioptres per dioptre of the strongest meridian: an error of position of 1 and 0.5 mm.
const UNCUT_PER_DIOPTRE: [f64; 2] = [0.1, 0.05];
/// Horizontally and vertically, the least tolerance of a mounted pair, and prism dioptres per dioptre
/// of the meridian: the lenses are 2 and 1 mm out of place to each other. The larger one applies.
const IMBALANCE: [(f64, f64); 2] = [(0.67, 0.2), (0.5, 0.1)];

impl Tolerance {
    /// The tolerances of a lens of `power` for `eye`, with `prism` at its reference point.
    ///
    /// Sources: ISO 8980-1:2017 and 8980-2:2017, clause 5; ISO 21987:2017, clause 5. Power, cylinder
    /// and addition have the same limits in both.
    pub(crate) fn of(power: Power, eye: &Eye, prism: f64, state: State) -> Self {
        let rows: &[PowerRow] = if eye.is_progressive() { &PROGRESSIVE } else { &ONE_POWER };
        let (strongest, cylinder) = (hundredths(power.strongest()), power.cylinder.abs());
        let (_, power_tolerance, by_cylinder) = up_to(rows, |row| row.0, strongest);
        let column =
            CYLINDERS.iter().position(|limit| cylinder <= *limit).unwrap_or(CYLINDERS.len());
        let [of_prism, ..] = up_to(&PRISM, |row| row.0, prism).1;
        let [horizontal, vertical] =
            UNCUT_PER_DIOPTRE.map(|share| hundredths(of_prism + share * strongest));
        Self {
            state,
            power: power_tolerance,
            cylinder: by_cylinder[column],
            axis_degrees: up_to(&AXIS, |row| row.0, cylinder).1.map(|axis| axis[state as usize]),
            addition: eye.is_progressive().then_some(ADDITION),
            uncut: (state == State::Uncut).then_some(UncutTolerance {
                prism_horizontal: horizontal,
                prism_vertical: vertical,
                thickness_mm: THICKNESS_MM,
            }),
        }
    }
}

impl Imbalance {
    /// The tolerance of a pair for the frame of `lens`; none for a single lens, without a frame, and
    /// for contact lenses.
    ///
    /// The row is that of the larger prescribed prism, the meridian that of the weaker lens, which
    /// is the stricter reading. Thinning is equal in both lenses and adds nothing.
    /// Source: ISO 21987:2017, clause 5, prismatic imbalance (relative prism error).
    pub(crate) fn of(lens: &Lens<'_>) -> Option<Self> {
        lens.frame?;
        let eyes = [lens.right?, lens.left?];
        let [right, left] = eyes.map(|eye| lens.as_worn(eye.power()).matrix());
        let of_prism = up_to(&PRISM, |row| row.0, eyes[0].prism.max(eyes[1].prism)).1;
        let limit = |axis: usize, right: f64, left: f64| {
            let (least, per_dioptre) = IMBALANCE[axis];
            let moved = per_dioptre * right.abs().min(left.abs());
            hundredths(of_prism[axis + 1] + moved.max(least))
        };
        Some(Self { horizontal: limit(0, right.0, left.0), vertical: limit(1, right.2, left.2) })
    }
}

/// The first row whose limit is not below `value`; the last row has no limit.
fn up_to<T: Copy>(rows: &[T], limit: impl Fn(&T) -> f64, value: f64) -> T {
    let row = rows.iter().find(|row| value <= limit(row));
    *row.unwrap_or(&rows[rows.len() - 1])
}

#[cfg(test)]
mod tests;
