//! The manifests, unchanged and with deliberate faults: each check has an example that it catches.
//!
//! - `application`: what the manifests expect of `spin.toml`
//! - `catches`: every cross-check with broken examples
//! - `memory`: bytes that an order takes in Redis
//! - `observability`: queries of alerts and dashboard against the metrics
//! - `overlays`: what each overlay is for
//! - `renders`: every kustomization renders and fits the schemas
//! - `rights`: the permissions of the users of Redis
//! - `runs`: Redis and the load test's Job, run here; `server` starts Redis
//! - `scripts`: the scripts, with fakes of the programs that they start
//! - `support`: paths, and the Secrets that exist
//! - `versions`: one set of versions, and what documents promise

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod application;
mod catches;
mod memory;
mod observability;
mod overlays;
mod renders;
mod rights;
mod runs;
mod scripts;
mod server;
mod support;
mod versions;
