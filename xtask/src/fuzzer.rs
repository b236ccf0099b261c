//! The program that fuzzes the API in tests: schemathesis, in a Python environment of its own under
//! `target`.
//!
//! Its version and those of all it needs are pinned in a file beside the tests; another content of
//! that file makes the environment anew.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;
use crate::{apt, process, programs};

/// Debian's packages for `python3 -m venv`.
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs it where it is missing or of another version, silently done when it is there.
///
/// # Errors
/// Says what to install where this can't.
pub(crate) fn ensure(repository: &Repository) -> Result<()> {
    let wanted = repository.root().join("loadtest/tests/pipeline/fuzz/requirements.txt");
    let requirements =
        std::fs::read(&wanted).with_context(|| format!("failed to read {}", wanted.display()))?;
    let environment = repository.target().join("schemathesis");
    let installed = environment.join("installed.txt");
    let program = environment.join("bin/schemathesis");
    if program.is_file()
        && std::fs::read(&installed).is_ok_and(|installed| installed == requirements)
    {
        return Ok(());
    }
    println!(
        "setup: {} is installed into target/schemathesis, which fuzzes the API in tests",
        version(&requirements)
    );
    make_environment(&environment)?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&wanted);
    process::run("pip install", &mut pip)
        .context("failed to install schemathesis from PyPI; tests of the API need it")?;
    std::fs::write(&installed, requirements).context("failed to note what was installed")
}

/// `schemathesis==4.0.0` of the pinned versions.
fn version(requirements: &[u8]) -> String {
    let text = String::from_utf8_lossy(requirements);
    text.lines()
        .find(|line| line.starts_with("schemathesis=="))
        .unwrap_or("schemathesis")
        .to_owned()
}

fn make_environment(environment: &PathBuf) -> Result<()> {
    let make = || {
        let mut python = Command::new("python3");
        programs::answer(python.args(["-m", "venv", "--clear"]).arg(environment)).is_some()
    };
    if make() {
        return Ok(());
    }
    println!("setup: `python3 -m venv` does not work");
    let help = "install Python 3 with its module venv so that `python3` is on the PATH";
    if let Err(error) = apt::install(&PACKAGES) {
        bail!("there is no Python for schemathesis: {error:#}; {help}");
    }
    if !make() {
        bail!("`python3 -m venv` fails although its packages are installed; {help}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_told() {
        assert_eq!(version(b"# x\nattrs==1\nschemathesis==4.32.5\n"), "schemathesis==4.32.5");
    }
}
