//! The Wasm files that a Spin manifest names.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

/// The paths of the components' files and of their dependencies, as written.
///
/// # Errors
/// When the text is not TOML or names no Wasm file.
pub fn wasm_files(manifest: &str) -> Result<Vec<String>> {
    let manifest: Table = manifest.parse()?;
    let mut files = Vec::new();
    for component in entries(manifest.get("component")) {
        let dependencies = entries(component.get("dependencies"));
        let paths = dependencies.filter_map(|dependency| dependency.get("path"));
        // A source may also be a table with a URL.
        let named = component.get("source").into_iter().chain(paths).filter_map(Value::as_str);
        files.extend(named.map(str::to_owned));
    }
    ensure!(!files.is_empty(), "it names no Wasm file");
    Ok(files)
}

/// The size of the Wasm files of a manifest.
///
/// # Errors
/// When the manifest is no file, names no Wasm file, or names one that is not built.
pub fn wasm_bytes(manifest: &Path) -> Result<u64> {
    let mut bytes = 0;
    ensure!(manifest.metadata()?.is_file(), "it is not a file");
    for path in wasm_files(&std::fs::read_to_string(manifest)?)? {
        let file = manifest.with_file_name("").join(path);
        let metadata = file.metadata().with_context(|| {
            let (file, manifest) = (file.display(), manifest.display());
            format!("there is no {file}; `cargo xtask build --manifest {manifest}` builds it")
        })?;
        bytes += metadata.len();
    }
    ensure!(bytes > 0, "its Wasm files are empty");
    Ok(bytes)
}

fn entries(table: Option<&Value>) -> impl Iterator<Item = &Value> {
    table.and_then(Value::as_table).into_iter().flat_map(Table::values)
}

#[cfg(test)]
mod tests;
