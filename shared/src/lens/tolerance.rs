//! What a finished lens may differ from its order: the tolerances of ISO 21987 (mounted spectacle lenses) for power, axis
//! and addition, of ISO 8980-1 (uncut finished lenses) for prism and thickness.

use serde::Serialize;

use super::power::Power;
use super::prism::PrismFigures;
use super::units::hundredths;

/// Tolerances, plus or minus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tolerance {
    /// Of each principal meridian, in dioptres.
    pub power: f64,
    /// Of the cylinder, in dioptres.
    pub cylinder: f64,
    /// Of the axis, in degrees; none for a cylinder that is too weak to have one.
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

/// One range of power: the strongest meridian up to which it goes, the tolerance of each meridian, and that of the
/// cylinder for cylinders up to those of [`CYLINDERS`] and above.
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

/// Degrees by the cylinder up to which they apply. A cylinder of up to 0.12 D has no axis to check.
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

/// The part of the prism tolerance that goes by the prism, up to 2, up to 10 and above; a part of the strongest meridian
/// comes on top, horizontally and vertically.
const PRISM: [(f64, f64); 3] = [(2.0, 0.25), (10.0, 0.37), (f64::INFINITY, 0.5)];
const PRISM_PER_DIOPTRE_HORIZONTAL: f64 = 0.1;
const PRISM_PER_DIOPTRE_VERTICAL: f64 = 0.05;

impl Tolerance {
    /// The tolerances of a lens of `power`, progressive if `addition` is not 0, with `prism`.
    pub(super) fn of(power: Power, addition: f64, prism: Option<PrismFigures>) -> Self {
        let rows: &[PowerRow] = if addition > 0.0 { &PROGRESSIVE } else { &ONE_POWER };
        let (strongest, cylinder) = (hundredths(power.strongest()), power.cylinder.abs());
        let (_, power_tolerance, by_cylinder) = up_to(rows, |row| row.0, strongest);
        let column =
            CYLINDERS.iter().position(|limit| cylinder <= *limit).unwrap_or(CYLINDERS.len());
        let own = up_to(&PRISM, |row| row.0, prism.map_or(0.0, |prism| prism.amount)).1;
        Self {
            power: power_tolerance,
            cylinder: by_cylinder[column],
            axis_degrees: up_to(&AXIS, |row| row.0, cylinder).1,
            addition: (addition > 0.0).then_some(ADDITION),
            prism_horizontal: hundredths(own + PRISM_PER_DIOPTRE_HORIZONTAL * strongest),
            prism_vertical: hundredths(own + PRISM_PER_DIOPTRE_VERTICAL * strongest),
            thickness_mm: THICKNESS_MM,
        }
    }
}

/// The first row whose limit is not below `value`; the last row has none.
fn up_to<T: Copy>(rows: &[T], limit: impl Fn(&T) -> f64, value: f64) -> T {
    let row = rows.iter().find(|row| value <= limit(row));
    *row.unwrap_or(&rows[rows.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::table;

    fn limit(limit: f64) -> String {
        if limit.is_finite() { format!("{limit:.2}") } else { "any".to_owned() }
    }

    #[test]
    fn the_page_shows_the_tolerances() {
        let of_kind = |kind: &str, rows: &[PowerRow]| -> Vec<Vec<String>> {
            let cells = |row: &PowerRow| row.2.map(|cylinder| format!("{cylinder:.2}")).to_vec();
            let head =
                |row: &PowerRow| vec![kind.to_owned(), limit(row.0), format!("{:.2}", row.1)];
            rows.iter().map(|row| [head(row), cells(row)].concat()).collect()
        };
        let rows =
            [of_kind("one power", &ONE_POWER), of_kind("progressive", &PROGRESSIVE)].concat();
        assert_eq!(table("Power tolerances", 7), rows);
        let degrees =
            |degrees: Option<f64>| degrees.map_or("none".to_owned(), |degrees| degrees.to_string());
        assert_eq!(table("Axis tolerances", 2), AXIS.map(|row| vec![limit(row.0), degrees(row.1)]));
        assert_eq!(
            table("Prism tolerances", 2),
            PRISM.map(|row| vec![limit(row.0), format!("{:.2}", row.1)])
        );
    }

    fn tolerance(sphere: f64, cylinder: f64, addition: f64, prism: f64) -> Tolerance {
        let prism = PrismFigures { amount: prism, base_degrees: 0.0, base_in: prism, base_up: 0.0 };
        Tolerance::of(Power::new(sphere, cylinder, 30.0), addition, Some(prism))
    }

    #[test]
    fn the_power_tolerance_goes_by_the_strongest_meridian() {
        assert_eq!(tolerance(-9.0, 0.0, 0.0, 0.0).power, 0.12);
        assert_eq!(tolerance(-9.25, 0.0, 0.0, 0.0).power, 0.18);
        assert_eq!(tolerance(-8.0, -1.25, 0.0, 0.0).power, 0.18);
        assert_eq!(tolerance(20.25, 0.0, 0.0, 0.0).power, 0.37);
        assert_eq!(tolerance(6.25, 0.0, 2.0, 0.0).power, 0.18);
    }

    #[test]
    fn the_cylinder_tolerance_goes_by_both() {
        assert_eq!(tolerance(-1.0, -0.75, 0.0, 0.0).cylinder, 0.09);
        assert_eq!(tolerance(-1.0, -1.0, 0.0, 0.0).cylinder, 0.12);
        assert_eq!(tolerance(-5.0, -2.0, 0.0, 0.0).cylinder, 0.18);
        assert_eq!(tolerance(4.0, -7.0, 0.0, 0.0).cylinder, 0.25);
    }

    #[test]
    fn the_axis_is_checked_more_closely_the_stronger_the_cylinder() {
        let axis = |cylinder| tolerance(0.0, cylinder, 0.0, 0.0).axis_degrees;
        assert_eq!((axis(0.0), axis(-0.12), axis(-0.25)), (None, None, Some(16.0)));
        assert_eq!((axis(-0.5), axis(-0.75), axis(-1.5)), (Some(9.0), Some(6.0), Some(4.0)));
        assert_eq!((axis(-2.5), axis(-2.75)), (Some(3.0), Some(2.0)));
    }

    #[test]
    fn prism_tolerance_grows_with_prism_and_power() {
        let figures = |sphere, prism| {
            let tolerance = tolerance(sphere, 0.0, 0.0, prism);
            (tolerance.prism_horizontal, tolerance.prism_vertical)
        };
        assert_eq!(figures(0.0, 2.0), (0.25, 0.25));
        assert_eq!(figures(-4.0, 2.25), (0.77, 0.57));
        assert_eq!(figures(2.0, 12.0), (0.7, 0.6));
    }

    #[test]
    fn only_a_progressive_lens_has_a_tolerance_of_addition() {
        assert_eq!(
            (tolerance(1.0, 0.0, 0.0, 0.0).addition, tolerance(1.0, 0.0, 2.0, 0.0).addition),
            (None, Some(0.12))
        );
    }
}
