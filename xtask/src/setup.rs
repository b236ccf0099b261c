//! Makes sure that the machine has what the project needs: Redis, a compiler for Wasm, and for
//! tests a browser and promtool.
//!
//! What is there already is left alone. A Redis service that Debian's package starts is neither
//! used nor stopped: the project runs private servers on their own ports.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian::Debian;
use crate::programs;
use crate::repository::Repository;
use crate::toolchain::{Kind, Toolchain};
use crate::{apt, process};

/// The oldest Redis whose Streams and scripts are enough.
const REDIS_AT_LEAST: (u32, u32) = (7, 0);
/// The program and Debian's package.
const BROWSER: &str = "chromium";
/// The program, and its folder below `target`.
const PROMTOOL: &str = "promtool";

/// `cargo xtask setup`: installs what is missing and says what it did.
///
/// # Errors When something is still missing at the end; all of it is tried, and each failure says
/// what to install.
pub(crate) fn run(repository: &Repository, asked: Option<Kind>) -> Result<()> {
    let redis = ensure_redis();
    match &redis {
        Ok(version) => println!("setup: redis-server {version} is ready"),
        Err(error) => eprintln!("error: {error:#}"),
    }
    let toolchain = ensure_wasm_toolchain(repository, asked);
    match &toolchain {
        Ok(toolchain) => println!("setup: {}", toolchain.describe()),
        Err(error) => eprintln!("error: {error:#}"),
    }
    if redis.is_err() || toolchain.is_err() {
        bail!("the set-up is not complete, see above");
    }
    Ok(())
}

/// Installs Redis where it is missing or too old, silently done when it is there. Returns the
/// version.
pub(crate) fn ensure_redis() -> Result<String> {
    let found = redis_version();
    if let Some(version) = found.as_deref().filter(|version| is_new_enough(version)) {
        return Ok(version.to_owned());
    }
    let (major, minor) = REDIS_AT_LEAST;
    let state = match &found {
        Some(version) => format!("redis-server {version} is older than {major}.{minor}"),
        None => "redis-server is not on the PATH".to_owned(),
    };
    println!("setup: {state}");
    let help =
        format!("install Redis {major}.{minor} or later so that `redis-server` is on the PATH");
    if let Err(error) = apt::install(&["redis-server"]) {
        bail!("{state}: {error:#}; {help}");
    }
    match redis_version() {
        Some(version) if is_new_enough(&version) => Ok(version),
        Some(version) => bail!("the package redis-server is {version}, which is too old; {help}"),
        None => bail!("redis-server is not on the PATH although its package is installed; {help}"),
    }
}

/// Installs the browser in which tests open the dashboard and the pages of reports, silently done
/// when it is there. Returns its version.
pub(crate) fn ensure_browser() -> Result<String> {
    let version = || programs::answer(Command::new(BROWSER).arg("--version"));
    if let Some(version) = version() {
        return Ok(version.trim().to_owned());
    }
    println!("setup: {BROWSER}, in which tests open pages, is not on the PATH");
    let help = format!("install Chromium so that `{BROWSER}` is on the PATH");
    if let Err(error) = apt::install(&[BROWSER]) {
        bail!("{BROWSER} is missing: {error:#}; {help}");
    }
    match version() {
        Some(version) => Ok(version.trim().to_owned()),
        None => bail!("{BROWSER} does not run although its package is installed; {help}"),
    }
}

/// Gets the program that checks metrics and alerts in tests, silently done when it is there.
/// Returns its version.
///
/// Debian's package would start a Prometheus server, so it is unpacked below `target` and not
/// installed.
pub(crate) fn ensure_promtool(repository: &Repository) -> Result<String> {
    let folder = repository.target().join(PROMTOOL);
    let own = folder.join("usr/bin").join(PROMTOOL);
    let version = || {
        let of = |program: &Path| programs::answer(Command::new(program).arg("--version"));
        of(&own).or_else(|| of(Path::new(PROMTOOL)))
    };
    if let Some(version) = version() {
        return Ok(version.lines().next().unwrap_or_default().to_owned());
    }
    println!("setup: {PROMTOOL}, with which tests check metrics, is not on the PATH");
    let help = format!("install Prometheus so that `{PROMTOOL}` is on the PATH");
    if let Err(error) = apt::unpack("prometheus", &folder) {
        bail!("{PROMTOOL} is missing: {error:#}; {help}");
    }
    match version() {
        Some(version) => Ok(version.lines().next().unwrap_or_default().to_owned()),
        None => bail!("{PROMTOOL} does not run although its package is unpacked; {help}"),
    }
}

/// Gets a compiler for Wasm, silently when one is ready: rustup's first, then Debian's.
pub(crate) fn ensure_wasm_toolchain(
    repository: &Repository,
    asked: Option<Kind>,
) -> Result<Toolchain> {
    if let Some(toolchain) = Toolchain::find(repository, asked) {
        return Ok(toolchain);
    }
    let rustup_help = "install rustup and run `rustup target add wasm32-wasip1`";
    let mut failures = Vec::new();
    if asked != Some(Kind::Debian) {
        match Toolchain::install_with_rustup(repository) {
            Ok(toolchain) => return Ok(toolchain),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    if process::stop_asked() {
        bail!("the set-up was interrupted");
    }
    if asked != Some(Kind::Rustup) {
        for failure in &failures {
            println!("setup: {failure}; trying Debian's compiler instead");
        }
        match Debian::install() {
            Ok(debian) => return Ok(Toolchain::Debian(debian)),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    bail!("there is no compiler for wasm32-wasip1: {}; {rustup_help}", failures.join("; "))
}

fn redis_version() -> Option<String> {
    let answer = programs::answer(Command::new("redis-server").arg("--version"))?;
    parse_redis_version(&answer)
}

/// The version in `Redis server v=7.0.15 sha=...`; Valkey answers alike.
fn parse_redis_version(answer: &str) -> Option<String> {
    answer.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= REDIS_AT_LEAST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_redis_and_valkey_is_read() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=a";
        assert_eq!(parse_redis_version(redis).as_deref(), Some("7.0.15"));
        let valkey = "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=b";
        assert_eq!(parse_redis_version(valkey).as_deref(), Some("8.1.1"));
        assert_eq!(parse_redis_version("something else"), None);
    }

    #[test]
    fn redis_from_7_0_on_is_new_enough() {
        for version in ["7.0.0", "7.0.15", "7.2", "8.0.1", "10.1.0"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["6.2.99", "2.8.0", "7", "", "next.1"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
