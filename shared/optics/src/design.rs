//! How the lenses of a prescription are made: [`design`].
//!
//! Printed are powers, curves and prisms to 0.01, lengths to 0.1 mm, angles to 1 degree;
//! [`EyeDesign::stepped`] is in the clinic's steps of 0.25 D. A lens that cannot be made is not
//! refused: it has a [`Warning`] for the people who talk to the customer.

use serde::Serialize;
use strum::VariantArray;

use crate::layout::{self, Decentration};
use crate::material::{DEFAULT_INDEX, MATERIALS, material_of};
use crate::power::Power;
use crate::prescription::{Eye, Lens};
use crate::prism::{Prism, PrismFigures, Side};
use crate::surface::{self, Thickness};
use crate::tolerance::{Imbalance, State, Tolerance};
use crate::units::{hundredths, tenths};

/// The distance from cornea to lens at which eyes are refracted, if an order names none, in mm.
pub const REFRACTION_DISTANCE_MM: f64 = 12.0;
/// Diameters of the blanks in stock, in mm.
pub const BLANK_DIAMETERS_MM: [f64; 6] = [60.0, 65.0, 70.0, 75.0, 80.0, 85.0];
/// The diameter of a lens if neither the order nor the frame determines one, in mm.
pub const DEFAULT_DIAMETER_MM: f64 = 70.0;
const LARGEST_BLANK_MM: f64 = BLANK_DIAMETERS_MM[BLANK_DIAMETERS_MM.len() - 1];

/// Limits of the machines: beyond them there is a [`Warning`].
mod limits {
    /// Principal powers in dioptres.
    pub(super) const POWER: std::ops::RangeInclusive<f64> = -24.0..=16.0;
    pub(super) const CYLINDER: f64 = 8.0;
    /// The largest prism of the generator, in prism dioptres.
    pub(super) const PRISM: f64 = 12.0;
    /// An ordered base curve that differs more from the rule is unusual.
    pub(super) const BASE_CURVE_OFF_RULE: f64 = 3.0;
    /// The thickest blank less the stock that the generator removes.
    pub(super) const THICKNESS_MM: f64 = 15.0;
    /// The shortest corridor of a progressive lens, from the fitting point to the lower edge.
    pub(super) const PROGRESSIVE_FITTING_HEIGHT_MM: f64 = 14.0;
}

/// How the lenses of a prescription are made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Design {
    /// The lens for each eye it prescribes for, right before left.
    pub eyes: Vec<EyeDesign>,
    /// How far the prism of the mounted pair may be out of balance; none for a single lens, without
    /// a frame, and for contact lenses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance_tolerance: Option<Imbalance>,
}

/// How the lens for one eye is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EyeDesign {
    /// Which eye.
    pub eye: Side,
    /// The ordered power with a cylinder of zero or less.
    pub minus_cylinder: Power,
    /// The ordered sphere plus half the cylinder.
    pub spherical_equivalent: f64,
    /// The power to make, with minus cylinder: the ordered one, compensated for the distance at
    /// which the lens is worn.
    pub compensated: Power,
    /// The same in steps of 0.25 D, for machines and stock that have no finer steps.
    pub stepped: Power,
    /// A spectacle lens; a contact lens has none of this.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub spectacle: Option<SpectacleDesign>,
    /// Why the lens cannot be made as ordered, in the order of [`Warning`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// How a spectacle lens is ground and placed. Prism is ordered and checked at the prism reference
/// point (ISO 13666:2019).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SpectacleDesign {
    /// Position of the prism reference point; none without a frame and a pupillary distance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decentration: Option<Decentration>,
    /// The ordered prism; none if the order has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prescribed_prism: Option<PrismFigures>,
    /// The prism that makes a pair of progressive lenses thinner, the same in both eyes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinning_prism: Option<PrismFigures>,
    /// Both together: the prism to check at the prism reference point; none if both are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_prism: Option<PrismFigures>,
    /// The prism that decentration induces at the centre of the box; none without a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub induced_prism: Option<PrismFigures>,
    /// Name of the material.
    pub material: &'static str,
    /// Nominal curve of the front surface.
    pub base_curve: f64,
    /// Powers of the back surface along the axis and across it; none if the lens cannot be ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_curves: Option<[f64; 2]>,
    /// Diameter of the uncut lens.
    pub diameter_mm: f64,
    /// The smallest diameter from which the shape can be cut; none without a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_blank_mm: Option<f64>,
    /// Thickness of the uncut lens; none if it cannot be ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thickness: Option<Thickness>,
    /// The deviations that inspection accepts.
    pub tolerance: Tolerance,
}

/// Why a lens cannot be made as ordered, or only after a person has checked it. The text form never
/// changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, VariantArray)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Sphere, cylinder or addition is no multiple of an eighth of a dioptre.
    PowerBetweenSteps,
    /// A principal power is beyond the machines.
    PowerOutOfRange,
    /// The cylinder is beyond the machines.
    CylinderOutOfRange,
    /// The prism, with that for thinning, is beyond the generator.
    PrismOutOfRange,
    /// No blank is within a dioptre of the base curve that the rule requires.
    BaseCurveOutOfStock,
    /// The ordered base curve is far from the rule: expect blur away from the centre.
    BaseCurveUnusual,
    /// A surface is too steep to reach the edge of the diameter.
    SurfaceTooSteep,
    /// The back surface is convex somewhere: it touches the lashes, and no concave tool grinds it.
    BackSurfaceConvex,
    /// Thicker than the thickest blank, at the centre or at the edge.
    TooThick,
    /// The pupil is on the temple's side of the centre of the box.
    DecentredOutwards,
    /// The pupil is above the frame.
    FittingHeightOutsideFrame,
    /// The corridor of the progressive lens does not fit below the pupil.
    FittingHeightTooLow,
    /// The ordered diameter is smaller than the frame needs.
    DiameterTooSmall,
    /// No blank in stock is as large as the frame needs.
    NoBlankLargeEnough,
}

/// The design of `lens`.
pub fn design(lens: &Lens<'_>) -> Design {
    let right = lens.right.iter().map(|eye| (eye, Side::Right));
    let left = lens.left.iter().map(|eye| (eye, Side::Left));
    let eyes = right.chain(left).map(|(eye, side)| design_eye(lens, eye, side)).collect();
    Design { eyes, imbalance_tolerance: Imbalance::of(lens) }
}

fn design_eye(lens: &Lens<'_>, eye: &Eye, side: Side) -> EyeDesign {
    let ordered = eye.power();
    let compensated = lens.as_worn(ordered);
    let wanted_base_curve = surface::vogel_base_curve(compensated);
    let spectacle =
        (!lens.is_contact).then(|| spectacle(lens, eye, side, compensated, wanted_base_curve));
    let compensated_in_hundredths = compensated.in_hundredths();
    let warnings =
        warnings(lens, eye, compensated_in_hundredths, spectacle.as_ref(), wanted_base_curve);
    EyeDesign {
        eye: side,
        minus_cylinder: ordered.minus_cylinder().in_hundredths(),
        spherical_equivalent: hundredths(ordered.spherical_equivalent()),
        compensated: compensated_in_hundredths,
        stepped: compensated.in_quarters(),
        spectacle,
        warnings,
    }
}

fn spectacle(
    lens: &Lens<'_>,
    eye: &Eye,
    side: Side,
    compensated: Power,
    wanted_base_curve: f64,
) -> SpectacleDesign {
    let decentration = Decentration::of(lens, eye);
    let prescribed = (eye.prism > 0.0).then(|| Prism::prescribed(eye, side));
    let thinning = Prism::thinning(lens);
    let total = prescribed.into_iter().chain(thinning).reduce(Prism::compounded);
    let induced = decentration
        .map(|to| Prism::by_decentration(compensated, to.in_mm * side.nasal(), to.up_mm));
    let figures = |prism: Prism| prism.figures(side);
    let total_prism = total.map(figures);
    let minimum_blank_mm = decentration
        .zip(lens.frame)
        .map(|(to, frame)| to.minimum_blank_mm(layout::effective_diameter_mm(frame)));

    let material = &MATERIALS[material_of(lens.index)];
    let blank = surface::Blank {
        base_curve: lens
            .base_curve
            .unwrap_or_else(|| surface::stocked_base_curve(wanted_base_curve)),
        index: lens.index.unwrap_or(DEFAULT_INDEX),
        diameter_mm: lens.diameter.unwrap_or_else(|| stocked_diameter_mm(minimum_blank_mm)),
        material,
    };
    // Thinning balances the lower half of a progressive surface, which the form does not have.
    let form = surface::form(compensated, prescribed.map_or(0.0, Prism::amount), &blank);
    let state = if lens.frame.is_some() { State::Mounted } else { State::Uncut };
    let prism = total_prism.map_or(0.0, |prism| prism.amount);
    SpectacleDesign {
        decentration: decentration.map(Decentration::in_tenths),
        prescribed_prism: prescribed.map(figures),
        thinning_prism: thinning.map(figures),
        total_prism,
        induced_prism: induced.map(figures),
        material: material.name,
        base_curve: hundredths(blank.base_curve),
        back_curves: form.map(|form| form.back.map(hundredths)),
        diameter_mm: tenths(blank.diameter_mm),
        minimum_blank_mm: minimum_blank_mm.map(tenths),
        thickness: form.map(|form| form.thickness.in_tenths()),
        tolerance: Tolerance::of(compensated.in_hundredths(), eye, prism, state),
    }
}

impl Lens<'_> {
    /// The power to make, with minus cylinder: `ordered` at the distance of the refraction, moved to
    /// where the lens is worn. A contact lens is worn on the cornea; `vertex_distance` is then where
    /// the eye was refracted, unless there is a distance of the refraction.
    /// Source: Jalie, "The Principles of Ophthalmic Lenses", effectivity.
    pub(crate) fn as_worn(&self, ordered: Power) -> Power {
        let vertex_mm = self.vertex_distance;
        let refraction_mm = self.refraction_distance;
        let closer_mm = if self.is_contact {
            refraction_mm.or(vertex_mm).unwrap_or(REFRACTION_DISTANCE_MM)
        } else {
            let refraction_mm = refraction_mm.unwrap_or(REFRACTION_DISTANCE_MM);
            refraction_mm - vertex_mm.unwrap_or(refraction_mm)
        };
        ordered.minus_cylinder().moved_closer(closer_mm)
    }
}

/// The smallest blank in stock that is large enough, else the largest.
fn stocked_diameter_mm(minimum_blank_mm: Option<f64>) -> f64 {
    let Some(needed_mm) = minimum_blank_mm else { return DEFAULT_DIAMETER_MM };
    let mut diameters_mm = BLANK_DIAMETERS_MM.into_iter();
    diameters_mm.find(|diameter_mm| *diameter_mm >= needed_mm).unwrap_or(LARGEST_BLANK_MM)
}

/// Compares the printed figures with the limits, so that a figure within its limit never has a
/// warning.
fn warnings(
    lens: &Lens<'_>,
    eye: &Eye,
    compensated: Power,
    spectacle: Option<&SpectacleDesign>,
    wanted_base_curve: f64,
) -> Vec<Warning> {
    let is_between_steps = ![eye.sphere, eye.cylinder, eye.addition].into_iter().all(is_on_a_step);
    let Some(design) = spectacle else {
        return is_between_steps.then_some(Warning::PowerBetweenSteps).into_iter().collect();
    };
    let applies = |warning: &Warning| match warning {
        Warning::PowerBetweenSteps => is_between_steps,
        Warning::PowerOutOfRange => {
            let principal = compensated.principal().map(hundredths);
            !principal.iter().all(|power| limits::POWER.contains(power))
        }
        Warning::CylinderOutOfRange => compensated.cylinder.abs() > limits::CYLINDER,
        Warning::PrismOutOfRange => {
            design.total_prism.is_some_and(|prism| prism.amount > limits::PRISM)
        }
        Warning::BaseCurveOutOfStock => {
            lens.base_curve.is_none() && surface::is_beyond_stock(wanted_base_curve)
        }
        Warning::BaseCurveUnusual => lens.base_curve.is_some_and(|ordered| {
            (ordered - wanted_base_curve).abs() > limits::BASE_CURVE_OFF_RULE
        }),
        Warning::SurfaceTooSteep => design.thickness.is_none(),
        Warning::BackSurfaceConvex => {
            design.back_curves.is_some_and(|[along, across]| along.max(across) > 0.0)
        }
        Warning::TooThick => design.thickness.is_some_and(|thickness| {
            thickness.centre_mm.max(thickness.thick_edge_mm) > limits::THICKNESS_MM
        }),
        Warning::DecentredOutwards => design.decentration.is_some_and(|to| to.in_mm < 0.0),
        Warning::FittingHeightOutsideFrame => {
            eye.fitting_height.zip(lens.frame).is_some_and(|(height, frame)| height > frame.height)
        }
        Warning::FittingHeightTooLow => {
            eye.is_progressive()
                && eye
                    .fitting_height
                    .is_some_and(|height| height < limits::PROGRESSIVE_FITTING_HEIGHT_MM)
        }
        Warning::DiameterTooSmall => {
            let needed = design.minimum_blank_mm.zip(lens.diameter);
            needed.is_some_and(|(needed_mm, ordered_mm)| needed_mm > ordered_mm)
        }
        Warning::NoBlankLargeEnough => {
            design.minimum_blank_mm.is_some_and(|needed_mm| needed_mm > LARGEST_BLANK_MM)
        }
    };
    Warning::VARIANTS.iter().copied().filter(applies).collect()
}

/// Whether a power is a multiple of 0.125 D; 0.12, 0.37, 0.62 and 0.87 are such multiples too.
fn is_on_a_step(power: f64) -> bool {
    let eighths = power * 8.0;
    (eighths - eighths.round()).abs() < 0.05
}

#[cfg(test)]
mod tests;
