//! Installed programs, and small ones run for their answer.

use std::process::{Command, Stdio};

pub(crate) use supervise::on_path as find;

/// The standard output of a command; `None` when it is missing or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
