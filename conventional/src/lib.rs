//! The pipeline as an always-on native service: the baseline that the Wasm components are compared with.
//!
//! - [`connection`]: the port of `shared` to Redis, by the `redis` crate; every native program and test uses it
//! - [`worker`]: one role that waits for its bell and drains
//!
//! Queue, scripts and decisions are those of `shared`, unchanged; only what surrounds a drain differs from Spin.

pub mod connection;
pub mod worker;
