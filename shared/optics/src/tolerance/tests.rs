use super::*;
use crate::tests::table;

fn limit(limit: f64) -> String {
    if limit.is_finite() { format!("{limit:.2}") } else { "any".to_owned() }
}

#[test]
fn the_page_shows_the_tolerances() {
    let of_kind = |kind: &str, rows: &[PowerRow]| -> Vec<Vec<String>> {
        let cells = |row: &PowerRow| row.2.map(|cylinder| format!("{cylinder:.2}")).to_vec();
        let head = |row: &PowerRow| vec![kind.to_owned(), limit(row.0), format!("{:.2}", row.1)];
        rows.iter().map(|row| [head(row), cells(row)].concat()).collect()
    };
    let rows = [of_kind("one power", &ONE_POWER), of_kind("progressive", &PROGRESSIVE)].concat();
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
