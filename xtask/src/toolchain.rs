//! The two ways to compile for Wasm, and which of them is ready on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{debian, process, repository};

/// A compiler for Wasm that is ready.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The active Rust tool chain.
    Rustup,
    /// Debian's own.
    Debian { linker: PathBuf },
}

impl Toolchain {
    /// Gets a compiler for targets of Wasm. What is ready comes first, then rustup, then Debian.
    pub(crate) fn ensure(targets: &[&str]) -> Result<Self> {
        if current_has(targets) {
            return Ok(Self::Rustup);
        }
        if let Some(linker) = debian::find() {
            return Ok(Self::Debian { linker });
        }
        let Err(rustup) = install_with_rustup(targets) else {
            return Ok(Self::Rustup);
        };
        ensure!(!process::stop_asked(), "the set-up was interrupted");
        println!("setup: {rustup:#}; trying Debian's compiler instead");
        let linker = debian::install().with_context(|| {
            let targets = targets.join(" ");
            format!(
                "there is no compiler for {targets}: {rustup:#}; install rustup and run \
                 `rustup target add {targets}`"
            )
        })?;
        Ok(Self::Debian { linker })
    }

    /// `cargo build` that can build for a target, to be completed by flags.
    pub(crate) fn cargo_build(&self, target: &str) -> Command {
        match self {
            Self::Rustup => cargo("build"),
            Self::Debian { linker } => debian::cargo_build(linker, target),
        }
    }
}

/// The cargo that started this program, in the repository and with its target folder.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository::root()).env("CARGO_TARGET_DIR", repository::target());
    command.arg(subcommand);
    command
}

fn install_with_rustup(targets: &[&str]) -> Result<()> {
    supervise::on_path("rustup").context("rustup is not on the PATH")?;
    println!("setup: rustup target add {}", targets.join(" "));
    let mut command = Command::new("rustup");
    command.args(["target", "add"]).args(targets).current_dir(repository::root());
    process::run("rustup", command.stdin(Stdio::null()))?;
    let names = targets.join(" or ");
    ensure!(current_has(targets), "the compiler in use still has no target {names}");
    Ok(())
}

fn current_has(targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--print", "target-libdir", "--target", target]);
        process::answer(rustc.current_dir(repository::root()))
            .is_some_and(|folder| Path::new(folder.trim()).is_dir())
    })
}
