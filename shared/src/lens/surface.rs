//! The two surfaces of a lens and what lies between: base curve, sagitta, centre and edge thickness.
//!
//! The front is spherical, the back carries the cylinder. Curvatures are in 1/mm, positive where the centre of
//! curvature lies on the side of the eye. A base curve is nominal: it names the radius by the index of the tools, 1.530.

use serde::Serialize;

use super::material::Material;
use super::power::Power;
use super::units::tenths;

/// The base curves of the blanks in stock, as of 2026-01, in dioptres.
const BASE_CURVES: [f64; 12] = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0];
/// (index of the tools - 1) in 1/mm per dioptre: a nominal base curve of 6.00 has a radius of 88.3 mm.
const TOOLING: f64 = 530.0;
/// How exactly the centre thickness is found, far below the tenth that is printed.
const THICKNESS_PRECISION_MM: f64 = 1e-6;
/// No lens has a thicker centre; the search ends there.
const MAX_CENTRE_MM: f64 = 60.0;
/// The search needs three to six rounds; a lens that is not found in this many is at the very limit of a surface.
const MAX_ROUNDS: usize = 60;

/// The base curve that Vogel's rule asks for: spherical equivalent + 6.00 D for plus lenses, half of it + 6.00 D for minus.
/// Source: Brooks, "Understanding Lens Surfacing" (1992), base curve selection.
pub(super) fn vogel_base_curve(power: Power) -> f64 {
    let equivalent = power.spherical_equivalent();
    if equivalent < 0.0 { equivalent / 2.0 + 6.0 } else { equivalent + 6.0 }
}

/// The base curve in stock that is nearest; of two equally near ones the flatter.
pub(super) fn stocked_base_curve(wanted: f64) -> f64 {
    let nearer =
        |one: f64, next: f64| if (next - wanted).abs() < (one - wanted).abs() { next } else { one };
    BASE_CURVES.into_iter().reduce(nearer).unwrap_or(wanted)
}

/// Whether the nearest blank in stock is more than a step of the stock away.
pub(super) fn is_beyond_stock(wanted: f64) -> bool {
    (stocked_base_curve(wanted) - wanted).abs() > 1.0
}

/// The exact depth of a surface of curvature `curvature` at `height_mm` from its vertex, with the curvature's sign; infinite
/// where the surface does not reach that far. s = r - sqrt(r^2 - h^2), written so that a plane has no special case.
/// Source: Jalie, "The Principles of Ophthalmic Lenses", sag formula.
pub(super) fn sagitta_mm(curvature: f64, height_mm: f64) -> f64 {
    let slope = curvature * height_mm;
    let rest = 1.0 - slope * slope;
    if rest > 0.0 {
        slope * height_mm / (1.0 + rest.sqrt())
    } else {
        f64::INFINITY.copysign(curvature)
    }
}

/// How much the edge at the base of a prism is thicker than the centre: half of g = P d / (100 (n - 1)).
/// Source: Jalie, "The Principles of Ophthalmic Lenses", thickness difference of a prism.
fn prism_rise_mm(prism: f64, radius_mm: f64, index: f64) -> f64 {
    prism * radius_mm / (100.0 * (index - 1.0))
}

/// What a lens is made of and to which size.
pub(super) struct Blank<'m> {
    pub(super) base_curve: f64,
    pub(super) index: f64,
    pub(super) diameter_mm: f64,
    pub(super) material: &'m Material,
}

/// The thickness of an uncut lens, in mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Thickness {
    /// At the optical centre, between the vertices of the surfaces.
    pub centre_mm: f64,
    /// At the thinnest point of the edge.
    pub thin_edge_mm: f64,
    /// At the thickest point of the edge.
    pub thick_edge_mm: f64,
}

impl Thickness {
    pub(super) fn in_tenths(self) -> Self {
        let Self { centre_mm, thin_edge_mm, thick_edge_mm } = self;
        Self {
            centre_mm: tenths(centre_mm),
            thin_edge_mm: tenths(thin_edge_mm),
            thick_edge_mm: tenths(thick_edge_mm),
        }
    }
}

/// A lens that can be ground: the back surface and the thickness that belong together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Form {
    /// Power of the back surface in dioptres, in the meridians of [`Power::principal`].
    pub(super) back: [f64; 2],
    pub(super) thickness: Thickness,
}

/// The thinnest lens of this back vertex power and prism that keeps the material's minima at centre and edge; none if
/// a surface is too steep for the diameter.
///
/// F2 = Fv - F1 / (1 - t F1 / n) in each principal meridian; edge = centre - front sagitta + back sagitta, where the
/// prism makes one end thicker and the other thinner. The prism is taken to lie along the thinner meridian, the worst case.
/// Source: Jalie, "The Principles of Ophthalmic Lenses", back vertex power and lens thickness.
pub(super) fn form(power: Power, prism: f64, blank: &Blank<'_>) -> Option<Form> {
    let rise_mm = prism_rise_mm(prism, blank.diameter_mm / 2.0, blank.index);
    let min_centre_mm = blank.material.min_centre_mm;
    let thinnest = form_of_centre(power, min_centre_mm, rise_mm, blank);
    let form = if thinnest.spare_mm(blank) < 0.0 {
        form_of_edge(power, rise_mm, blank, (min_centre_mm, thinnest.spare_mm(blank)))?
    } else {
        thinnest
    };
    form.thickness.thick_edge_mm.is_finite().then_some(form)
}

/// The lens whose edge is just thick enough, found between two centres that are too thin and too thick by regula falsi
/// with the Illinois rule.
///
/// A thicker centre asks for a steeper back, so the edge grows at least as fast as the centre: adding to the centre what
/// the edge lacks is always enough.
fn form_of_edge(
    power: Power,
    rise_mm: f64,
    blank: &Blank<'_>,
    thinnest: (f64, f64),
) -> Option<Form> {
    let mut below = thinnest;
    let upper_mm = (below.0 - below.1).min(MAX_CENTRE_MM);
    let mut above = (upper_mm, form_of_centre(power, upper_mm, rise_mm, blank).spare_mm(blank));
    let mut was_below = None;
    for _ in 0..MAX_ROUNDS {
        let share = below.1 / (below.1 - above.1);
        // Infinite where a surface is too steep: then there is nothing to interpolate.
        let share = if share > 0.0 && share < 1.0 { share } else { 0.5 };
        let centre_mm = below.0 + (above.0 - below.0) * share;
        let form = form_of_centre(power, centre_mm, rise_mm, blank);
        let spare_mm = form.spare_mm(blank);
        if spare_mm.abs() < THICKNESS_PRECISION_MM {
            return Some(form);
        }
        let is_below = spare_mm < 0.0;
        let (end, other) =
            if is_below { (&mut below, &mut above) } else { (&mut above, &mut below) };
        *end = (centre_mm, spare_mm);
        if was_below == Some(is_below) {
            other.1 /= 2.0;
        }
        was_below = Some(is_below);
    }
    None
}

/// The lens of this power whose centre is `centre_mm` thick; its edge is infinite where a surface is too steep.
fn form_of_centre(power: Power, centre_mm: f64, rise_mm: f64, blank: &Blank<'_>) -> Form {
    let radius_mm = blank.diameter_mm / 2.0;
    let per_curvature = (blank.index - 1.0) * 1_000.0;
    let front_curvature = blank.base_curve / TOOLING;
    let front = front_curvature * per_curvature;
    let behind_front = front / (1.0 - centre_mm / 1_000.0 / blank.index * front);
    let back = power.principal().map(|needed| needed - behind_front);
    let [along_mm, across_mm] = back.map(|power| sagitta_mm(-power / per_curvature, radius_mm));
    let front_mm = sagitta_mm(front_curvature, radius_mm);
    let thickness = Thickness {
        centre_mm,
        thin_edge_mm: centre_mm + along_mm.min(across_mm) - front_mm - rise_mm,
        thick_edge_mm: centre_mm + along_mm.max(across_mm) - front_mm + rise_mm,
    };
    Form { back, thickness }
}

impl Form {
    /// How much thicker the thinnest point of the edge is than it must be.
    fn spare_mm(&self, blank: &Blank<'_>) -> f64 {
        self.thickness.thin_edge_mm - blank.material.min_edge_mm
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::material::{MATERIALS, material_of};
    use super::*;

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
        // J. Loomis, University of Dayton, EOP 601: curvatures 0.0104227 and -0.0406946 per mm, 3.0486 mm at the centre,
        // height 9 mm: the edge is 0.918096 mm.
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
        let plano = |prism| {
            form(Power::new(0.0, 0.0, 0.0), prism, &blank(0.0, 1.5, 50.0)).unwrap().thickness
        };
        let thickness = plano(4.0);
        assert!(close(thickness.thick_edge_mm - thickness.thin_edge_mm, 4.0, 1e-9));
        assert!(close(thickness.thin_edge_mm, 1.2, 1e-6), "the thin end keeps the minimum");
        assert!(close(plano(0.0).centre_mm, 2.0, 1e-9));
    }

    #[test]
    fn a_plano_concave_lens_has_its_sagitta_at_the_edge() {
        // -5.00 D of index 1.5 behind a plane: radius 100 mm, at 30 mm 100 - sqrt(10000 - 900) = 4.61 mm.
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
                sphere in -12.0..8.0, cylinder in -4.0..0.0, index in 1.4..2.0, prism in 0.0..6.0, diameter in 50.0..75.0
            ) {
                let power = Power::new(sphere, cylinder, 30.0);
                let blank = blank(stocked_base_curve(vogel_base_curve(power)), index, diameter);
                let Some(Form { back, thickness }) = form(power, prism, &blank) else { return Ok(()) };
                let front = blank.base_curve / TOOLING * (index - 1.0) * 1_000.0;
                let reduced = thickness.centre_mm / 1_000.0 / index;
                for (ordered, back) in power.principal().into_iter().zip(back) {
                    // Trace a ray from infinity through both surfaces: the vergence behind the back one.
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
                // Every tenth of a millimetre up to twice what the machines make.
                let candidates = (0..300).map(|tenths| blank.material.min_centre_mm + f64::from(tenths) / 10.0);
                let forms = candidates.map(|centre_mm| form_of_centre(power, centre_mm, rise_mm, &blank));
            let exists = forms.into_iter().any(|form| form.spare_mm(&blank) >= 0.0 && form.thickness.thick_edge_mm.is_finite());
            prop_assert!(!exists || form(power, prism, &blank).is_some());
            }
    }
}
