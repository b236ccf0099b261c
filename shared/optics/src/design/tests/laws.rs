//! Laws that hold for every prescription.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn any_eye() -> impl Strategy<Value = Eye> {
    let base = prop_oneof![
        Just(PrismBase::In),
        Just(PrismBase::Out),
        Just(PrismBase::Up),
        Just(PrismBase::Down),
        (0.0..=360.0).prop_map(PrismBase::Degrees)
    ];
    let power = (-30.0..=30.0, -12.0..=12.0, 0.0..=180.0, 0.0..=4.0);
    let fit = (prop::option::of(5.0..=60.0), prop::option::of(20.0..=45.0));
    (power, 0.0..=20.0, base, fit).prop_map(
        |((sphere, cylinder, axis, addition), prism, base, fit)| Eye {
            sphere,
            cylinder,
            axis,
            addition,
            prism,
            base: Some(base),
            fitting_height: fit.0,
            monocular_pupillary_distance: fit.1,
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
    let distance = || prop::option::of(5.0..=25.0);
    let fit = (
        (distance(), distance()),
        prop::option::of(40.0..=85.0),
        prop::option::of(0.0..=10.0),
        prop::option::of(frame),
    );
    (any_eye(), any_eye(), sizes, fit).prop_map(
        |(right, left, (index, diameter, base_curve), (distances, pd, offset, frame))| Lens {
            right: Some(right),
            left: Some(left),
            index,
            diameter,
            base_curve,
            vertex_distance: distances.0,
            refraction_distance: distances.1,
            pupillary_distance: pd,
            fitting_cross_offset: offset,
            frame,
            ..Lens::default()
        },
    )
}

/// As the wearer looks in a mirror.
fn mirrored(lens: &Lens<'static>) -> Lens<'static> {
    let eye = |eye: Eye| {
        let base = match eye.base {
            Some(PrismBase::Degrees(degrees)) => {
                Some(PrismBase::Degrees((180.0 - degrees).rem_euclid(360.0)))
            }
            named => named,
        };
        Eye { axis: 180.0 - eye.axis, base, ..eye }
    };
    Lens { right: lens.left.map(eye), left: lens.right.map(eye), ..lens.clone() }
}

/// Whether two figures are the same but for a last digit that rounds the other way.
fn are_same(one: &Value, other: &Value) -> bool {
    let [mut ones, mut others] = [Vec::new(), Vec::new()];
    numbers(String::new(), one, &mut ones);
    numbers(String::new(), other, &mut others);
    ones.len() == others.len()
        && ones.iter().zip(&others).all(|((path, one), (other_path, other))| {
            let step = if path.ends_with("Mm") { 0.1 } else { 0.01 };
            path == other_path && (one - other).abs() < step + 1e-9
        })
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
        for design in design(&lens).eyes {
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
            let form = design.spectacle.unwrap();
            prop_assert_eq!(form.thickness.is_none(), no_form);
            prop_assert_eq!(form.back_curves.is_none(), no_form);
            prop_assert!(design.warnings.is_sorted_by(|one, next| one < next));
        }
    }

    #[test]
    fn the_design_of_a_mirrored_prescription_is_the_mirrored_design(lens in any_lens()) {
        // Axes and bases in degrees are mirrored; all other figures are those of the other eye.
        let without_degrees = |design: &EyeDesign| {
            let mut value = serde_json::to_value(design).unwrap();
            for power in ["minusCylinder", "compensated", "stepped"] {
                value[power].as_object_mut().unwrap().remove("axis");
            }
            for prism in ["prescribedPrism", "thinningPrism", "totalPrism", "inducedPrism"] {
                if let Some(prism) = value.get_mut(prism) {
                    prism.as_object_mut().unwrap().remove("baseDegrees");
                }
            }
            value
        };
        let (design, mirrored) = (design(&lens), crate::design(&mirrored(&lens)));
        for (one, other) in design.eyes.iter().zip(mirrored.eyes.iter().rev()) {
            let [one_value, other_value] = [one, other].map(without_degrees);
            prop_assert!(are_same(&one_value, &other_value), "{} {}", one_value, other_value);
            prop_assert_ne!(one.eye, other.eye);
        }
        let [one, other] = [&design, &mirrored]
            .map(|design| serde_json::to_value(design.imbalance_tolerance).unwrap());
        prop_assert!(are_same(&one, &other));
    }

    #[test]
    fn a_lens_without_power_has_no_prism_wherever_it_is(lens in any_lens()) {
        let plano = |eye: Option<Eye>| {
            eye.map(|eye| Eye { sphere: 0.0, cylinder: 0.0, prism: 0.0, addition: 0.0, ..eye })
        };
        let lens = Lens { right: plano(lens.right), left: plano(lens.left), ..lens };
        for design in design(&lens).eyes {
            let made = design.spectacle.unwrap();
            prop_assert_eq!(made.induced_prism.map_or(0.0, |prism| prism.amount), 0.0);
            prop_assert_eq!((made.prescribed_prism, made.thinning_prism), (None, None));
            prop_assert_eq!(made.total_prism, None);
        }
    }
}
