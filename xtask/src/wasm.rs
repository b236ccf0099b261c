//! Builds the Wasm files that a manifest names.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::toolchain::{self, Toolchain};
use crate::{node, process, repository};

/// The targets of the app's components and of their dependencies. The second has no system
/// interface, so a dependency imports nothing.
pub(crate) const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];
const WASI: &str = TARGETS[0];
/// How both are optimized. The build commands of `spin.toml` use the same file.
const PROFILE: &str = ".cargo/components.toml";

/// Builds the components of manifests with their dependencies, and prints the size of each file.
pub(crate) fn build(manifests: &[PathBuf]) -> Result<()> {
    let files = all_files(manifests)?;
    let mut targets = TARGETS.to_vec();
    targets.retain(|target| packages(&files, target).next().is_some());
    let toolchain = Toolchain::ensure(&targets)?;
    for target in targets {
        let mut command = toolchain.cargo_build(target);
        command.args(flags(target)).args(packages(&files, target));
        process::run("the build of the Wasm components", &mut command)?;
    }
    for (folder, _) in files.iter().filter_map(|file| file.split_once("/dist/")) {
        node::run(&repository::root().join(folder), "build")?;
    }
    for file in files {
        let size = fs::metadata(repository::root().join(&file))
            .with_context(|| format!("the build made no {file}"))?
            .len();
        println!("{file}  {} KiB", size.div_ceil(1024));
    }
    Ok(())
}

fn all_files(manifests: &[PathBuf]) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for manifest in manifests {
        let what = || format!("failed to read the manifest {}", manifest.display());
        let text = fs::read_to_string(manifest).with_context(what)?;
        files.extend(supervise::wasm_files(&text).with_context(what)?);
    }
    Ok(files)
}

/// The flags for a target. With different flags cargo would compile all macros again.
fn flags(target: &str) -> [&str; 5] {
    ["--release", "--target", target, "--config", PROFILE]
}

/// Flags that name the packages from which cargo builds files for a target.
fn packages(files: &BTreeSet<String>, target: &str) -> impl Iterator<Item = String> {
    let folder = format!("target/{target}/release/");
    files.iter().filter_map(move |file| {
        let name = file.strip_prefix(&folder)?.strip_suffix(".wasm")?;
        Some(format!("--package={}", name.replace('_', "-")))
    })
}

/// Builds the Wasm files that the tests of `local-runtime` run.
pub(crate) fn build_guests(toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(WASI);
    command.args(flags(WASI)).args(["-p", "guests", "--examples"]);
    process::run("the build of the guests", &mut command)
}

/// Runs clippy on the packages that [`build`] names: with others, all macros would be compiled again.
/// Debian's compiler brings no clippy for its standard library.
pub(crate) fn lint(toolchain: &Toolchain, manifests: &[PathBuf]) -> Result<()> {
    if let Toolchain::Debian { .. } = toolchain {
        println!("xtask: no lints of the Wasm components: they need the target of rustup");
        return Ok(());
    }
    let files = all_files(manifests)?;
    for target in TARGETS {
        let mut command = toolchain::cargo("clippy");
        command.args(flags(target)).args(packages(&files, target));
        command.args(["--lib", "--", "-D", "warnings"]);
        process::run("clippy for Wasm", &mut command)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
