//! Builds the native programs, all with the one profile that the tests use as well.

use anyhow::Result;

use crate::process;
use crate::repository::Repository;
use crate::toolchain;

/// `cargo build --release` of the named packages.
pub(crate) fn build(repository: &Repository, packages: &[&str]) -> Result<()> {
    let mut command = toolchain::cargo(repository, "build");
    command.arg("--release");
    for package in packages {
        command.args(["-p", package]);
    }
    process::run(&format!("the build of {}", packages.join(", ")), &mut command)
}
