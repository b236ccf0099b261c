//! Node and npm, which build and test the components in TypeScript.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{apt, process, setup};

/// The oldest Node that the packages of `package-lock.json` support.
const AT_LEAST: (u32, u32) = (20, 19);

/// Installs Node and npm if one of them is missing or too old. Returns Node's version.
pub(crate) fn ensure() -> Result<String> {
    let (major, minor) = AT_LEAST;
    let what = format!("Node {major}.{minor} or later with npm");
    setup::ensure(&what, version, || apt::install(&["nodejs", "npm"])).with_context(|| {
        let old = present().map(|version| format!("; here is {version}")).unwrap_or_default();
        format!(
            "the components in TypeScript need {what}{old}; Debian 13 has it, on Debian 12 install it \
             from https://nodejs.org and put `node` and `npm` on the PATH"
        )
    })
}

fn present() -> Option<String> {
    process::version("node").map(|answer| answer.trim().to_owned())
}

fn version() -> Option<String> {
    process::version("npm")?;
    present().filter(|version| setup::is_new_enough(version.trim_start_matches('v'), AT_LEAST))
}

/// Runs a script of a component in TypeScript.
pub(crate) fn run(component: &Path, script: &str) -> Result<()> {
    install(component)?;
    process::run(&format!("npm run {script}"), npm(component).args(["run", script]))
}

/// `npm` in the folder of a component.
pub(crate) fn npm(component: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(component);
    command
}

/// Installs the packages of a component if they are not those of its lock.
fn install(component: &Path) -> Result<()> {
    ensure()?;
    // npm writes this file last.
    let installed = component.join("node_modules/.package-lock.json");
    if is_older(&installed, &component.join("package-lock.json")) {
        println!("npm ci  in {}", component.file_name().unwrap_or(OsStr::new("")).display());
        process::run("npm ci", npm(component).args(["ci", "--no-audit", "--no-fund"]))?;
    }
    Ok(())
}

/// Whether a file is missing, or was written before another.
fn is_older(file: &Path, than: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    written(file) < written(than)
}

#[cfg(test)]
mod tests;
