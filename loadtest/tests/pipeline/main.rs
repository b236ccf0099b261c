//! The pipeline as it ships: the real Wasm components of `spin.toml`, run by local-runtime, on a
//! real Redis.
//!
//! - `bursts`: what the loadtest reports, and that it can tell a bad pipeline from a good one
//! - `bad_input`: broken orders by XADD and by the API
//! - `api`: the HTTP API
//! - `chaos`: everything is killed under load
//! - `dashboard`: the page at `/`, in the browser that `browser` drives
//! - `deaf`: workers that do not hear their bell
//! - `dead_letters`: looked at, redriven, discarded
//! - `bad_redis`: Redis in every bad state; `proxy` is what makes it slow, loading or deaf
//! - `logs`: lines of workers, levels, and traces from request to confirmation
//! - `metrics`: what is measured adds up, and Prometheus can read it
//! - `migration`: components and native service on the same streams
//! - `openapi`: the API against its own document
//! - `outage`: Redis goes away and comes back
//! - `pauses`: streams are paused and resumed under load
//! - `poison`: orders that their component does not survive
//! - `report_text`, `report_page`, `report_schema`, `report_compare`: how a run is told, with
//!   `a_report` for runs that never were
//! - `readme`: the tour, pasted into a shell
//! - `security`: who may see and change orders, and what nobody may see
//! - `shapes`: every shape of load by both doors, and runs that are disturbed
//! - `versus`, `cold_start`: Wasm and native service in turn, and how they start
//! - `support`: the app on free ports, stopped when a test ends

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod a_report;
mod api;
mod bad_input;
mod bad_redis;
mod browser;
mod bursts;
mod chaos;
mod cold_start;
mod dashboard;
mod dead_letters;
mod deaf;
mod logs;
mod metrics;
mod migration;
mod openapi;
mod outage;
mod pauses;
mod poison;
mod proxy;
mod readme;
mod report_compare;
mod report_page;
mod report_schema;
mod report_text;
mod security;
mod shapes;
mod support;
mod versus;
