//! Checks of the manifests without a cluster.
//!
//! - [`render`]: what `kubectl kustomize` would print
//! - [`schema`]: every object against the schema of its kind, unknown fields refused
//! - [`checks`]: what no schema can know: names, references, ports and variables that have to fit each other
//!
//! What a cluster makes of valid objects is not known here: no admission, no scheduling, no image is pulled.

pub mod application;
pub mod checks;
pub mod object;
pub mod render;
pub mod schema;
