//! A child process from its start to its end.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::output::{Output, note};
use crate::spawner::spawn;

/// How often a waiting loop checks its condition.
const POLL: Duration = Duration::from_millis(2);
/// How long a process may take to end after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long to read the rest of the output, which a process outside the group may keep open.
const READ_LIMIT: Duration = Duration::from_secs(1);

/// A child process. Dropping it stops it together with its process group.
///
/// It leads its own process group, so a Ctrl-C of the terminal reaches this program alone. When
/// this program dies without stopping it, the kernel sends it SIGTERM, or what it was started with.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Set once the child is reaped. From then on its id may belong to another process.
    status: Option<ExitStatus>,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a command without changing its output. Messages call it `name`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: Command) -> Result<Self> {
        Self::start_with(name, command, Signal::SIGTERM)
    }

    /// Starts a command that gets this signal when this program dies. Only `SIGKILL` ends a process
    /// that is stopped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(name: &str, command: Command, at_death: Signal) -> Result<Self> {
        let program = command.get_program().to_owned();
        let child = spawn(command, at_death)
            .with_context(|| format!("failed to start {name} ({})", program.display()))?;
        let (output, readers) = (Output::default(), Vec::new());
        Ok(Self { name: name.to_owned(), child, status: None, output, readers })
    }

    /// Starts a command, reads what it prints, and calls `on_line` for each line. The last lines
    /// are in every error.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_reading(
        name: &str,
        mut command: Command,
        on_line: impl Fn(&str) + Clone + Send + 'static,
    ) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Self::start(name, command)?;
        if let Some(stdout) = process.child.stdout.take() {
            process.readers.push(process.output.read(stdout, on_line.clone()));
        }
        if let Some(stderr) = process.child.stderr.take() {
            process.readers.push(process.output.read(stderr, on_line));
        }
        Ok(process)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last lines that it printed, where they are read.
    pub fn last_lines(&self) -> String {
        self.output.text()
    }

    /// Its exit status; `None` while it runs. It is not reaped, so its id is not reused.
    pub fn ended(&self) -> Option<ExitStatus> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        self.status.or_else(|| match waitid(Id::Pid(self.pid()), flags) {
            Ok(WaitStatus::Exited(_, code)) => Some(ExitStatus::from_raw(code << 8)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(ExitStatus::from_raw(signal as i32)),
            _ => None,
        })
    }

    /// Fails when the process has ended.
    ///
    /// # Errors
    /// With its exit status and its last lines.
    pub fn check(&self) -> Result<()> {
        let Some(status) = self.ended() else { return Ok(()) };
        self.read_to_end();
        bail!("{} ended with {status}\n{}", self.name, self.last_lines())
    }

    /// Waits until `look` has a value.
    ///
    /// # Errors
    /// That of `look`; or when the process ends, or after `limit`, with its last lines.
    pub fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(value) = look()? {
                return Ok(value);
            }
            self.check()?;
            if Instant::now() > deadline {
                let lines = self.last_lines();
                bail!("{}: no {what} within {} s\n{lines}", self.name, limit.as_secs());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits up to `limit` for its end; `None` when it still runs.
    pub fn ends_within(&self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            let ended = self.ended();
            if ended.is_some() || Instant::now() > deadline {
                return ended;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Sends a signal to its process group.
    pub fn signal(&self, signal: Signal) {
        if self.status.is_none() {
            // A group that has ended needs no signal.
            let _ = killpg(self.pid(), signal);
        }
    }

    /// Asks the group to end by SIGTERM, kills what is left after 10 s, and reaps the child.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        if self.ended().is_none() {
            self.signal(Signal::SIGTERM);
            if self.ends_within(STOP_LIMIT).is_none() {
                let limit_s = STOP_LIMIT.as_secs();
                note(format_args!("{} did not end within {limit_s} s and is killed", self.name));
            }
        }
        self.kill()
    }

    /// Kills the group, reaps the child, and reads its output to the end.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        self.signal(Signal::SIGKILL);
        let status =
            self.child.wait().with_context(|| format!("failed to wait for {}", self.name))?;
        self.status = Some(status);
        self.read_to_end();
        Ok(status)
    }

    fn read_to_end(&self) {
        let deadline = Instant::now() + READ_LIMIT;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            note(format_args!("{error:#}"));
        }
    }
}

#[cfg(test)]
mod tests;
