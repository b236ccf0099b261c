//! Paths in the repository. All are absolute, because commands run in the user's current directory,
//! where the user's relative paths must work.

use std::path::{Path, PathBuf};

/// The checkout this program belongs to.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

pub(crate) fn spin_toml() -> PathBuf {
    root().join("spin.toml")
}

/// Cargo's target folder. Every call of cargo sets it, because `spin.toml` contains it as well.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// A native program of this workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}
