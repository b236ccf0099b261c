//! Files that are read whole: reports, price tables, days.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// More than any of them has. A device may have no end.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads and parses a file. Errors name it.
pub(crate) fn parsed<T>(path: &Path, parse: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    parse(&read(path)?).with_context(|| path.display().to_string())
}

/// Errors name the file.
pub(crate) fn read(path: &Path) -> Result<String> {
    let what = || format!("failed to read {}", path.display());
    let mut text = String::new();
    let mut file = File::open(path).with_context(what)?.take(MAX_BYTES + 1);
    file.read_to_string(&mut text).with_context(what)?;
    let (most, file) = (MAX_BYTES / 1024 / 1024, path.display());
    ensure!(text.len() as u64 <= MAX_BYTES, "{file}: expected at most {most} MiB");
    Ok(text)
}

#[cfg(test)]
mod tests;
