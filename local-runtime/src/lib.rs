//! Replaces the `spin` CLI where it is not installed: loads a `spin.toml` (manifest version 2) and runs
//! its components on wasmtime, with the HTTP and the Redis trigger.
//!
//! People write for Spin, so what is supported behaves as Spin does, and what is not is refused by
//! name before anything listens. The deliberate differences are listed in this package's README.
//! There is no plugin, no registry, no key-value store or database, and no TLS here.

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
