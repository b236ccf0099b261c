//! The two ways to compile for Wasm, and which of them is ready on this machine.

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
    pub(crate) fn find(repository: &Repository, targets: &[&str]) -> Option<Self> {
        if current_has(repository, targets) {
            return Some(Self::Rustup);
        }
        Debian::find().map(Self::Debian)
    }

    /// Adds targets to the tool chain in use.
    ///
    /// # Errors
    /// When rustup is missing or can't download.
    pub(crate) fn install_with_rustup(repository: &Repository, targets: &[&str]) -> Result<()> {
        if programs::find("rustup").is_none() {
            bail!("rustup is not on the PATH");
        }
        println!("setup: rustup target add {}", targets.join(" "));
        let mut command = Command::new("rustup");
        command.args(["target", "add"]).args(targets).current_dir(repository.root());
        process::run("rustup", command.stdin(std::process::Stdio::null()))?;
        if !current_has(repository, targets) {
            bail!("the compiler in use still has no target {}", targets.join(" or "));
        }
        Ok(())
    }

    /// `cargo build --release --target TARGET`, to be completed by packages.
    pub(crate) fn cargo_build(&self, repository: &Repository, target: &str) -> Command {
        match self {
            Self::Rustup => {
                let mut command = cargo(repository, "build");
                command.args(["--release", "--target", target]);
                command
            }
            Self::Debian(debian) => debian.cargo_build(repository, target),
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

fn current_has(repository: &Repository, targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--print", "target-libdir", "--target", target]);
        programs::answer(rustc.current_dir(repository.root()))
            .is_some_and(|folder| Path::new(folder.trim()).is_dir())
    })
}
