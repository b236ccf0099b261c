//! Checks of the manifests without a cluster.
//!
//! - [`render`]: what `kubectl kustomize` prints
//! - [`schema`]: every object against the schema of its kind, without unknown fields
//! - [`checks`]: what schemas cannot express: whether names, references, ports and variables fit

pub mod application;
pub mod checks;
pub mod object;
pub mod render;
pub mod schema;
