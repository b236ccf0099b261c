//! Finds the programs that a run starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The program of a flag, or the one beside this one.
pub(crate) fn or_beside(given: Option<&PathBuf>, name: &str, flag: &str) -> Result<PathBuf> {
    given.map_or_else(|| beside(name, flag), |program| Ok(program.clone()))
}

pub(crate) fn check_manifest(manifest: &Path) -> Result<()> {
    if !manifest.exists() {
        bail!("--manifest: there is no {}", manifest.display());
    }
    Ok(())
}

pub(crate) fn beside(name: &str, flag: &str) -> Result<PathBuf> {
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
