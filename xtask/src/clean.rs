//! `cargo xtask clean`: removes what the project made beside its sources.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::{process, toolchain};

/// Removes `.data`, `.spin` and `target/xtask`; with `all` the whole target folder.
///
/// # Errors
/// When a running `up` uses `.data`; nothing is removed then.
pub(crate) fn run(repository: &Repository, all: bool) -> Result<()> {
    let data = repository.data();
    // Held over the removal, so that no `up` starts in between.
    let _lock = if data.exists() { Some(private_redis::lock(&data.join("redis"))?) } else { None };
    for folder in [data, repository.root().join(".spin"), repository.logs()] {
        match fs::remove_dir_all(&folder) {
            Ok(()) => println!("removed {}", folder.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("failed to remove {}", folder.display()));
            }
        }
    }
    if all {
        process::run("cargo clean", &mut toolchain::cargo(repository, "clean"))?;
    }
    Ok(())
}
