//! The Wasm tool chain of last resort: Debian's own compiler, which builds its matching standard
//! library from source. For machines where rustup is missing or can't download.
//!
//! The library source fits only that compiler, so the environment variables of rustup are removed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{apt, process, repository};

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
/// The C library for Wasm, package `wasi-libc`.
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

/// The linker of the installed tool chain, if that is complete.
pub(crate) fn find() -> Option<PathBuf> {
    let sysroot = process::answer(clean(Command::new(RUSTC)).args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml");
    let linker = PathBuf::from(format!("/usr/lib/llvm-{}/bin/wasm-ld", llvm()?));
    let libc = Path::new(WASI_LIBC).join("libc.a");
    [Path::new(CARGO), &libc, &library, &linker].iter().all(|file| file.is_file()).then_some(linker)
}

/// Installs the packages, the linker last: its version is known only from the compiler's.
pub(crate) fn install() -> Result<PathBuf> {
    apt::install(&PACKAGES)?;
    if find().is_none() {
        let llvm = llvm().with_context(|| format!("no LLVM version in {RUSTC} -vV"))?;
        apt::install(&[&format!("lld-{llvm}")])?;
    }
    find().context("Debian's compiler for Wasm is incomplete after the installation")
}

/// `cargo build` with this tool chain, to be completed by the target and packages.
pub(crate) fn cargo_build(linker: &Path, target: &str) -> Command {
    let path = format!("/usr/bin:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = clean(Command::new(CARGO));
    command
        .current_dir(repository::root())
        .args(["build", "-Z", "build-std=std,panic_abort"])
        .env("CARGO_TARGET_DIR", repository::target())
        .env("PATH", path)
        .env("RUSTC", RUSTC)
        // `-Z build-std` is refused by a stable compiler otherwise.
        .env("RUSTC_BOOTSTRAP", "1")
        .env(linker_variable(target), linker)
        .env("RUSTFLAGS", format!("-L{WASI_LIBC} -Clink-self-contained=no"));
    command
}

/// Where cargo looks for the linker of a target.
fn linker_variable(target: &str) -> String {
    format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"))
}

/// Removes the environment variables that cargo and rustup set for the programs they start. The
/// user's `CARGO_HOME`, registries and proxies stay.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(belongs_to_a_toolchain) {
            command.env_remove(name);
        }
    }
    command
}

fn belongs_to_a_toolchain(name: &str) -> bool {
    let starts_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    starts_with(&["CARGO", "RUST", "LD_LIBRARY_PATH"])
        && !starts_with(&["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR"])
}

/// The LLVM that the compiler was built with.
fn llvm() -> Option<u32> {
    llvm_major(&process::answer(clean(Command::new(RUSTC)).arg("-vV"))?)
}

fn llvm_major(version: &str) -> Option<u32> {
    let line = version.lines().find_map(|line| line.strip_prefix("LLVM version:"))?;
    line.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
