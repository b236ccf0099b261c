//! axe-core, which looks at the dashboard in tests as an assistive program does: one script, of one
//! version, by its hash.
//!
//! It comes inside a Python package, because the other tools of the tests come from there as well.
//! That package is taken apart, not installed: what it wants beside the script is not needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;
use crate::{apt, process, programs};

/// The package that axe-core 4.12.1 comes in.
const PACKAGE: &str = "axe-playwright-python==0.1.8";
const HASH: &str = "sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8";
const SCRIPT: &str = "axe_playwright_python/axe.min.js";
/// Says which version the script is; another one is fetched anew.
const MARK: &str = "axe v4.12.1";

/// Fetches the script where it is missing, silently done when it is there. Returns its path.
///
/// # Errors
/// When it cannot be fetched, or is not what was asked for.
pub(crate) fn ensure(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.target().join("axe");
    let script = folder.join(SCRIPT);
    let is_there = || fs::read_to_string(&script).is_ok_and(|text| text.contains(MARK));
    if is_there() {
        return Ok(script);
    }
    println!(
        "setup: axe-core, which tests look at the dashboard with, is not in {}",
        folder.display()
    );
    download(PACKAGE, HASH, &folder)
        .context("failed to fetch axe-core from PyPI; tests of the dashboard need it")?;
    let packages = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let package =
        packages.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl"));
    let package = package.with_context(|| format!("{PACKAGE} was fetched, and is not there"))?;
    let mut unzip = Command::new("python3");
    process::run(
        "python3 -m zipfile",
        unzip.args(["-m", "zipfile", "-e"]).arg(package).arg(&folder),
    )?;
    if !is_there() {
        bail!("{PACKAGE} holds no {MARK} in {SCRIPT}");
    }
    Ok(script)
}

/// Fetches one package from PyPI, of this hash, into a folder that has nothing else then: what is
/// fetched is known by its ending only.
pub(crate) fn download(package: &str, hash: &str, folder: &Path) -> Result<()> {
    ensure_pip()?;
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let wanted = folder.join("wanted.txt");
    fs::write(&wanted, format!("{package} --hash={hash}\n"))
        .context("failed to write what is wanted")?;
    let flags = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ];
    let mut python = Command::new("python3");
    python.args(flags).arg("--dest").arg(folder).arg("--requirement").arg(&wanted);
    process::run("pip download", &mut python)
}

fn ensure_pip() -> Result<()> {
    let is_there =
        || programs::answer(Command::new("python3").args(["-m", "pip", "--version"])).is_some();
    if is_there() {
        return Ok(());
    }
    let help = "install pip so that `python3 -m pip` works";
    apt::install(&["python3-pip"]).with_context(|| format!("pip is missing; {help}"))?;
    if is_there() {
        Ok(())
    } else {
        bail!("pip does not run although its package is installed; {help}")
    }
}
