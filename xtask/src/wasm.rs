//! Builds the Wasm files, and checks that they lie where `spin.toml` looks for them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;
use crate::toolchain::Toolchain;
use crate::{process, toolchain};

/// The Wasm components of the app.
const COMPONENTS: [&str; 4] = ["distributor", "receiver-simple", "receiver-complex", "orders-api"];
/// How they are optimized, as the build commands of `spin.toml` say as well.
const PROFILE: &str = ".cargo/components.toml";
/// The Wasm files that the tests of `local-runtime` run.
const GUESTS: &str = "guests";
/// The packages that are of use in Wasm only; native builds and tests leave them out.
pub(crate) const WASM_ONLY: [&str; 5] =
    ["distributor", "receiver-simple", "receiver-complex", "worker", "guests"];

/// Builds the components in one call and prints the size of each file that `spin.toml` names.
///
/// # Errors
/// When the build fails, or a named file is not there after it.
pub(crate) fn build(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(repository);
    command.args(["--config", PROFILE]);
    for component in COMPONENTS {
        command.args(["-p", component]);
    }
    process::run("the build of the Wasm components", &mut command)?;
    check_sources(repository)
}

/// Builds the guests.
pub(crate) fn build_guests(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(repository);
    command.args(["-p", GUESTS, "--examples"]);
    process::run("the build of the guests", &mut command)
}

/// Runs clippy on what is compiled for Wasm only. Debian's compiler brings no clippy for its
/// standard library.
pub(crate) fn lint(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    if let Toolchain::Debian(_) = toolchain {
        println!("xtask: no lints of the Wasm components: they need the target of rustup");
        return Ok(());
    }
    let mut command = toolchain::cargo(repository, "clippy");
    command.args(["--release", "--target", "wasm32-wasip1", "--config", PROFILE]);
    command.args(["-p", "orders-api", "--lib"]);
    // The guests hold little but generated bindings.
    for package in WASM_ONLY.into_iter().filter(|package| *package != GUESTS) {
        command.args(["-p", package]);
    }
    process::run("clippy for Wasm", command.args(["--", "-D", "warnings"]))
}

fn check_sources(repository: &Repository) -> Result<()> {
    let manifest = repository.spin_toml();
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("failed to read {}", manifest.display()))?;
    let sources =
        sources(&text).with_context(|| format!("failed to parse {}", manifest.display()))?;
    let mut missing = Vec::new();
    let mut printed: Vec<&str> = Vec::new();
    for (component, source) in &sources {
        match fs::metadata(repository.root().join(source)) {
            // Two components may share a file.
            Ok(_) if printed.contains(&source.as_str()) => {}
            Ok(file) => {
                println!("{source}  {} KB", file.len().div_ceil(1000));
                printed.push(source);
            }
            Err(error) => missing.push(format!("{source} of component {component} ({error})")),
        }
    }
    if !missing.is_empty() {
        bail!("spin.toml names files that the build did not make: {}", missing.join(", "));
    }
    Ok(())
}

/// The component ids and the local files of a Spin manifest; a source that is downloaded is left
/// out.
fn sources(manifest: &str) -> Result<Vec<(String, String)>> {
    let manifest: toml::Table = manifest.parse()?;
    let components = manifest
        .get("component")
        .and_then(toml::Value::as_table)
        .context("it has no table `component`")?;
    let mut sources = Vec::new();
    for (id, component) in components {
        match component.get("source") {
            Some(toml::Value::String(source)) => sources.push((id.clone(), source.clone())),
            Some(toml::Value::Table(_)) => {}
            _ => bail!("component {id} has no `source`"),
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_local_source_of_a_manifest_is_found() {
        let manifest = r#"
            spin_manifest_version = 2
            [[trigger.http]]
            route = "/orders"
            component = "orders-api"
            [component.orders-api]
            source = "target/a.wasm"
            [component.distributor]
            source = "target/a.wasm"
            [component.remote]
            source = { url = "https://example.com/x.wasm", digest = "sha256:00" }
        "#;
        let mut found = sources(manifest).unwrap();
        found.sort();
        let expected = [("distributor", "target/a.wasm"), ("orders-api", "target/a.wasm")];
        assert_eq!(found, expected.map(|(id, source)| (id.to_owned(), source.to_owned())));
    }

    #[test]
    fn a_component_without_a_source_is_named() {
        let error = sources("[component.receiver]\nkey = 1").unwrap_err();
        assert!(error.to_string().contains("receiver"), "{error:#}");
    }

    #[test]
    fn a_manifest_without_components_is_refused() {
        assert!(sources("spin_manifest_version = 2").is_err());
        assert!(sources("not toml").is_err());
    }
}
