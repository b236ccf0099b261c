//! Renders a kustomization by `kubectl kustomize`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;

use crate::object::Object;

/// Where `cargo xtask` puts kubectl if the `PATH` has none that is new enough.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/kubectl/kubectl");

/// The program.
pub fn kubectl() -> &'static str {
    if Path::new(OWN).exists() { OWN } else { "kubectl" }
}

/// Renders the kustomization in a folder, in the order in which kubectl applies it.
///
/// # Errors
/// When kubectl is missing, fails or warns.
pub fn render(folder: &Path) -> Result<Vec<Object>> {
    let output = Command::new(kubectl()).arg("kustomize").arg(folder).output();
    let output = output.context("kubectl is missing: `cargo xtask test` installs it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let folder = folder.display();
    ensure!(output.status.success() && said.is_empty(), "failed to render {folder}: {said}");
    let objects = documents(std::str::from_utf8(&output.stdout)?)?;
    Ok(objects.into_iter().map(Object).collect())
}

/// Reads YAML documents. A duplicate key is an error.
pub(crate) fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    Ok(serde_saphyr::from_multiple(text)?)
}
