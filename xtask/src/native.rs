//! Builds the native programs, all with the one profile that the tests use as well.

use std::process::Command;

use anyhow::Result;

use crate::repository::Repository;
use crate::{process, toolchain, wasm};

/// `cargo build --release` of the named packages.
pub(crate) fn build(repository: &Repository, packages: &[&str]) -> Result<()> {
    let mut command = toolchain::cargo(repository, "build");
    command.arg("--release");
    for package in packages {
        command.args(["-p", package]);
    }
    process::run(&format!("the build of {}", packages.join(", ")), &mut command)
}

/// Everything that the tests need, programs included.
///
/// The tests' own dependencies are part of the build, as they are when the tests run: without them
/// cargo would choose other features for packages that both use, and compile those, wasmtime among
/// them, twice.
pub(crate) fn build_for_tests(repository: &Repository) -> Result<()> {
    let mut command = toolchain::cargo(repository, "build");
    command.args(["--release", "--bins", "--tests"]);
    select_workspace(&mut command);
    process::run("the build of the native programs and tests", &mut command)
}

/// Runs clippy on everything native, tests included.
pub(crate) fn lint(repository: &Repository) -> Result<()> {
    let mut command = toolchain::cargo(repository, "clippy");
    command.args(["--release", "--all-targets"]);
    select_workspace(&mut command);
    process::run("clippy", command.args(["--", "-D", "warnings"]))
}

/// Selects all packages but those that are of use in Wasm only.
pub(crate) fn select_workspace(command: &mut Command) {
    command.arg("--workspace");
    for package in wasm::WASM_ONLY {
        command.args(["--exclude", package]);
    }
}
