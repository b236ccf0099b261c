//! Whole designs.

mod laws;

use serde_json::json;

use super::*;
use crate::prescription::{Frame, PrismBase};
use crate::tests::table;

#[test]
fn the_page_shows_the_warnings() {
    let name = |warning| serde_json::to_value(warning).unwrap().as_str().unwrap().to_owned();
    let names = Warning::VARIANTS.iter().map(|warning| vec![name(warning)]);
    assert_eq!(table("Warnings", 1), names.collect::<Vec<_>>());
}

fn a_lens() -> Lens<'static> {
    Lens { right: Some(Eye { sphere: -2.0, ..Eye::default() }), ..Lens::default() }
}

fn right(lens: &Lens<'_>) -> EyeDesign {
    design(lens).eyes.remove(0)
}

fn spectacle(lens: &Lens<'_>) -> SpectacleDesign {
    right(lens).spectacle.unwrap()
}

#[test]
fn a_design_reads_as_documented() {
    let eye = Eye {
        sphere: -3.0,
        cylinder: 1.5,
        axis: 30.0,
        prism: 2.0,
        base: Some(PrismBase::Up),
        fitting_height: Some(22.0),
        ..Eye::default()
    };
    let lens = Lens {
        left: Some(eye),
        index: Some(1.6),
        vertex_distance: Some(12.0),
        pupillary_distance: Some(64.0),
        frame: Some(Frame { width: 50.0, height: 40.0, bridge: 18.0 }),
        ..Lens::default()
    };
    let mut design = serde_json::to_value(right(&lens)).unwrap();
    let curves = design.as_object_mut().unwrap().remove("backCurves").unwrap();
    let thickness = design.as_object_mut().unwrap().remove("thickness").unwrap();
    // By hand: matrix of -1.50 -1.50 x 120 is xx = -2.625, xy = -0.650, yy = -1.875; the centre
    // lies 2 mm in (to 180 degrees for a left eye) and 2 mm up, so x = 0.525 - 0.130 = 0.395 and y
    // = 0.130 - 0.375 = -0.245.
    assert_eq!(
        design,
        json!({
            "eye": "left",
            "minusCylinder": {"sphere": -1.5, "cylinder": -1.5, "axis": 120.0},
            "sphericalEquivalent": -2.25,
            "compensated": {"sphere": -1.5, "cylinder": -1.5, "axis": 120.0},
            "stepped": {"sphere": -1.5, "cylinder": -1.5, "axis": 120.0},
            "decentration": {"inMm": 2.0, "upMm": 2.0},
            "prescribedPrism": {"amount": 2.0, "baseDegrees": 90.0, "baseIn": 0.0, "baseUp": 2.0},
            "inducedPrism": {"amount": 0.46, "baseDegrees": 328.0, "baseIn": -0.4, "baseUp": -0.25},
            "totalPrism": {"amount": 2.0, "baseDegrees": 90.0, "baseIn": 0.0, "baseUp": 2.0},
            "material": "1.60",
            // -2.25 / 2 + 6 = 4.875, of which 5 is the nearest in stock.
            "baseCurve": 5.0,
            // Effective diameter 56.06, twice 2.83 of decentration, 2 of allowance.
            "diameterMm": 65.0,
            "minimumBlankMm": 63.7,
            "tolerance": {"state": "mounted", "power": 0.12, "cylinder": 0.12, "axisDegrees": 4.0}
        })
    );
    // Front curve 5 * 600 / 530 = 5.66 D; the back makes up for it and for the thickness.
    assert!(curves[0].as_f64().unwrap() < -1.5 - 5.66 && curves[1].as_f64().unwrap() < -3.0 - 5.66);
    assert!(thickness["thinEdgeMm"].as_f64().unwrap() >= 0.8);
}

const FRAME: Option<Frame> = Some(Frame { width: 50.0, height: 36.0, bridge: 18.0 });

#[test]
fn a_progressive_lens_induces_no_vertical_prism_where_its_reference_point_is_on_the_datum_line() {
    let induced = |addition, fitting_cross_offset| {
        let eye = Eye { sphere: -6.0, addition, fitting_height: Some(22.0), ..Eye::default() };
        let pupillary_distance = Some(64.0);
        let right = Some(eye);
        let lens =
            Lens { right, frame: FRAME, pupillary_distance, fitting_cross_offset, ..a_lens() };
        let induced = spectacle(&lens).induced_prism.unwrap();
        (induced.base_in, induced.base_up)
    };
    // The pupil is 22 - 36 / 2 = 4 mm above the datum line and (50 + 18 - 64) / 2 = 2 mm nasal of
    // the middle: 0.2 cm * 6 D base out. A reference point 4 mm below the pupil is on the line.
    assert_eq!(induced(2.0, None), (-1.2, 0.0));
    // 2 mm below the pupil it is 2 mm above the line: 0.2 cm * 6 D base down.
    assert_eq!(induced(2.0, Some(2.0)), (-1.2, -1.2));
    // A lens of one power has its centre before the pupil: 0.4 cm * 6 D.
    assert_eq!(induced(0.0, None), (-1.2, -2.4));
}

#[test]
fn prism_is_checked_at_the_reference_point_with_the_thinning_of_the_pair() {
    let eye = |prism| Eye {
        sphere: 2.0,
        addition: 1.5,
        prism,
        base: Some(PrismBase::Up),
        ..Eye::default()
    };
    let pair = Lens { right: Some(eye(3.0)), left: Some(eye(0.0)), ..Lens::default() };
    let [right, left] = [0, 1].map(|at| design(&pair).eyes[at].spectacle.clone().unwrap());
    // Two thirds of 1.50 are 1.00 base down, in both eyes: 3.00 up becomes 2.00 up, and 3.00 remain
    // between the eyes, as prescribed.
    assert_eq!(right.thinning_prism, left.thinning_prism);
    assert_eq!(right.thinning_prism.unwrap().base_up, -1.0);
    assert_eq!(right.total_prism.unwrap().base_up, 2.0);
    assert_eq!((left.prescribed_prism, left.total_prism.unwrap().base_up), (None, -1.0));
}

#[test]
fn a_contact_lens_has_a_power_at_the_cornea_and_nothing_of_a_spectacle_lens() {
    let eye = Eye { sphere: -6.0, cylinder: -3.0, axis: 20.0, ..Eye::default() };
    let lens = Lens { is_contact: true, left: Some(eye), ..Lens::default() };
    // By 12 mm: -6 / 1.072 = -5.597 and -9 / 1.108 = -8.123, so the cylinder is -2.526.
    assert_eq!(
        serde_json::to_value(design(&lens)).unwrap(),
        json!({"eyes": [{
            "eye": "left",
            "minusCylinder": {"sphere": -6.0, "cylinder": -3.0, "axis": 20.0},
            "sphericalEquivalent": -7.5,
            "compensated": {"sphere": -5.6, "cylinder": -2.53, "axis": 20.0},
            "stepped": {"sphere": -5.5, "cylinder": -2.5, "axis": 20.0}
        }]})
    );
}

#[test]
fn a_contact_lens_is_compensated_from_where_the_eye_was_refracted() {
    let made = |sphere, refraction_distance, vertex_distance| {
        let right = Some(Eye { sphere, ..Eye::default() });
        let lens =
            Lens { is_contact: true, right, vertex_distance, refraction_distance, ..a_lens() };
        self::right(&lens).compensated.sphere
    };
    // As in the usual tables: -10 / 1.12 and 12 / 0.856. From 14 mm -10 / 1.14.
    assert_eq!(made(-10.0, None, None), -8.93);
    assert_eq!(made(12.0, None, None), 14.02);
    assert_eq!(made(-10.0, Some(14.0), None), -8.77);
    assert_eq!(made(-10.0, None, Some(14.0)), -8.77);
    assert_eq!(made(-10.0, Some(14.0), Some(12.0)), -8.77);
}

#[test]
fn a_lens_is_compensated_from_the_distance_of_the_refraction_to_that_of_the_fitting() {
    let made = |refraction_distance, vertex_distance| {
        let right = Some(Eye { sphere: -10.0, ..Eye::default() });
        let lens = Lens { right, vertex_distance, refraction_distance, ..a_lens() };
        self::right(&lens).compensated.sphere
    };
    // 2 mm closer than it was refracted: -10 / 1.02. 2 mm farther away: -10 / 0.98.
    assert_eq!(made(Some(14.0), Some(12.0)), -9.8);
    assert_eq!(made(Some(12.0), Some(14.0)), -10.2);
    assert_eq!(made(Some(14.0), Some(14.0)), -10.0);
    assert_eq!(made(Some(14.0), None), -10.0, "worn where it was refracted");
}

#[test]
fn a_pair_for_a_frame_has_the_tolerances_of_a_mounted_pair() {
    let eye = Eye { sphere: -4.0, ..Eye::default() };
    let pair = Lens { left: Some(eye), right: Some(eye), frame: FRAME, ..Lens::default() };
    // 2 mm of 4 D are 0.80; 1 mm of 4 D is less than 0.50.
    assert_eq!(
        design(&pair).imbalance_tolerance,
        Some(Imbalance { horizontal: 0.8, vertical: 0.5 })
    );
    let uncut = Lens { frame: None, ..pair };
    assert_eq!(design(&uncut).imbalance_tolerance, None);
    assert_eq!(spectacle(&uncut).tolerance.state, State::Uncut);
}

#[test]
fn the_vertex_distance_changes_the_power_to_make() {
    let eye = Eye { sphere: -10.0, ..Eye::default() };
    let lens = Lens { right: Some(eye), vertex_distance: Some(14.0), ..Lens::default() };
    let made = right(&lens);
    assert_eq!(
        (made.minus_cylinder.sphere, made.compensated.sphere, made.stepped.sphere),
        (-10.0, -10.2, -10.25)
    );
}

#[test]
fn right_comes_before_left_and_an_absent_eye_is_left_out() {
    let eye = Eye { sphere: 1.0, ..Eye::default() };
    let lens = Lens { right: Some(eye), left: Some(eye), ..Lens::default() };
    let sides: Vec<_> = design(&lens).eyes.into_iter().map(|design| design.eye).collect();
    assert_eq!(sides, [Side::Right, Side::Left]);
    assert_eq!(design(&Lens { left: Some(eye), ..Lens::default() }).eyes.len(), 1);
}

#[test]
fn an_ordinary_lens_has_no_warning() {
    assert_eq!(right(&a_lens()).warnings, []);
}

#[test]
fn each_warning_starts_just_outside_its_limit() {
    let with_eye = |eye: Eye| right(&Lens { right: Some(eye), ..a_lens() }).warnings;
    let sphere = |sphere| with_eye(Eye { sphere, ..Eye::default() });
    assert!(!sphere(-2.12).contains(&Warning::PowerBetweenSteps));
    assert!(sphere(-2.1).contains(&Warning::PowerBetweenSteps));
    assert!(!sphere(-24.0).contains(&Warning::PowerOutOfRange));
    assert!(sphere(-24.25).contains(&Warning::PowerOutOfRange));
    assert!(sphere(16.25).contains(&Warning::PowerOutOfRange));

    let cylinder = |cylinder| with_eye(Eye { cylinder, axis: 90.0, ..Eye::default() });
    assert!(!cylinder(-8.0).contains(&Warning::CylinderOutOfRange));
    assert!(cylinder(8.25).contains(&Warning::CylinderOutOfRange));

    let prism = |prism| with_eye(Eye { prism, base: Some(PrismBase::In), ..Eye::default() });
    assert!(!prism(12.0).contains(&Warning::PrismOutOfRange));
    assert!(prism(12.25).contains(&Warning::PrismOutOfRange));

    let base = |base_curve| right(&Lens { base_curve: Some(base_curve), ..a_lens() }).warnings;
    assert!(!base(8.0).contains(&Warning::BaseCurveUnusual));
    assert!(base(8.25).contains(&Warning::BaseCurveUnusual));
    assert!(!sphere(7.0).contains(&Warning::BaseCurveOutOfStock));
    assert!(sphere(7.25).contains(&Warning::BaseCurveOutOfStock));

    assert!(sphere(14.0).contains(&Warning::BackSurfaceConvex));
    assert!(!sphere(5.0).contains(&Warning::BackSurfaceConvex));
    // 70 mm of index 1.498: -8.00 is 13.9 mm thick at the edge, -13.00 about 25.
    assert!(!sphere(-8.0).contains(&Warning::TooThick));
    assert!(sphere(-13.0).contains(&Warning::TooThick));
    let wide = Lens { base_curve: Some(12.0), diameter: Some(90.0), ..a_lens() };
    let made = right(&wide);
    let form = made.spectacle.unwrap();
    assert_eq!((form.thickness, form.back_curves), (None, None));
    assert!(made.warnings.contains(&Warning::SurfaceTooSteep));
}

#[test]
fn warnings_of_the_layout_go_by_frame_and_pupil() {
    let frame = Some(Frame { width: 50.0, height: 30.0, bridge: 18.0 });
    let fitted = |pupillary_distance, fitting_height, addition, diameter| {
        let eye = Eye { sphere: 1.0, addition, fitting_height, ..Eye::default() };
        let pupillary_distance = Some(pupillary_distance);
        right(&Lens { right: Some(eye), frame, pupillary_distance, diameter, ..Lens::default() })
            .warnings
    };
    assert_eq!(fitted(68.0, Some(14.0), 2.0, None), []);
    assert_eq!(fitted(68.2, Some(14.0), 2.0, None), [Warning::DecentredOutwards]);
    assert_eq!(fitted(66.0, Some(13.9), 2.0, None), [Warning::FittingHeightTooLow]);
    assert_eq!(fitted(66.0, Some(13.9), 0.0, None), []);
    assert!(!fitted(66.0, Some(30.0), 0.0, None).contains(&Warning::FittingHeightOutsideFrame));
    assert!(fitted(66.0, Some(30.1), 0.0, None).contains(&Warning::FittingHeightOutsideFrame));
    // Effective diameter 2 * (hypot(17.5, 7.5) + 7.5) = 53.1, decentration 1: at least 57.1 mm.
    assert_eq!(fitted(66.0, None, 0.0, Some(57.2)), []);
    assert_eq!(fitted(66.0, None, 0.0, Some(57.0)), [Warning::DiameterTooSmall]);

    let huge = Some(Frame { width: 80.0, height: 60.0, bridge: 20.0 });
    let lens = Lens { frame: huge, pupillary_distance: Some(60.0), ..a_lens() };
    assert!(right(&lens).warnings.contains(&Warning::NoBlankLargeEnough));
}
