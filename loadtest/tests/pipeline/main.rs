//! `loadtest` on the pipeline as it ships: the Wasm components of `spin.toml`, run by
//! local-runtime, on a real Redis.
//!
//! - `bursts`: what the loadtest reports, and that it detects a faulty pipeline
//! - `chaos`: everything is killed under load
//! - `report_text`, `report_page`, `report_schema`, `report_compare`: how a run is reported, with
//!   `a_report` for modelled runs
//! - `shapes`: every shape of load by both doors, and runs that are disturbed
//! - `clocks`: a clock of Redis that drifts
//! - `commands`: exit codes and errors, where no app is needed
//! - `versus`: Wasm and native service in turn
//! - `support`: loads on a running app

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod a_report;
mod bursts;
mod chaos;
mod clocks;
mod commands;
mod report_compare;
mod report_page;
mod report_schema;
mod report_text;
mod shapes;
mod support;
mod versus;
