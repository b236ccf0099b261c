//! The part of this program's environment that a program of the pipeline inherits.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Needed to find programs and folders and to print messages. Every other variable may be a
/// setting: `SPIN_VARIABLE_QUEUE`, `REDIS_URL`, `BATCH_SIZE`.
const KEPT: [&str; 8] =
    ["HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "RUST_BACKTRACE", "TERM", "TMPDIR", "USER"];
/// Where Spin keeps its data, and how messages are printed.
const KEPT_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// A command for a program of the pipeline. It inherits no setting from the environment, and no
/// input of the terminal.
pub fn app(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    command.envs(std::env::vars_os().filter(|(name, _)| is_kept(name)));
    command
}

fn is_kept(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// The first executable file with this name on the `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
