//! Where things are in the repository. All paths are absolute, so that the current directory can
//! stay the user's own and their relative paths keep their meaning.

use std::path::{Path, PathBuf};

/// The checkout this program belongs to.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

pub(crate) fn spin_toml() -> PathBuf {
    root().join("spin.toml")
}

/// Cargo's target folder. It is named in every call, because `spin.toml` names it as well.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// A native program of this workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}
