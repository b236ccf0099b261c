//! Orders of a manufacturer of optics: what they are, what they cost, when they arrive.
//!
//! - [`order`]: the order format and its parser, [`order::Order::parse`]
//! - [`complexity`]: how much work an order is, as a score with named reasons; [`Lane`] follows
//! - [`pricing`], [`promise`], [`confirmation`]: the answer to the customer
//! - [`route`] and [`fulfil`]: the two steps of an order through the pipeline, from bytes to bytes
//!
//! Everything is a pure function of its arguments: the same order and times give the same bytes in
//! Wasm, in native programs and in tests. Absent: Spin, Redis, clocks, random numbers.

#![forbid(unsafe_code)]

pub mod complexity;
pub mod confirmation;
mod lane;
pub mod order;
#[cfg(feature = "pipeline")]
pub mod pipeline;
pub mod pricing;
pub mod promise;
mod steps;
#[cfg(test)]
mod tests;

pub use lane::Lane;
pub use order::{MAX_ORDER_BYTES, ids_of};
pub use promise::Times;
pub use steps::{Fulfilled, Rejected, Routing, fulfil, read_note, route};

/// The country of the factory and of the seller.
const HOME: &str = "DE";
/// The default name of the queue.
pub const QUEUE: &str = "orders";
/// The default score from which on an order is complex.
pub const DEFAULT_COMPLEXITY_THRESHOLD: u32 = 50;
/// The highest such score that a program accepts; the lowest is 1.
pub const MAX_COMPLEXITY_THRESHOLD: u32 = 1_000_000;
