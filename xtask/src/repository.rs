//! Where things are in the repository. All paths are absolute, so that the current directory can
//! stay the user's own and their relative paths keep their meaning.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout this program belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        Ok(Self { root: root.context("xtask is not in a folder of a repository")?.to_owned() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn spin_toml(&self) -> PathBuf {
        self.root.join("spin.toml")
    }

    /// Cargo's target folder. It is named in every call, because `spin.toml` names it as well.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// A native program of this workspace.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target().join("release").join(name)
    }

    /// Output of what `xtask` ran.
    pub(crate) fn logs(&self) -> PathBuf {
        self.target().join("xtask")
    }

    /// Data of the private Redis and its lock.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join(".data")
    }
}
