//! Builds the native programs.

use anyhow::Result;

use crate::{process, repository, toolchain};

/// Always built together once both exist, because cargo unifies features over the selected
/// packages, and another selection would compile wasmtime again.
const TOGETHER: [&str; 2] = ["loadtest", "local-runtime"];

/// `cargo build --release` of the named packages.
pub(crate) fn build(packages: &[&str]) -> Result<()> {
    let is_built = |package: &&str| repository::program(package).exists();
    let mut packages = packages.to_vec();
    if packages.iter().any(|package| TOGETHER.contains(package)) && TOGETHER.iter().all(is_built) {
        packages.extend(TOGETHER);
    }
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    if !packages.iter().all(is_built) {
        println!("building {} once, which takes some minutes", packages.join(" and "));
    }
    let mut command = toolchain::cargo("build");
    command.arg("--release");
    command.args(packages.iter().map(|package| format!("--package={package}")));
    process::run(&format!("the build of {}", packages.join(", ")), &mut command)
}

/// Runs the test that compares tables with their reports, and makes it write them.
pub(crate) fn write_figures() -> Result<()> {
    let mut command = toolchain::cargo("test");
    command.args(["--release", "-p", "xtask", "--test", "figures"]).env("UPDATE_FIGURES", "1");
    process::run("the writing of tables", &mut command)
}

#[cfg(test)]
mod tests;
