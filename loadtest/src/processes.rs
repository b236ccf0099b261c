//! Processes that a run starts: each leads a process group, so that a kill takes what it started
//! with it, and a Ctrl-C in the terminal reaches this program only.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Lines of output kept for an error's sake.
const KEPT_LINES: usize = 40;

/// The last lines that a process printed.
#[derive(Debug, Clone, Default)]
pub struct Output(Arc<Mutex<VecDeque<String>>>);

impl Output {
    /// The lines.
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Starts a command in a group of its own. What it prints is kept in `output` and given to
/// `on_line`, line by line, by the threads that are returned; they end when the process does.
///
/// # Errors
/// When it cannot be started.
pub fn spawn(
    command: &mut Command,
    output: &Output,
    on_line: impl Fn(&str) + Clone + Send + 'static,
) -> std::io::Result<(Child, Vec<JoinHandle<()>>)> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn()?;
    let streams = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    let readers = streams.into_iter().flatten().map(|stream| {
        let (output, on_line) = (output.clone(), on_line.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                on_line(&line);
                output.push(line);
            }
        })
    });
    Ok((child, readers.collect()))
}

/// Kills a process with its group, and waits for it.
///
/// # Errors
/// When it is gone already.
pub fn kill_group(child: &mut Child) -> Result<()> {
    let group =
        Pid::from_raw(i32::try_from(child.id()).context("a process id is a positive number")?);
    // Its own child is reaped here and nowhere else, so the id cannot have passed to another
    // process.
    killpg(group, Signal::SIGKILL)?;
    child.wait()?;
    Ok(())
}

/// The program that a flag names, else the one beside this one.
///
/// # Errors
/// As [`beside`].
pub fn or_beside(given: Option<&PathBuf>, name: &str, flag: &str) -> Result<PathBuf> {
    given.map_or_else(|| beside(name, flag), |program| Ok(program.clone()))
}

/// Looks whether there is an application to run, before anything is started for it.
///
/// # Errors
/// When there is none; the text names the flag.
pub fn check_manifest(manifest: &Path) -> Result<()> {
    if !manifest.exists() {
        bail!("--manifest: there is no {}", manifest.display());
    }
    Ok(())
}

/// The program beside this one.
///
/// # Errors
/// When there is none; the text names the flag that says where it is.
pub fn beside(name: &str, flag: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find this program's folder")?;
    let program = own.with_file_name(name);
    if !program.exists() {
        bail!(
            "{flag}: there is no {}; `cargo build --release -p {name}` builds it",
            program.display()
        );
    }
    Ok(program)
}
