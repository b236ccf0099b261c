//! Runs other programs, and decides what Ctrl-C, SIGTERM and SIGHUP mean meanwhile.
//!
//! Children have their own process groups, so a Ctrl-C reaches this program alone. It stops its
//! children in order, the app before its Redis. While `loadtest` runs, signals are passed on to it
//! instead, because it still needs the app to verify what was sent.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use supervise::{Process, Signal};

/// How often a waiting loop checks its condition.
pub(crate) const POLL: Duration = Duration::from_millis(20);
/// The signal that ends everything while others are passed on.
const LAST: u32 = 3;
/// The exit code that shells expect of an interrupted program.
const INTERRUPTED: i32 = 130;

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static PASSING_ON: AtomicBool = AtomicBool::new(false);

/// Listens for signals: the first one asks for a stop, the second one ends this program.
pub(crate) fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        let count = SIGNALS.fetch_add(1, Ordering::SeqCst) + 1;
        let allowed = if PASSING_ON.load(Ordering::SeqCst) { LAST } else { 1 };
        if count > allowed {
            std::process::exit(INTERRUPTED);
        }
    })
    .context("failed to listen for Ctrl-C")
}

pub(crate) fn stop_asked() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

/// Runs `command` to its end with the user's terminal, as [`wait`] does.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<()> {
    let command = std::mem::replace(command, Command::new(""));
    wait(&mut Process::start(name, command)?)
}

/// Waits for the end of a process; a signal stops it.
///
/// # Errors
/// When the user asked for a stop, or it ends with anything but 0.
pub(crate) fn wait(process: &mut Process) -> Result<()> {
    while process.ended().is_none() {
        if stop_asked() {
            process.stop()?;
            bail!("{} was interrupted", process.name());
        }
        std::thread::sleep(POLL);
    }
    let status = process.stop()?;
    ensure!(status.success(), "{} failed with {status}", process.name());
    Ok(())
}

/// What a program prints as its version; `None` when it is missing.
pub(crate) fn version(program: impl AsRef<OsStr>) -> Option<String> {
    answer(Command::new(program).arg("--version"))
}

/// The standard output of a small program; `None` when it is missing or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits for the end of a process that gets every signal, and returns its exit code. At the third
/// signal it has 10 s to end.
///
/// # Errors
/// That of `watch`, which is called repeatedly.
pub(crate) fn wait_passing_on(mut process: Process, watch: impl Fn() -> Result<()>) -> Result<u8> {
    PASSING_ON.store(true, Ordering::SeqCst);
    let mut passed = 0;
    while process.ended().is_none() {
        let signals = SIGNALS.load(Ordering::SeqCst);
        if signals >= LAST {
            break;
        }
        // Sent one per check, because the kernel merges signals that follow too closely.
        if passed < signals {
            process.signal(Signal::SIGINT);
            passed += 1;
        }
        watch()?;
        std::thread::sleep(POLL);
    }
    PASSING_ON.store(false, Ordering::SeqCst);
    Ok(exit_code(process.stop()?))
}

/// A signal counts as 128 and its number, as in a shell.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests;
