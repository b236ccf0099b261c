use proptest::prelude::*;

use super::*;

fn prescribed(side: Side, prism: f64, base: PrismBase) -> Prism {
    Prism::prescribed(&Eye { prism, base: Some(base), ..Eye::default() }, side)
}

fn figures(amount: f64, base_degrees: f64, base_in: f64, base_up: f64) -> PrismFigures {
    PrismFigures { amount, base_degrees, base_in, base_up }
}

// Stoner, Perkins and Ferguson, "Optical Formulas Tutorial", 2nd ed., resultant and resolving
// prism.
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
    /// The construction on paper: the cylinder acts at right angles to its axis, on the distance of
    /// the point from it.
    #[test]
    fn the_matrix_agrees_with_the_construction(
        cylinder in -12.0..12.0, axis in 1.0..180.0_f64, x in -10.0..10.0_f64, y in -10.0..10.0_f64
    ) {
        let (sin, cos) = sin_cos_degrees(axis);
        let from_axis_cm = (-x * sin + y * cos) / 10.0;
        let amount = cylinder * from_axis_cm;
            let constructed = Prism { x: -sin * amount, y: cos * amount };
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
