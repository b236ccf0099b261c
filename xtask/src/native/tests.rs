use std::collections::BTreeSet;
use std::process::Command;

use super::*;

/// Packages with the features that they have in programs. Build scripts and macros are left
/// out: what is built for them may have fewer.
fn tree(edges: &str, packages: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["tree", "--locked", "--prefix", "none", "--format", "{p} [{f}]", "--edges", edges]);
    for package in packages {
        cargo.args(["-p", package]);
    }
    let output = cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().unwrap();
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
