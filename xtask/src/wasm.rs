//! Builds the Wasm files.

use std::fs;

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::toolchain::Toolchain;
use crate::{process, toolchain};

/// The Wasm components of the app.
const COMPONENTS: [&str; 4] = ["distributor", "receiver-simple", "receiver-complex", "orders-api"];
/// How they are optimized, as the build commands of `spin.toml` say as well.
const PROFILE: &str = ".cargo/components.toml";

/// Builds the components in one call and prints the size of each.
///
/// # Errors
/// When the build fails.
pub(crate) fn build(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(repository);
    command.args(["--config", PROFILE]);
    for component in COMPONENTS {
        command.args(["-p", component]);
    }
    process::run("the build of the Wasm components", &mut command)?;
    for component in COMPONENTS {
        let file = format!("target/wasm32-wasip1/release/{}.wasm", component.replace('-', "_"));
        let size = fs::metadata(repository.root().join(&file))
            .with_context(|| format!("the build made no {file}"))?
            .len();
        println!("{file}  {} KB", size.div_ceil(1000));
    }
    Ok(())
}

/// Builds the Wasm files that the tests of `local-runtime` run.
pub(crate) fn build_guests(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let mut command = toolchain.cargo_build(repository);
    process::run("the build of the guests", command.args(["-p", "guests", "--examples"]))
}

/// Runs clippy on what is compiled for Wasm only, but for the guests, which hold little but
/// generated bindings. Debian's compiler brings no clippy for its standard library.
pub(crate) fn lint(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    if let Toolchain::Debian(_) = toolchain {
        println!("xtask: no lints of the Wasm components: they need the target of rustup");
        return Ok(());
    }
    let mut command = toolchain::cargo(repository, "clippy");
    command.args(["--release", "--target", "wasm32-wasip1", "--config", PROFILE]);
    command.args(["-p", "worker", "-p", "orders-api", "--lib"]);
    for component in &COMPONENTS[..3] {
        command.args(["-p", component]);
    }
    process::run("clippy for Wasm", command.args(["--", "-D", "warnings"]))
}
