use proptest::prelude::*;

use super::*;

fn rx(sphere: f64, cylinder: f64, axis: f64) -> Power {
    Power::new(sphere, cylinder, axis)
}

#[test]
fn transposition_follows_the_three_steps_of_the_book() {
    assert_eq!(rx(2.0, -1.0, 180.0).transposed(), rx(1.0, 1.0, 90.0));
    assert_eq!(rx(-3.0, 1.5, 30.0).transposed(), rx(-1.5, -1.5, 120.0));
    assert_eq!(rx(1.25, -2.5, 135.0).transposed(), rx(-1.25, 2.5, 45.0));
    assert_eq!(rx(-2.0, 0.0, 77.0).transposed(), rx(-2.0, 0.0, 0.0));
}

#[test]
fn forms_are_chosen_by_the_sign_of_the_cylinder() {
    let minus = rx(-1.5, -1.5, 120.0);
    assert_eq!(rx(-3.0, 1.5, 30.0).minus_cylinder(), minus);
    assert_eq!(minus.minus_cylinder(), minus);
}

#[test]
fn the_axis_is_written_from_1_to_180() {
    assert_eq!(rx(0.0, -1.0, 0.0).axis, 180.0);
    assert_eq!(rx(0.0, -1.0, 180.0).axis, 180.0);
    assert_eq!(rx(0.0, -1.0, 90.0).transposed().axis, 180.0);
    assert_eq!(rx(0.0, -1.0, 0.4).in_hundredths().axis, 180.0);
}

#[test]
fn the_spherical_equivalent_is_sphere_plus_half_the_cylinder() {
    assert_eq!(rx(3.0, -1.0, 90.0).spherical_equivalent(), 2.5);
    assert_eq!(rx(-4.0, -2.0, 180.0).spherical_equivalent(), -5.0);
}

#[test]
fn vertex_compensation_gives_the_tabulated_contact_lens_powers() {
    // From 12 mm to the cornea, as in the usual tables: -10.00 becomes -8.93, +12.00 becomes
    // +14.02.
    assert_eq!(rx(-10.0, 0.0, 0.0).moved_closer(12.0).in_hundredths().sphere, -8.93);
    assert_eq!(rx(12.0, 0.0, 0.0).moved_closer(12.0).in_hundredths().sphere, 14.02);
    // Worn 2 mm farther away, -10.00 / 0.98; worn 4 mm closer, +8.00 / 0.968.
    assert_eq!(rx(-10.0, 0.0, 0.0).moved_closer(-2.0).in_hundredths().sphere, -10.2);
    assert_eq!(rx(8.0, 0.0, 0.0).moved_closer(4.0).in_hundredths().sphere, 8.26);
}

#[test]
fn each_principal_meridian_is_compensated_separately() {
    // -6.00 gives -5.60 and -9.00 gives -8.12 at the cornea, so the cylinder shrinks from -3.00 to
    // -2.53.
    let at_cornea = rx(-6.0, -3.0, 20.0).moved_closer(12.0).in_hundredths();
    assert_eq!(at_cornea, rx(-5.6, -2.53, 20.0));
}

#[test]
fn a_cylinder_has_its_power_across_its_axis() {
    let close = |one: f64, other: f64| (one - other).abs() < 1e-12;
    let (xx, xy, yy) = rx(2.0, -3.0, 180.0).matrix();
    assert!(close(xx, 2.0) && close(xy, 0.0) && close(yy, -1.0));
    let (xx, xy, yy) = rx(0.0, 4.0, 45.0).matrix();
    assert!(close(xx, 2.0) && close(xy, -2.0) && close(yy, 2.0));
}

proptest! {
    #[test]
    fn transposing_twice_is_the_identity(
        sphere in -120..=120, cylinder in -48..=48, axis in 0..=180
    ) {
        // Quarters of a dioptre are exact in binary, so nothing has to be rounded.
        let ordered = rx(f64::from(sphere) / 4.0, f64::from(cylinder) / 4.0, f64::from(axis));
        prop_assert_eq!(ordered.transposed().transposed(), ordered);
    }

    #[test]
    fn both_forms_are_the_same_lens(
        sphere in -30.0..30.0, cylinder in -12.0..12.0, axis in 0.0..180.0
    ) {
        let ordered = rx(sphere, cylinder, axis);
        let (xx, xy, yy) = ordered.matrix();
        let (other_xx, other_xy, other_yy) = ordered.transposed().matrix();
        prop_assert!((xx - other_xx).abs() + (xy - other_xy).abs() + (yy - other_yy).abs() < 1e-12);
    }

    #[test]
    fn moving_there_and_back_changes_nothing(
        sphere in -30.0..30.0, cylinder in -12.0..12.0, closer in -13.0..7.0
    ) {
        let ordered = rx(sphere, cylinder, 10.0);
        let back = ordered.moved_closer(closer).moved_closer(-closer);
        prop_assert!((back.sphere - sphere).abs() + (back.cylinder - cylinder).abs() < 1e-9);
    }
}
