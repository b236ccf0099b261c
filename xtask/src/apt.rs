//! Runs Debian's package manager without questions. Services that a package starts keep running.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process;

/// Installs `packages`; where that fails, once more after an update of the package lists.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install -y {}", packages.join(" "));
    supervise::on_path("apt-get")
        .with_context(|| format!("there is no apt-get here to install {}", packages.join(", ")))?;
    if !is_root() && supervise::on_path("sudo").is_none() {
        bail!("installing packages needs root and there is no sudo; as root, run `{by_hand}`");
    }
    println!("setup: {by_hand}");
    let arguments = [&["install", "-y"], packages].concat();
    with_fresh_lists(|| apt_get(&arguments))
        .with_context(|| format!("`{by_hand}` failed; run it as root"))
}

/// Unpacks the files of `package` into `folder` without installing it, so that its services are not
/// started. Files of other versions are removed.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    println!("setup: apt-get download {package}");
    let script = "rm -rf \"$2\" && mkdir -p \"$2\" && cd \"$2\" && apt-get download \"$1\" && \
                  dpkg-deb --extract *.deb . && rm *.deb";
    with_fresh_lists(|| {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", package]).arg(folder);
        process::run("apt-get download", &mut shell)
    })
}

/// Tries twice: the package lists of a fresh machine are empty or old.
fn with_fresh_lists(attempt: impl Fn() -> Result<()>) -> Result<()> {
    if attempt().is_ok() {
        return Ok(());
    }
    ensure!(!process::stop_asked(), "the installation was interrupted");
    println!("setup: apt-get update");
    if let Err(error) = apt_get(&["update"]) {
        eprintln!("setup: apt-get update failed: {error:#}");
    }
    attempt()
}

/// This program never stops it, because a killed package manager leaves a broken system.
fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(if is_root() { "apt-get" } else { "sudo" });
    if !is_root() {
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    }
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let status = command.status()?;
    ensure!(status.success(), "{status}");
    Ok(())
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
