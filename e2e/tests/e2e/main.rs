//! The app as it ships: the real Wasm components of `spin.toml` on a real Redis, its API and its
//! dashboard.
//!
//! - `api`: the HTTP API
//! - `bad_input`: broken orders by XADD and by the API
//! - `bad_redis`: Redis in every bad state; `proxy` makes it slow, loading or deaf
//! - `dashboard`: the page at `/`, in the browser that `browser` drives
//! - `dead_letters`: looked at and redriven
//! - `deaf`: workers that do not hear their bell
//! - `logs`: lines of workers, levels, and traces from request to confirmation
//! - `metrics`: the measured numbers add up
//! - `migration`: components and native service on the same streams
//! - `openapi`: the API against its own document
//! - `outage`: Redis becomes unavailable and recovers
//! - `pauses`: streams are paused and resumed under load
//! - `poison`: orders that crash their component
//! - `readme`: the commands of the front pages, run or checked
//! - `receivers`: what must not differ between the receivers in Rust and in TypeScript
//! - `security`: who may see and change orders, and which values are never shown
//! - `sizes`: of the Wasm files

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod api;
mod bad_input;
mod bad_redis;
mod browser;
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
mod receivers;
mod security;
mod sizes;
