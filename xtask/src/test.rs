//! `cargo xtask test`: builds everything and runs every test of the workspace.
//!
//! The last line is `N passed, M failed`, with `, K skipped` if tests were ignored. It is printed
//! even if a build fails. If no test ran, the command fails.

use std::ffi::OsString;
use std::fmt;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use supervise::Process;

use crate::toolchain::{self, Toolchain};
use crate::{node, process, repository, setup, wasm};

/// Flags of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Cargo profile of the native programs; `ci` checks for integer overflows
    #[arg(long, default_value = "release")]
    profile: String,
    /// Arguments for `cargo test`, for example a part of a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<OsString>,
}

/// The number of tests by result, over all test binaries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Adds one line of output, if it is the result line of a test binary:
    /// "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; finished in 0.01s".
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        for part in counts.split(['.', ';']) {
            if let Some((count, word)) = part.trim().split_once(' ') {
                self.add_count(word, count);
            }
        }
    }

    /// Adds a line of Node's summary: `# pass 3`, or `ℹ pass 3` in newer versions.
    fn add_node(&mut self, line: &str) {
        if let ["#" | "ℹ", word, count] = line.split_whitespace().collect::<Vec<_>>()[..] {
            self.add_count(word, count);
        }
    }

    fn add_count(&mut self, word: &str, count: &str) {
        let count = count.parse::<u64>().unwrap_or_default();
        match word {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" => self.failed += count,
            "ignored" | "skipped" => self.skipped += count,
            _ => {}
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(formatter, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

static TALLY: Mutex<Tally> = Mutex::new(Tally { passed: 0, failed: 0, skipped: 0 });

fn tally() -> MutexGuard<'static, Tally> {
    TALLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs all phases and prints the tally as the last line, whatever happened.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let result = phases(arguments);
    let tally = tally();
    let verdict =
        result.and_then(|()| if tally.passed == 0 { bail!("no test was run") } else { Ok(()) });
    if let Err(error) = &verdict {
        eprintln!("error: {error:#}");
    }
    println!("{tally}");
    if verdict.is_ok() && tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn phases(arguments: &Arguments) -> Result<()> {
    let profile = arguments.profile.as_str();
    let typescript = repository::root().join("typescript/receiver-simple");
    let manifests = ["spin.toml", "spin.typescript.toml"].map(|name| repository::root().join(name));
    let toolchain = phase("set-up", || {
        for tool in ["fmt", "clippy"] {
            let mut cargo = toolchain::cargo(tool);
            process::answer(cargo.arg("--version")).with_context(|| {
                format!("cargo {tool} is missing; run `rustup component add rustfmt clippy`")
            })?;
        }
        setup::ensure_redis()?;
        setup::ensure_test_tools()?;
        node::ensure()?;
        Toolchain::ensure(&wasm::TARGETS)
    })?;
    let format = || process::run("cargo fmt", toolchain::cargo("fmt").args(["--all", "--check"]));
    phase("format", format)?;
    phase("lints", || {
        let mut command = toolchain::cargo("clippy");
        command.args(["--profile", profile, "--all-targets", "--", "-D", "warnings"]);
        process::run("clippy", &mut command)?;
        wasm::lint(&toolchain, &manifests)?;
        node::run(&typescript, "lint")
    })?;
    phase("Wasm components", || wasm::build(&manifests))?;
    phase("guests", || {
        wasm::build_guests(&toolchain)?;
        node::run(&typescript, "build:poison")
    })?;
    phase("native programs and tests", || {
        let mut command = toolchain::cargo("build");
        command.args(["--profile", profile, "--bins", "--tests", "--examples"]);
        process::run("the build of the native programs and tests", &mut command)
    })?;
    phase("tests of TypeScript", || {
        let mut command = node::npm(&typescript);
        command.arg("test");
        count("npm test", command, Tally::add_node)
    })?;
    phase("tests", || {
        let mut command = toolchain::cargo("test");
        command.args(["--profile", profile, "--no-fail-fast"]).args(&arguments.cargo);
        count("cargo test", command, Tally::add)
    })
}

/// Runs one phase and prints how long it took.
fn phase<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let result = work();
    println!("xtask: {name}: {:.1} s", started.elapsed().as_secs_f64());
    result
}

/// Runs tests and counts them by what they print.
fn count(name: &str, command: Command, add: fn(&mut Tally, &str)) -> Result<()> {
    process::wait(&mut Process::start_reading(name, command, move |line| {
        println!("{line}");
        add(&mut tally(), line);
    })?)
}

#[cfg(test)]
mod tests;
