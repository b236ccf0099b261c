//! The manifests as they are, and broken on purpose: each check has an example that it catches.
//!
//! - `catches`: every cross-check, with what it is there for
//! - `observability`: what Prometheus and Grafana are told, held against the metrics there are
//! - `overlays`: what each overlay is for, and the scripts
//! - `renders`: every kustomization renders and fits the schemas; `renderer` is about what renders them
//! - `runs`: Redis, the Jobs and the scripts of the manifests, run here
//! - `support`: where things are, and the Secrets that exist

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod catches;
mod observability;
mod overlays;
mod renderer;
mod renders;
mod runs;
mod support;
