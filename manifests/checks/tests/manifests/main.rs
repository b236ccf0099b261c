//! The manifests as they are, and broken on purpose: each check has an example that it catches.
//!
//! - `application`: what the manifests expect of `spin.toml`
//! - `catches`: every cross-check with broken examples
//! - `memory`: bytes that an order takes in Redis
//! - `observability`: queries of alerts and dashboard against the metrics
//! - `overlays`: what each overlay is for, and the scripts
//! - `renders`: every kustomization renders and fits the schemas; `renderer` tests the renderer
//! - `rights`: the users of Redis
//! - `runs`: Redis and the load test's Job, run here; `server` starts Redis
//! - `support`: paths, and the Secrets that exist

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod application;
mod catches;
mod memory;
mod observability;
mod overlays;
mod renderer;
mod renders;
mod rights;
mod runs;
mod server;
mod support;
