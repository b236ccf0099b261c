//! The ranges of numbers in an order, in the units of [`super::Order`]'s fields, for the parser and
//! the JSON Schema.

use std::ops::RangeInclusive;

pub(super) type Range = RangeInclusive<f64>;

/// Whole numbers up to this are exact in an `f64`.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;
pub(super) const ORDER_ITEM_ID: Range = -MAX_SAFE..=MAX_SAFE;
pub(super) const QUANTITY: Range = 0.0..=super::MAX_QUANTITY as f64;
/// The most digits after the point of a price.
pub(super) const MAX_AMOUNT_SCALE: usize = 10;
/// The highest price.
pub(super) const MAX_AMOUNT: u64 = 1_000_000_000;

pub(super) const SPHERE: Range = -30.0..=30.0;
pub(super) const CYLINDER: Range = -12.0..=12.0;
pub(super) const AXIS: Range = 0.0..=180.0;
pub(super) const ADDITION: Range = 0.0..=4.0;
pub(super) const PRISM: Range = 0.0..=20.0;
pub(super) const PRISM_BASE: Range = 0.0..=360.0;
pub(super) const FITTING_HEIGHT: Range = 5.0..=60.0;
pub(super) const MONOCULAR_PUPILLARY_DISTANCE: Range = 20.0..=45.0;

pub(super) const INDEX: Range = 1.4..=2.0;
pub(super) const DIAMETER: Range = 40.0..=90.0;
pub(super) const BASE_CURVE: Range = 0.0..=12.0;
pub(super) const VERTEX_DISTANCE: Range = 5.0..=25.0;
pub(super) const REFRACTION_DISTANCE: Range = 5.0..=25.0;
pub(super) const PUPILLARY_DISTANCE: Range = 40.0..=85.0;
pub(super) const FITTING_CROSS_OFFSET: Range = 0.0..=10.0;

pub(super) const FRAME_WIDTH: Range = 20.0..=80.0;
pub(super) const FRAME_HEIGHT: Range = 10.0..=70.0;
pub(super) const FRAME_BRIDGE: Range = 5.0..=40.0;
