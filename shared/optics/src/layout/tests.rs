use super::*;

const FRAME: Frame = Frame { width: 50.0, height: 40.0, bridge: 20.0 };

fn decentration(pupillary_distance: f64, fitting_height: Option<f64>) -> Decentration {
    let pupillary_distance = Some(pupillary_distance);
    let lens = Lens { frame: Some(FRAME), pupillary_distance, ..Lens::default() };
    Decentration::of(&lens, &Eye { fitting_height, ..Eye::default() }).unwrap()
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
fn a_progressive_lens_is_placed_by_the_reference_point_below_its_fitting_cross() {
    let up_mm = |fitting_cross_offset, fitting_height| {
        let eye = Eye { addition: 2.0, fitting_height, ..Eye::default() };
        let lens = Lens {
            frame: Some(FRAME),
            pupillary_distance: Some(64.0),
            fitting_cross_offset,
            ..Lens::default()
        };
        Decentration::of(&lens, &eye).unwrap().up_mm
    };
    // The cross goes before the pupil, 23 - 40 / 2 = 3 mm above the middle of the box.
    assert_eq!(up_mm(None, Some(23.0)), 3.0 - 4.0);
    assert_eq!(up_mm(Some(2.0), Some(23.0)), 3.0 - 2.0);
    assert_eq!(up_mm(Some(0.0), Some(23.0)), 3.0);
    assert_eq!(up_mm(None, None), 0.0, "on the datum line");
}

#[test]
fn each_eye_has_its_own_pupillary_distance_and_only_without_it_half_of_the_common_one() {
    // The middle of the box is (50 + 20) / 2 = 35 mm from the middle of the nose.
    let in_mm = |monocular_pupillary_distance, pupillary_distance| {
        let eye = Eye { monocular_pupillary_distance, ..Eye::default() };
        let lens = Lens { frame: Some(FRAME), pupillary_distance, ..Lens::default() };
        Decentration::of(&lens, &eye).map(|to| to.in_mm)
    };
    assert_eq!(in_mm(Some(31.0), None), Some(4.0));
    assert_eq!(in_mm(Some(33.5), Some(64.0)), Some(1.5));
    assert_eq!(in_mm(None, Some(64.0)), Some(3.0));
    assert_eq!(in_mm(None, None), None);
}

#[test]
fn without_frame_or_pupillary_distance_there_is_no_layout() {
    let no_frame = Lens { pupillary_distance: Some(64.0), ..Lens::default() };
    let no_distance = Lens { frame: Some(FRAME), ..Lens::default() };
    let eye = Eye { fitting_height: Some(20.0), ..Eye::default() };
    assert_eq!(Decentration::of(&no_frame, &eye), None);
    assert_eq!(Decentration::of(&no_distance, &eye), None);
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
