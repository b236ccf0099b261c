use super::*;
use crate::prescription::Frame;

const FRAME: Option<Frame> = Some(Frame { width: 50.0, height: 36.0, bridge: 18.0 });

fn of_state(state: State, sphere: f64, cylinder: f64, addition: f64, prism: f64) -> Tolerance {
    let eye = Eye { addition, ..Eye::default() };
    Tolerance::of(Power::new(sphere, cylinder, 30.0), &eye, prism, state)
}

fn tolerance(sphere: f64, cylinder: f64, addition: f64, prism: f64) -> Tolerance {
    of_state(State::Uncut, sphere, cylinder, addition, prism)
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
    let axis = |state, cylinder| of_state(state, 0.0, cylinder, 0.0, 0.0).axis_degrees;
    for (cylinder, uncut, mounted) in [
        (0.0, None, None),
        (-0.12, None, None),
        (-0.25, Some(14.0), Some(16.0)),
        (-0.5, Some(7.0), Some(9.0)),
        (-0.75, Some(5.0), Some(6.0)),
        (-1.5, Some(3.0), Some(4.0)),
        (-2.5, Some(2.0), Some(3.0)),
        (-2.75, Some(2.0), Some(2.0)),
    ] {
        let found = (axis(State::Uncut, cylinder), axis(State::Mounted, cylinder));
        assert_eq!(found, (uncut, mounted), "{cylinder}");
    }
}

#[test]
fn the_prism_of_an_uncut_lens_may_differ_more_the_stronger_prism_and_power_are() {
    let figures = |sphere, prism| {
        let uncut = tolerance(sphere, 0.0, 0.0, prism).uncut.unwrap();
        (uncut.prism_horizontal, uncut.prism_vertical)
    };
    // 0.25, then 0.37 + 0.1 * 4 and 0.37 + 0.05 * 4, then 0.5 + 0.1 * 2 and 0.5 + 0.05 * 2.
    assert_eq!(figures(0.0, 2.0), (0.25, 0.25));
    assert_eq!(figures(-4.0, 2.25), (0.77, 0.57));
    assert_eq!(figures(2.0, 12.0), (0.7, 0.6));
}

#[test]
fn prism_and_thickness_of_each_lens_are_for_uncut_lenses() {
    assert_eq!(tolerance(1.0, 0.0, 0.0, 0.0).uncut.unwrap().thickness_mm, 0.3);
    assert_eq!(of_state(State::Mounted, 1.0, 0.0, 0.0, 0.0).uncut, None);
}

fn pair(right: Eye, left: Eye) -> Lens<'static> {
    Lens { right: Some(right), left: Some(left), frame: FRAME, ..Lens::default() }
}

fn imbalance(right: Eye, left: Eye) -> (f64, f64) {
    let Imbalance { horizontal, vertical } = Imbalance::of(&pair(right, left)).unwrap();
    (horizontal, vertical)
}

#[test]
fn a_mounted_pair_may_be_out_of_balance_by_the_meridians_of_its_weaker_lens() {
    let eye = |sphere, cylinder| Eye { sphere, cylinder, axis: 90.0, ..Eye::default() };
    assert_eq!(imbalance(eye(-1.0, 0.0), eye(-1.0, 0.0)), (0.67, 0.5));
    // 2 mm of 4 D are 0.80, above 0.67; 1 mm of 4 D is 0.40, below 0.50.
    assert_eq!(imbalance(eye(-4.0, 0.0), eye(-6.0, 0.0)), (0.8, 0.5));
    // 2 mm of 7 D and 1 mm of 7 D.
    assert_eq!(imbalance(eye(8.0, 0.0), eye(7.0, 0.0)), (1.4, 0.7));
    // -6.00 +5.00 x 90 has -1.00 horizontally and -6.00 vertically.
    assert_eq!(imbalance(eye(-6.0, 5.0), eye(-6.0, 5.0)), (0.67, 0.6));
}

#[test]
fn a_pair_with_prism_may_be_farther_out_of_balance() {
    let eye = |sphere, prism| Eye { sphere, prism, ..Eye::default() };
    assert_eq!(imbalance(eye(-1.0, 2.0), eye(-1.0, 0.0)), (0.67, 0.5));
    // 0.33 + 0.67 and 0.25 + 0.50; 0.33 + 0.80; above ten 0.58 + 0.67 and 0.50 + 0.50.
    assert_eq!(imbalance(eye(-1.0, 0.0), eye(-1.0, 2.25)), (1.0, 0.75));
    assert_eq!(imbalance(eye(-4.0, 3.0), eye(-4.0, 3.0)), (1.13, 0.75));
    assert_eq!(imbalance(eye(-1.0, 10.5), eye(-1.0, 0.0)), (1.25, 1.0));
}

#[test]
fn only_a_mounted_pair_has_an_imbalance() {
    let both = pair(Eye::default(), Eye::default());
    assert_eq!(Imbalance::of(&Lens { frame: None, ..both.clone() }), None);
    assert_eq!(Imbalance::of(&Lens { left: None, ..both }), None);
}

#[test]
fn only_a_progressive_lens_has_a_tolerance_of_addition() {
    assert_eq!(
        (tolerance(1.0, 0.0, 0.0, 0.0).addition, tolerance(1.0, 0.0, 2.0, 0.0).addition),
        (None, Some(0.12))
    );
}
