//! Builds the Wasm files that a manifest names.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::toolchain::{self, Toolchain};
use crate::{node, process, repository};

/// The target of the app's components, and that of their dependencies: it has no system, so they can
/// import nothing.
pub(crate) const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];
const WASI: &str = TARGETS[0];
/// How both are optimized, as the build commands of `spin.toml` say as well.
const PROFILE: &str = ".cargo/components.toml";

/// Builds the components of manifests with their dependencies, and prints the size of each file.
///
/// # Errors
/// When a manifest can't be read, a tool is missing, or the build fails.
pub(crate) fn build(manifests: &[PathBuf]) -> Result<()> {
    let mut files = BTreeSet::new();
    for manifest in manifests {
        let what = || format!("failed to read the manifest {}", manifest.display());
        let text = fs::read_to_string(manifest).with_context(what)?;
        files.extend(files_of(&text).with_context(what)?);
    }
    let packages = |target| files.iter().filter_map(move |file| package(file, target));
    let mut targets = TARGETS.to_vec();
    targets.retain(|target| packages(target).next().is_some());
    let toolchain = Toolchain::ensure(&targets)?;
    for target in targets {
        let mut command = toolchain.cargo_build(target);
        command.args(["--config", PROFILE]);
        command.args(packages(target).map(|package| format!("--package={package}")));
        process::run("the build of the Wasm components", &mut command)?;
    }
    for (folder, _) in files.iter().filter_map(|file| file.split_once("/dist/")) {
        node::run(&repository::root().join(folder), "build")?;
    }
    for file in files {
        let size = fs::metadata(repository::root().join(&file))
            .with_context(|| format!("the build made no {file}"))?
            .len();
        println!("{file}  {} KB", size.div_ceil(1000));
    }
    Ok(())
}

/// The files of a manifest's components and of their dependencies.
fn files_of(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let table = |table: &toml::Table, field| table.get(field)?.as_table().cloned();
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let mut files = Vec::new();
    for (_, component) in table(&manifest, "component").unwrap_or_default() {
        files.extend(component.get("source").and_then(text));
        let dependencies = component.as_table().and_then(|fields| table(fields, "dependencies"));
        for (_, dependency) in dependencies.unwrap_or_default() {
            files.extend(dependency.get("path").and_then(text));
        }
    }
    Ok(files)
}

/// The package that cargo builds a file from, if it does so for a target.
fn package(file: &str, target: &str) -> Option<String> {
    let name = file.strip_prefix(&format!("target/{target}/release/"))?.strip_suffix(".wasm")?;
    Some(name.replace('_', "-"))
}

/// Builds the Wasm files that the tests of `local-runtime` run.
pub(crate) fn build_guests(toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(WASI);
    process::run("the build of the guests", command.args(["-p", "guests", "--examples"]))
}

/// Runs clippy on what is compiled for Wasm only, but for the guests, which hold little but
/// generated bindings. Debian's compiler brings no clippy for its standard library.
pub(crate) fn lint(toolchain: &Toolchain) -> Result<()> {
    if let Toolchain::Debian { .. } = toolchain {
        println!("xtask: no lints of the Wasm components: they need the target of rustup");
        return Ok(());
    }
    let mut command = toolchain::cargo("clippy");
    command.args(["--release", "--target", WASI, "--config", PROFILE, "--lib"]);
    command.args(["-p", "worker", "-p", "orders-api", "-p", "orders-component"]);
    command.args(["-p", "distributor", "-p", "receiver-simple", "-p", "receiver-complex"]);
    process::run("clippy for Wasm", command.args(["--", "-D", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_the_files_of_its_components_and_of_their_dependencies() {
        let files = files_of(include_str!("../../spin.typescript.toml")).unwrap();
        let built =
            |target| files.iter().filter_map(|file| package(file, target)).collect::<Vec<_>>();
        assert_eq!(built(WASI), ["distributor", "orders-api", "receiver-complex"]);
        assert_eq!(built(TARGETS[1]), ["orders-component"]);
        assert_eq!(files.len(), 5, "and the one of TypeScript: {files:?}");
        let url = "[component.a]\nsource = { url = \"https://example.com/a.wasm\" }";
        assert!(files_of(url).unwrap().is_empty(), "nothing to build");
    }
}
