//! The program as it is put into a container: the binary on a private Redis, and the Dockerfiles around it.
//!
//! - `dockerfiles`: the images, as far as they can be checked without building one
//! - `settings`: flags, environment, and the errors for wrong ones
//! - `signals`: ready, stopped, and what is left behind
//! - `work`: roles, outages, the tick, the probe
//! - `support`: a running service, killed when a test ends

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod dockerfiles;
mod settings;
mod signals;
mod support;
mod work;
