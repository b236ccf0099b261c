//! `local-runtime up` as users run it: the real program, real guests, a real Redis.
//!
//! - `http`: the HTTP trigger; `redis_trigger`: the Redis trigger; `outbound_redis`: what a
//!   component does with Redis
//! - `manifest`: what is refused, and how it is said; `variables`: values and templates
//! - `dependencies`: components composed of several, and the domain of orders as one
//! - `world`: what an instance can access; `limits`: memory and time; `lifecycle`: start, cache,
//!   figures, end

#![allow(
    clippy::assigning_clones,
    clippy::large_stack_arrays,
    clippy::unnecessary_debug_formatting,
    clippy::unused_self,
    reason = "plain helpers of tests"
)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod dependencies;
mod http;
mod lifecycle;
mod limits;
mod manifest;
mod outbound_redis;
mod redis_trigger;
mod support;
mod variables;
mod world;
