//! Lens design and production plan: pure functions of a prescription.
//!
//! - `prescription`: what a customer orders: [`Lens`], [`Eye`], [`Frame`], [`Coating`]
//! - `design`: how the lens for each eye is made, with `power` (forms of the power, vertex
//!   compensation), `prism` (resolving, compounding, Prentice), `layout` (decentration and blank
//!   size by the boxing system), `material` and `surface` (base curve, sagitta, thickness),
//!   `tolerance` (what inspection accepts)
//! - `plan`: the production steps of an order, and their minutes
//! - [`stock`]: which finished lenses are in stock
//!
//! The caller checks the ranges of the numbers. Lengths are in mm, powers in dioptres, prisms in
//! prism dioptres, angles in degrees. Absent: orders, prices, dates.

#![forbid(unsafe_code)]

mod design;
mod layout;
mod material;
mod plan;
mod power;
mod prescription;
mod prism;
pub mod stock;
mod surface;
#[cfg(test)]
mod tests;
mod tolerance;
mod units;

pub use design::{
    BLANK_DIAMETERS_MM, DEFAULT_DIAMETER_MM, Design, EyeDesign, REFRACTION_DISTANCE_MM,
    SpectacleDesign, Warning, design,
};
pub use layout::Decentration;
pub use material::{MATERIALS, Material, material_of};
pub use plan::{PLAN_TABLE, Plan, PlannedStep, Step, plan};
pub use power::Power;
pub use prescription::{Coating, Eye, Frame, Lens, PrismBase};
pub use prism::{PrismFigures, Side};
pub use surface::Thickness;
pub use tolerance::{Imbalance, State, Tolerance, UncutTolerance};
