use super::*;

const FRAME: Frame = Frame { width: 50.0, height: 40.0, bridge: 20.0 };

fn decentration(pupillary_distance: f64, fitting_height: Option<f64>) -> Decentration {
    let pupillary_distance = Some(pupillary_distance);
    let lens = Lens { frame: Some(FRAME), pupillary_distance, ..Lens::default() };
    Decentration::of(&lens, fitting_height).unwrap()
}

#[test]
fn a_50_20_frame_for_68_mm_between_the_pupils_is_decentred_1_mm_per_lens() {
    assert_eq!(decentration(68.0, None), Decentration { in_mm: 1.0, up_mm: 0.0 });
    assert_eq!(decentration(74.0, None).in_mm, -2.0);
}

#[test]
fn a_fitting_height_counts_from_the_middle_of_the_box() {
    assert_eq!(decentration(70.0, Some(23.0)).up_mm, 3.0);
    assert_eq!(decentration(70.0, Some(18.5)).up_mm, -1.5);
}

#[test]
fn without_frame_or_pupillary_distance_there_is_no_layout() {
    let no_frame = Lens { pupillary_distance: Some(64.0), ..Lens::default() };
    let no_distance = Lens { frame: Some(FRAME), ..Lens::default() };
    assert_eq!(Decentration::of(&no_frame, Some(20.0)), None);
    assert_eq!(Decentration::of(&no_distance, Some(20.0)), None);
}

#[test]
fn the_blank_covers_shape_decentration_and_allowance() {
    // 60 mm effective diameter, 3 mm total decentration, 2 mm allowance.
    assert_eq!(Decentration { in_mm: 1.5, up_mm: 0.0 }.minimum_blank_mm(60.0), 65.0);
    assert_eq!(Decentration { in_mm: -1.5, up_mm: 2.0 }.minimum_blank_mm(60.0), 67.0);
}

#[test]
fn the_effective_diameter_lies_between_the_width_and_the_diagonal() {
    // 10 mm corners around (15, 10): 2 * (18.03 + 10).
    assert_eq!(tenths(effective_diameter_mm(FRAME)), 56.1);
    let round = Frame { width: 48.0, height: 48.0, bridge: 20.0 };
    let diagonal = (2.0_f64).sqrt() * 48.0;
    assert!((48.0..diagonal).contains(&effective_diameter_mm(round)));
}
