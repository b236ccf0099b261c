//! What the order pipeline knows, free of where it runs.
//!
//! - [`order`]: the order as it is sent, and [`order::Order::parse`], the only door to it
//! - [`complexity`]: how much work an order is, as a score with named reasons
//! - [`pricing`], [`promise`] and [`confirmation`]: what the customer is told
//! - [`control`]: the body of a request to pause or resume a stream
//! - [`intake`]: the body of a request, taken apart into orders
//! - [`lens`] and [`plan`]: how prescriptions are made, and how long that takes
//! - [`journal`]: what a worker writes into its log
//! - [`metrics`]: what is measured, as a page for Prometheus
//! - [`problem`]: every way in which the HTTP API says no
//! - [`queue`]: the streams in Redis; keys, scripts, enqueue, drain, look-ups
//! - [`roles`]: what distributor and receivers decide for one entry
//! - [`settings`]: the variables of `spin.toml`, read and checked in one place
//! - [`trace`]: the trace context that orders carry
//!
//! Absent on purpose: Spin, sockets, clocks, random numbers. Commands go out through [`queue::Execute`], time comes
//! in as a value, so the same code runs in Wasm, in the native baseline and in tests.

pub mod complexity;
pub mod confirmation;
pub mod control;
#[cfg(test)]
mod domain_docs;
pub mod intake;
pub mod journal;
pub mod lens;
pub mod metrics;
#[cfg(test)]
mod openapi_doc;
pub mod order;
pub mod plan;
pub mod pricing;
pub mod problem;
pub mod promise;
pub mod queue;
pub mod roles;
#[cfg(test)]
mod schemas;
pub mod settings;
pub mod trace;
