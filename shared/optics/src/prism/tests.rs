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

#[test]
fn a_pair_of_progressive_lenses_is_thinned_alike_by_two_thirds_of_the_smaller_addition() {
    let progressive = |sphere, addition| Eye { sphere, addition, ..Eye::default() };
    let thinning = |right, left| Prism::thinning(&Lens { right, left, ..Lens::default() });
    // 2/3 of 2.25 is 1.50, base down.
    let pair = thinning(Some(progressive(1.0, 2.25)), Some(progressive(3.0, 2.5)));
    assert_eq!(pair.unwrap().figures(Side::Right), figures(1.5, 270.0, 0.0, -1.5));
    assert_eq!(pair.unwrap().figures(Side::Left), figures(1.5, 270.0, 0.0, -1.5));
    assert!(thinning(Some(progressive(0.0, 2.0)), Some(progressive(0.0, 2.0))).is_some());
    for (right, left, why) in [
        (Some(progressive(1.0, 2.0)), None, "the other lens is unknown"),
        (Some(progressive(1.0, 2.0)), Some(progressive(1.0, 0.0)), "only one is progressive"),
        (Some(progressive(1.0, 2.0)), Some(progressive(-0.25, 2.0)), "one is a minus lens"),
    ] {
        assert_eq!(thinning(right, left), None, "{why}");
    }
}

proptest! {
    /// A prism at an angle is what prisms up, down, in and out of its components are together.
    #[test]
    fn base_directions_add(
        side in prop::sample::select(vec![Side::Right, Side::Left]),
        amount in 0.0..20.0, degrees in 0.0..360.0_f64
    ) {
        // 0 degrees is in for a right eye and out for a left one.
        let (cos, sin) = (degrees.to_radians().cos(), degrees.to_radians().sin());
        let is_in = (cos >= 0.0) == (side == Side::Right);
        let horizontal = if is_in { PrismBase::In } else { PrismBase::Out };
        let vertical = if sin >= 0.0 { PrismBase::Up } else { PrismBase::Down };
        let both = prescribed(side, amount * cos.abs(), horizontal)
            .compounded(prescribed(side, amount * sin.abs(), vertical));
        let whole = prescribed(side, amount, PrismBase::Degrees(degrees));
        prop_assert!((both.x - whole.x).abs() + (both.y - whole.y).abs() < 1e-9);
    }

    #[test]
    fn opposite_bases_cancel(
        side in prop::sample::select(vec![Side::Right, Side::Left]), amount in 0.0..20.0
    ) {
        for (one, other) in [(PrismBase::In, PrismBase::Out), (PrismBase::Up, PrismBase::Down)] {
            let none = prescribed(side, amount, one).compounded(prescribed(side, amount, other));
            prop_assert_eq!(none, Prism::default());
        }
    }

    #[test]
    fn no_power_has_no_prism_anywhere(x in -40.0..40.0, y in -40.0..40.0, axis in 0.0..180.0) {
        let none = Prism::by_decentration(Power::new(0.0, 0.0, axis), x, y);
        prop_assert_eq!(none.figures(Side::Left), figures(0.0, 0.0, 0.0, 0.0));
    }

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
