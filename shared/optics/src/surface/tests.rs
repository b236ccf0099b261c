use proptest::prelude::*;

use super::*;
use crate::material::{MATERIALS, material_of};

fn blank(base_curve: f64, index: f64, diameter_mm: f64) -> Blank<'static> {
    Blank { base_curve, index, diameter_mm, material: &MATERIALS[material_of(Some(index))] }
}

fn close(one: f64, other: f64, by: f64) -> bool {
    (one - other).abs() < by
}

#[test]
fn vogels_rule_differs_for_plus_and_minus() {
    assert_eq!(vogel_base_curve(Power::new(2.0, -1.0, 90.0)), 7.5);
    assert_eq!(vogel_base_curve(Power::new(-4.5, -1.0, 90.0)), 3.5);
    assert_eq!(vogel_base_curve(Power::new(0.0, 0.0, 0.0)), 6.0);
}

#[test]
fn blanks_are_taken_from_stock() {
    assert_eq!(stocked_base_curve(3.6), 4.0);
    assert_eq!(stocked_base_curve(3.5), 3.0);
    assert_eq!((stocked_base_curve(-3.0), is_beyond_stock(-3.0)), (0.5, true));
    assert_eq!((stocked_base_curve(13.0), is_beyond_stock(13.0)), (12.0, false));
    assert!(is_beyond_stock(13.1));
}

#[test]
fn the_edge_of_a_biconvex_lens_is_that_of_the_lecture() {
    // J. Loomis, University of Dayton, EOP 601: curvatures 0.0104227 and -0.0406946 per mm, 3.0486
    // mm at the centre, height 9 mm: the edge is 0.918096 mm.
    let front = sagitta_mm(0.010_422_7, 9.0);
    let back = sagitta_mm(-0.040_694_6, 9.0);
    assert!(close(3.0486 - front + back, 0.918_096, 1e-6));
}

#[test]
fn a_sphere_reaches_as_far_as_its_radius() {
    assert_eq!(sagitta_mm(0.0, 35.0), 0.0);
    // 3-4-5: radius 50 mm at a height of 30 mm is 10 mm deep.
    assert!(close(sagitta_mm(1.0 / 50.0, 30.0), 10.0, 1e-12));
    assert_eq!(sagitta_mm(1.0 / 50.0, 50.5), f64::INFINITY);
    assert_eq!(sagitta_mm(-1.0 / 50.0, 50.5), f64::NEG_INFINITY);
}

#[test]
fn a_prism_of_4_over_50_mm_differs_by_4_mm_from_edge_to_edge() {
    // g = 4 * 50 / (100 * 0.5); half of it at either end.
    assert!(close(prism_rise_mm(4.0, 25.0, 1.5), 2.0, 1e-12));
    let plano =
        |prism| form(Power::new(0.0, 0.0, 0.0), prism, &blank(0.0, 1.5, 50.0)).unwrap().thickness;
    let thickness = plano(4.0);
    assert!(close(thickness.thick_edge_mm - thickness.thin_edge_mm, 4.0, 1e-9));
    assert!(close(thickness.thin_edge_mm, 1.2, 1e-6), "the thin end keeps the minimum");
    assert!(close(plano(0.0).centre_mm, 2.0, 1e-9));
}

#[test]
fn a_plano_concave_lens_has_its_sagitta_at_the_edge() {
    // -5.00 D of index 1.5 behind a plane: radius 100 mm, at 30 mm 100 - sqrt(10000 - 900) = 4.61
    // mm.
    let Form { back, thickness } =
        form(Power::new(-5.0, 0.0, 0.0), 0.0, &blank(0.0, 1.5, 60.0)).unwrap();
    assert_eq!(back, [-5.0, -5.0]);
    assert!(close(thickness.thick_edge_mm, 2.0 + 4.606, 1e-3));
    assert_eq!(thickness.centre_mm, 2.0);
}

#[test]
fn a_plus_lens_is_as_thick_as_its_edge_needs() {
    let Form { thickness, .. } =
        form(Power::new(4.0, 2.0, 90.0), 0.0, &blank(8.0, 1.6, 65.0)).unwrap();
    assert!(close(thickness.thin_edge_mm, 0.8, 1e-6));
    assert!(thickness.thick_edge_mm > 0.9 && thickness.centre_mm > thickness.thick_edge_mm);
}

#[test]
fn a_strong_plus_lens_is_thick_but_has_a_form() {
    let Form { thickness, .. } =
        form(Power::new(12.0, 0.0, 0.0), 0.0, &blank(12.0, 1.67, 70.0)).unwrap();
    assert!(close(thickness.thin_edge_mm, 0.8, 1e-6) && thickness.centre_mm > 10.0);
}

#[test]
fn a_surface_too_steep_for_its_diameter_is_no_lens() {
    assert_eq!(form(Power::new(0.0, 0.0, 0.0), 0.0, &blank(12.0, 1.5, 90.0)), None);
    assert_eq!(form(Power::new(-30.0, -12.0, 90.0), 0.0, &blank(0.5, 1.5, 80.0)), None);
}

proptest! {
    #[test]
    fn the_surfaces_give_the_power_that_was_ordered(
        sphere in -12.0..8.0, cylinder in -4.0..0.0, index in 1.4..2.0, prism in 0.0..6.0,
        diameter in 50.0..75.0
    ) {
        let power = Power::new(sphere, cylinder, 30.0);
        let blank = blank(stocked_base_curve(vogel_base_curve(power)), index, diameter);
        let Some(Form { back, thickness }) = form(power, prism, &blank) else { return Ok(()) };
        let front = blank.base_curve / TOOLING * (index - 1.0) * 1_000.0;
        let reduced = thickness.centre_mm / 1_000.0 / index;
        for (ordered, back) in power.principal().into_iter().zip(back) {
            // A ray from infinity through both surfaces: the vergence behind the back one.
            let vergence = front / (1.0 - reduced * front) + back;
            prop_assert!(close(vergence, ordered, 1e-9));
        }
        let Material { min_centre_mm, min_edge_mm, .. } = *blank.material;
        prop_assert!(thickness.centre_mm > min_centre_mm - 1e-5);
        prop_assert!(thickness.thin_edge_mm > min_edge_mm - 1e-5);
    }

    #[test]
    fn a_form_is_found_where_there_is_one(
        sphere in -20.0..20.0, cylinder in -8.0..0.0, index in 1.4..2.0, prism in 0.0..12.0,
        base_curve in 0.0..12.0, diameter in 40.0..90.0
    ) {
        let power = Power::new(sphere, cylinder, 30.0);
        let blank = blank(base_curve, index, diameter);
        let rise_mm = prism_rise_mm(prism, diameter / 2.0, index);
        // Every tenth of a millimetre up to twice the limit of the machines.
        let mut forms = (0..300).map(|tenths| {
            let centre_mm = blank.material.min_centre_mm + f64::from(tenths) / 10.0;
            form_of_centre(power, centre_mm, rise_mm, &blank)
        });
        let exists = forms.any(|form| {
            form.spare_mm(&blank) >= 0.0 && form.thickness.thick_edge_mm.is_finite()
        });
        prop_assert!(!exists || form(power, prism, &blank).is_some());
    }
}
