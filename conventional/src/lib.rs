//! The pipeline as an always-on native service: the baseline that the Wasm components are compared with.
//!
//! - [`connection`]: the port of `shared` to Redis, by the `redis` crate; every native program and test uses it
//! - [`cli`]: flags and environment
//! - [`worker`]: one role that waits for its bell and drains
//! - [`service`]: the workers of one process, from ready to stopped
//! - [`check`](mod@check): what a probe asks
//!
//! Queue, scripts, decisions and the ranges of settings are those of `shared`, unchanged; only what surrounds a drain differs from
//! Spin. It drains as the consumer `conventional`, and may do so beside the components.

pub mod check;
pub mod cli;
pub mod connection;
pub mod service;
pub mod worker;
