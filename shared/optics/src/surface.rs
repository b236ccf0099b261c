//! The two surfaces of a lens: base curve, sagitta, centre and edge thickness.
//!
//! The front is spherical, the back has the cylinder. Curvatures are in 1/mm, positive if the
//! centre of curvature is on the side of the eye. A base curve is nominal: it gives the radius by
//! the index of the tools, 1.530.

use serde::Serialize;

use crate::material::Material;
use crate::power::Power;
use crate::units::tenths;

/// The base curves of the blanks in stock, as of 2026-01, in dioptres.
const BASE_CURVES: [f64; 12] = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0];
/// (index of the tools - 1) in 1/mm per dioptre: a nominal base curve of 6.00 has a radius of 88.3
/// mm.
const TOOLING: f64 = 530.0;
/// Precision of the centre thickness, far below the printed tenth.
const THICKNESS_PRECISION_MM: f64 = 1e-6;
/// No lens has a thicker centre; the search ends there.
const MAX_CENTRE_MM: f64 = 60.0;
/// The search needs three to six rounds; a lens that needs more is at the very limit of a surface.
const MAX_ROUNDS: usize = 60;

/// The base curve by Vogel's rule: spherical equivalent + 6.00 D for plus lenses, half of it +
/// 6.00 D for minus lenses.
/// Source: Brooks, "Understanding Lens Surfacing" (1992), base curve selection.
pub(crate) fn vogel_base_curve(power: Power) -> f64 {
    let equivalent = power.spherical_equivalent();
    if equivalent < 0.0 { equivalent / 2.0 + 6.0 } else { equivalent + 6.0 }
}

/// The nearest base curve in stock; of two equally near ones the flatter.
pub(crate) fn stocked_base_curve(wanted: f64) -> f64 {
    let nearer =
        |one: f64, next: f64| if (next - wanted).abs() < (one - wanted).abs() { next } else { one };
    BASE_CURVES.into_iter().reduce(nearer).unwrap_or(wanted)
}

/// Whether the nearest blank in stock is more than a step of the stock away.
pub(crate) fn is_beyond_stock(wanted: f64) -> bool {
    (stocked_base_curve(wanted) - wanted).abs() > 1.0
}

/// The exact depth of a surface at `height_mm` from its vertex, with the curvature's sign; infinite
/// if the surface does not reach that far. s = r - sqrt(r^2 - h^2), written so that a plane is no
/// special case.
/// Source: Jalie, "The Principles of Ophthalmic Lenses", sag formula.
pub(crate) fn sagitta_mm(curvature: f64, height_mm: f64) -> f64 {
    let slope = curvature * height_mm;
    let rest = 1.0 - slope * slope;
    if rest > 0.0 {
        slope * height_mm / (1.0 + rest.sqrt())
    } else {
        f64::INFINITY.copysign(curvature)
    }
}

/// How much the base of a prism is thicker than the centre: half of g = P d / (100 (n - 1)).
/// Source: Jalie, "The Principles of Ophthalmic Lenses", thickness difference of a prism.
fn prism_rise_mm(prism: f64, radius_mm: f64, index: f64) -> f64 {
    prism * radius_mm / (100.0 * (index - 1.0))
}

/// The blank of which a lens is made.
pub(crate) struct Blank<'m> {
    pub(crate) base_curve: f64,
    pub(crate) index: f64,
    pub(crate) diameter_mm: f64,
    pub(crate) material: &'m Material,
}

/// The thickness of an uncut lens, in mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    pub(crate) fn in_tenths(self) -> Self {
        let Self { centre_mm, thin_edge_mm, thick_edge_mm } = self;
        Self {
            centre_mm: tenths(centre_mm),
            thin_edge_mm: tenths(thin_edge_mm),
            thick_edge_mm: tenths(thick_edge_mm),
        }
    }
}

/// A lens that can be ground: its back surface and its thickness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Form {
    /// Power of the back surface in dioptres, in the meridians of [`Power::principal`].
    pub(crate) back: [f64; 2],
    pub(crate) thickness: Thickness,
}

/// The thinnest lens of this back vertex power and prism that keeps the material's minima at centre
/// and edge; none if a surface is too steep for the diameter.
///
/// F2 = Fv - F1 / (1 - t F1 / n) in each principal meridian; edge = centre - front sagitta + back
/// sagitta. The prism makes one end thicker and the other thinner; it is assumed along the thinner
/// meridian, the worst case.
/// Source: Jalie, "The Principles of Ophthalmic Lenses", back vertex power and lens thickness.
pub(crate) fn form(power: Power, prism: f64, blank: &Blank<'_>) -> Option<Form> {
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

/// The lens whose edge is just thick enough. Regula falsi with the Illinois rule finds it between a
/// centre that is too thin and one that is too thick.
///
/// A thicker centre needs a steeper back, so the edge grows at least as fast as the centre: adding
/// to the centre what the edge lacks is always enough.
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
        // Infinite if a surface is too steep: then interpolation is impossible.
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

/// The lens of this power whose centre is `centre_mm` thick; its edge is infinite if a surface is
/// too steep.
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
mod tests;
