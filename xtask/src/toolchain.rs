//! The two ways to compile for `wasm32-wasip1`, and which of them is ready on this machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian::Debian;
use crate::repository::Repository;
use crate::{process, programs};

/// A compiler for Wasm that is ready.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The tool chain in use.
    Rustup,
    /// Debian's own.
    Debian(Debian),
}

impl Toolchain {
    /// What is ready; the tool chain in use first.
    pub(crate) fn find(repository: &Repository) -> Option<Self> {
        if current_has_target(repository) {
            return Some(Self::Rustup);
        }
        Debian::find().map(Self::Debian)
    }

    /// Adds the target to the tool chain in use.
    ///
    /// # Errors
    /// When rustup is missing or can't download.
    pub(crate) fn install_with_rustup(repository: &Repository) -> Result<()> {
        if programs::find("rustup").is_none() {
            bail!("rustup is not on the PATH");
        }
        println!("setup: rustup target add wasm32-wasip1");
        let mut command = Command::new("rustup");
        command.args(["target", "add", "wasm32-wasip1"]).current_dir(repository.root());
        process::run("rustup", command.stdin(std::process::Stdio::null()))?;
        if !current_has_target(repository) {
            bail!("the compiler in use still has no target wasm32-wasip1");
        }
        Ok(())
    }

    /// `cargo build --release --target wasm32-wasip1`, to be completed by packages.
    pub(crate) fn cargo_build(&self, repository: &Repository) -> Command {
        match self {
            Self::Rustup => {
                let mut command = cargo(repository, "build");
                command.args(["--release", "--target", "wasm32-wasip1"]);
                command
            }
            Self::Debian(debian) => debian.cargo_build(repository),
        }
    }
}

/// The cargo that started this program, in the repository and with its target folder.
pub(crate) fn cargo(repository: &Repository, subcommand: &str) -> Command {
    let mut command = plain_cargo(repository, subcommand);
    command.arg("--target-dir").arg(repository.target());
    command
}

/// The same for a subcommand that builds nothing.
pub(crate) fn plain_cargo(repository: &Repository, subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository.root()).arg(subcommand);
    command
}

fn current_has_target(repository: &Repository) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .args(["--print", "target-libdir", "--target", "wasm32-wasip1"])
        .current_dir(repository.root());
    programs::answer(&mut rustc).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}
