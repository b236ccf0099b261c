//! A prescription and how its lenses are made, as ordered.

use std::borrow::Cow;

use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::power::Power;

/// A prescription for one eye or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lens<'a> {
    /// Whether it is worn on the cornea. A contact lens has only the fields of a refraction.
    pub is_contact: bool,
    /// The right eye.
    pub right: Option<Eye>,
    /// The left eye.
    pub left: Option<Eye>,
    /// Refractive index of the material, 1.4 to 2.0.
    pub index: Option<f64>,
    /// Diameter of the uncut lens in mm, 40 to 90.
    pub diameter: Option<f64>,
    /// Base curve in dioptres, 0 to 12.
    pub base_curve: Option<f64>,
    /// Each coating at most once.
    pub coatings: Vec<Coating>,
    /// Tint by name.
    pub tint: Option<Cow<'a, str>>,
    /// Distance from the cornea to the back of the lens as worn in mm, 5 to 25.
    pub vertex_distance: Option<f64>,
    /// Distance from the cornea to the lens of the refraction in mm, 5 to 25.
    pub refraction_distance: Option<f64>,
    /// Distance between the pupils in mm, 40 to 85.
    pub pupillary_distance: Option<f64>,
    /// How far the fitting cross of a progressive design is above its prism reference point in mm,
    /// 0 to 10.
    pub fitting_cross_offset: Option<f64>,
    /// The frame the lenses go into.
    pub frame: Option<Frame>,
}

/// The prescription of one eye.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Eye {
    /// Sphere in dioptres, -30 to +30.
    pub sphere: f64,
    /// Cylinder in dioptres, -12 to +12; 0 if the order has none.
    pub cylinder: f64,
    /// Axis of the cylinder in degrees, 0 to 180; 0 if there is no cylinder.
    pub axis: f64,
    /// Near addition in dioptres, 0 to 4; 0 for a lens of one power.
    pub addition: f64,
    /// Prescribed prism in prism dioptres, 0 to 20; 0 if the order has none.
    pub prism: f64,
    /// Where the base of the prism points; present when `prism` is not 0.
    pub base: Option<PrismBase>,
    /// Height of the pupil above the lower edge of the boxed lens in mm, 5 to 60.
    pub fitting_height: Option<f64>,
    /// Distance from the middle of the nose to the pupil in mm, 20 to 45.
    pub monocular_pupillary_distance: Option<f64>,
}

/// A frame by the boxing system, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width of the boxed lens (A), 20 to 80.
    pub width: f64,
    /// Height of the boxed lens (B), 10 to 70.
    pub height: f64,
    /// Distance between the boxed lenses (DBL), 5 to 40.
    pub bridge: f64,
}

/// Where the base of a prism points, as the wearer sees it.
#[derive(Debug, Clone, Copy, PartialEq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum PrismBase {
    /// Towards the nose.
    In,
    /// Towards the temple.
    Out,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// In degrees of the standard notation, 0 to 360, counted like the cylinder's axis.
    #[strum(disabled)]
    Degrees(f64),
}

/// A coating or another finish of a lens, by the name in an order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "camelCase")]
pub enum Coating {
    /// Scratch resistance.
    Hard,
    /// Against reflections.
    AntiReflective,
    /// Water runs off.
    SuperHydrophobic,
    /// Absorbs blue light.
    BlueFilter,
    /// A mirror on the front.
    Mirror,
    /// Darkens in sunlight.
    Photochromic,
    /// Blocks polarized glare.
    Polarized,
}

impl Lens<'_> {
    /// The eyes it prescribes for, right before left.
    pub fn eyes(&self) -> impl Iterator<Item = &Eye> {
        self.right.iter().chain(&self.left)
    }
}

impl Eye {
    /// The ordered power.
    pub fn power(&self) -> Power {
        Power::new(self.sphere, self.cylinder, self.axis)
    }

    /// Whether the lens has an addition.
    pub fn is_progressive(&self) -> bool {
        self.addition > 0.0
    }
}

impl Coating {
    /// The name in an order.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the factory applies it; the others are properties of the blank.
    pub(crate) fn is_applied(self) -> bool {
        use Coating::{AntiReflective, Hard, Mirror, SuperHydrophobic};
        matches!(self, Hard | AntiReflective | SuperHydrophobic | Mirror)
    }
}
