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
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;

    /// Packages with the features that they have in programs. Build scripts and macros are left
    /// out: what is built for them may have fewer.
    fn tree(edges: &str, packages: &[&str]) -> BTreeSet<String> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--format",
            "{p} [{f}]",
            "--edges",
            edges,
        ]);
        for package in packages {
            cargo.args(["-p", package]);
        }
        let output =
            cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    }

    #[test]
    fn a_burst_and_the_tests_compile_every_package_with_the_same_features() {
        let tests = tree("normal,dev,no-proc-macro", &[]);
        let burst = tree("normal,no-proc-macro", &TOGETHER);
        assert!(burst.len() > 200, "{burst:?}");
        let again: Vec<_> = burst.difference(&tests).collect();
        assert!(again.is_empty(), "these and what uses them are compiled twice: {again:#?}");
    }
}
