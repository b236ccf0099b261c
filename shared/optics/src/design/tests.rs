//! Whole designs.

use proptest::prelude::*;
use serde_json::{Value, json};

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
    design(lens).remove(0)
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
            "plusCylinder": {"sphere": -3.0, "cylinder": 1.5, "axis": 30.0},
            "sphericalEquivalent": -2.25,
            "compensated": {"sphere": -1.5, "cylinder": -1.5, "axis": 120.0},
            "stepped": {"sphere": -1.5, "cylinder": -1.5, "axis": 120.0},
            "decentration": {"inMm": 2.0, "upMm": 2.0},
            "prescribedPrism": {"amount": 2.0, "baseDegrees": 90.0, "baseIn": 0.0, "baseUp": 2.0},
            "inducedPrism": {"amount": 0.46, "baseDegrees": 328.0, "baseIn": -0.4, "baseUp": -0.25},
            "totalPrism": {"amount": 1.8, "baseDegrees": 77.0, "baseIn": -0.4, "baseUp": 1.75},
            "material": "1.60",
            // -2.25 / 2 + 6 = 4.875, of which 5 is the nearest in stock.
            "baseCurve": 5.0,
            // Effective diameter 56.06, twice 2.83 of decentration, 2 of allowance.
            "diameterMm": 65.0,
            "minimumBlankMm": 63.7,
            "tolerance": {"power": 0.12, "cylinder": 0.12, "axisDegrees": 4.0,
                "prismHorizontal": 0.55, "prismVertical": 0.4, "thicknessMm": 0.3},
            "warnings": []
        })
    );
    // Front curve 5 * 600 / 530 = 5.66 D; the back makes up for it and for the thickness.
    assert!(curves[0].as_f64().unwrap() < -1.5 - 5.66 && curves[1].as_f64().unwrap() < -3.0 - 5.66);
    assert!(thickness["thinEdgeMm"].as_f64().unwrap() >= 0.8);
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
    let sides: Vec<_> = design(&lens).into_iter().map(|design| design.eye).collect();
    assert_eq!(sides, [Side::Right, Side::Left]);
    assert_eq!(design(&Lens { left: Some(eye), ..Lens::default() }).len(), 1);
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
    assert_eq!((made.thickness, made.back_curves), (None, None));
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

fn any_eye() -> impl Strategy<Value = Eye> {
    let base = prop_oneof![
        Just(PrismBase::In),
        Just(PrismBase::Out),
        Just(PrismBase::Up),
        Just(PrismBase::Down),
        (0.0..=360.0).prop_map(PrismBase::Degrees)
    ];
    let power = (-30.0..=30.0, -12.0..=12.0, 0.0..=180.0, 0.0..=4.0);
    (power, 0.0..=20.0, base, prop::option::of(5.0..=60.0)).prop_map(
        |((sphere, cylinder, axis, addition), prism, base, fitting_height)| Eye {
            sphere,
            cylinder,
            axis,
            addition,
            prism,
            base: Some(base),
            fitting_height,
        },
    )
}

fn any_lens() -> impl Strategy<Value = Lens<'static>> {
    let frame = (20.0..=80.0, 10.0..=70.0, 5.0..=40.0).prop_map(|(width, height, bridge)| Frame {
        width,
        height,
        bridge,
    });
    let sizes =
        (prop::option::of(1.4..=2.0), prop::option::of(40.0..=90.0), prop::option::of(0.0..=12.0));
    let fit =
        (prop::option::of(5.0..=25.0), prop::option::of(40.0..=85.0), prop::option::of(frame));
    (any_eye(), any_eye(), sizes, fit).prop_map(
        |(
            right,
            left,
            (index, diameter, base_curve),
            (vertex_distance, pupillary_distance, frame),
        )| Lens {
            right: Some(right),
            left: Some(left),
            index,
            diameter,
            base_curve,
            vertex_distance,
            pupillary_distance,
            frame,
            ..Lens::default()
        },
    )
}

/// Every number in `value`, with the path to it.
fn numbers(path: String, value: &Value, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => found.push((path, number.as_f64().unwrap())),
        Value::Array(values) => values.iter().for_each(|value| numbers(path.clone(), value, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                numbers(format!("{path}.{name}"), value, found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_figure_is_finite_in_its_step_and_has_no_negative_zero(lens in any_lens()) {
        for design in design(&lens) {
            let value = serde_json::to_value(&design).unwrap();
            let mut found = Vec::new();
            numbers(String::new(), &value, &mut found);
            for (path, number) in found {
                prop_assert!(number != 0.0 || number.is_sign_positive(), "{path}");
                let steps = match &path {
                    path if path.ends_with("Mm") => 10.0,
                    path if path.contains("stepped") => 4.0,
                    _ => 100.0,
                };
                let stepped = (number * steps).round() / steps;
                prop_assert!((stepped - number).abs() < 1e-9, "{path} {number}");
                if path.ends_with("axis") || path.ends_with("Degrees") {
                    let is_angle = number.fract() == 0.0 && (0.0..360.0).contains(&number);
                    prop_assert!(is_angle, "{path} {number}");
                }
            }
            let no_form = design.warnings.contains(&Warning::SurfaceTooSteep);
            prop_assert_eq!(design.thickness.is_none(), no_form);
            prop_assert_eq!(design.back_curves.is_none(), no_form);
            prop_assert!(design.warnings.is_sorted_by(|one, next| one < next));
        }
    }
}
