//! Finds the programs that a run starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The program that a flag names, else the one beside this one.
///
/// # Errors
/// As [`beside`].
pub fn or_beside(given: Option<&PathBuf>, name: &str, flag: &str) -> Result<PathBuf> {
    given.map_or_else(|| beside(name, flag), |program| Ok(program.clone()))
}

/// Looks whether there is an application to run, before anything is started for it.
///
/// # Errors
/// When there is none; the text names the flag.
pub fn check_manifest(manifest: &Path) -> Result<()> {
    if !manifest.exists() {
        bail!("--manifest: there is no {}", manifest.display());
    }
    Ok(())
}

/// The program beside this one.
///
/// # Errors
/// When there is none; the text names the flag that says where it is.
pub fn beside(name: &str, flag: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find this program's folder")?;
    let program = own.with_file_name(name);
    if !program.exists() {
        bail!(
            "{flag}: there is no {}; `cargo build --release -p {name}` builds it",
            program.display()
        );
    }
    Ok(program)
}
