//! How far a finished lens may differ from its order: ISO 21987 (mounted spectacle lenses) for
//! power, axis and addition, ISO 8980-1 (uncut finished lenses) for prism and thickness.

use serde::Serialize;

use crate::power::Power;
use crate::prism::PrismFigures;
use crate::units::hundredths;

/// Tolerances, plus or minus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tolerance {
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
    /// Of the horizontal prism, in prism dioptres.
    pub prism_horizontal: f64,
    /// Of the vertical prism, in prism dioptres.
    pub prism_vertical: f64,
    /// Of the centre thickness, in mm.
    pub thickness_mm: f64,
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

/// Upper limit of the cylinder and degrees. A cylinder of up to 0.12 D has no axis to check.
const AXIS: [(f64, Option<f64>); 7] = [
    (0.12, None),
    (0.25, Some(16.0)),
    (0.5, Some(9.0)),
    (0.75, Some(6.0)),
    (1.5, Some(4.0)),
    (2.5, Some(3.0)),
    (f64::INFINITY, Some(2.0)),
];

const ADDITION: f64 = 0.12;
const THICKNESS_MM: f64 = 0.3;

/// Upper limit of the prism and tolerance. A share of the strongest meridian is added to it,
/// horizontally and vertically.
const PRISM: [(f64, f64); 3] = [(2.0, 0.25), (10.0, 0.37), (f64::INFINITY, 0.5)];
const PRISM_PER_DIOPTRE_HORIZONTAL: f64 = 0.1;
const PRISM_PER_DIOPTRE_VERTICAL: f64 = 0.05;

impl Tolerance {
    /// The tolerances of a lens of `power`, progressive if `addition` is not 0, with `prism`.
    pub(crate) fn of(power: Power, addition: f64, prism: Option<PrismFigures>) -> Self {
        let rows: &[PowerRow] = if addition > 0.0 { &PROGRESSIVE } else { &ONE_POWER };
        let (strongest, cylinder) = (hundredths(power.strongest()), power.cylinder.abs());
        let (_, power_tolerance, by_cylinder) = up_to(rows, |row| row.0, strongest);
        let column =
            CYLINDERS.iter().position(|limit| cylinder <= *limit).unwrap_or(CYLINDERS.len());
        let of_prism = up_to(&PRISM, |row| row.0, prism.map_or(0.0, |prism| prism.amount)).1;
        Self {
            power: power_tolerance,
            cylinder: by_cylinder[column],
            axis_degrees: up_to(&AXIS, |row| row.0, cylinder).1,
            addition: (addition > 0.0).then_some(ADDITION),
            prism_horizontal: hundredths(of_prism + PRISM_PER_DIOPTRE_HORIZONTAL * strongest),
            prism_vertical: hundredths(of_prism + PRISM_PER_DIOPTRE_VERTICAL * strongest),
            thickness_mm: THICKNESS_MM,
        }
    }
}

/// The first row whose limit is not below `value`; the last row has no limit.
fn up_to<T: Copy>(rows: &[T], limit: impl Fn(&T) -> f64, value: f64) -> T {
    let row = rows.iter().find(|row| value <= limit(row));
    *row.unwrap_or(&rows[rows.len() - 1])
}

#[cfg(test)]
mod tests;
