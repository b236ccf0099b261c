//! Runs a `spin.toml` (manifest version 2) on wasmtime where the `spin` CLI is missing.
//!
//! Supported features behave as in Spin. Unsupported fields are refused by name before anything
//! listens. The README lists the deliberate differences.

pub mod cli;

mod app;
mod bindings;
mod cache;
mod component;
mod compose;
mod engine;
mod hosts;
mod http_trigger;
mod instance;
mod manifest;
mod metering;
mod outbound_http;
mod outbound_redis;
mod output;
mod redis_trigger;
mod redis_value;
mod router;
mod up;
mod variables;

pub use up::up;
