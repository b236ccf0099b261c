//! A process of the app under measurement, local-runtime, Spin or the always-on service, from its
//! start until it says it is ready.
//!
//! Dropping one kills it with all that it started.

use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::processes::{Output, kill_group, spawn};
use crate::stop;

/// How late a wait may notice; the moments themselves are taken when a line comes.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How a runtime says where it serves, once for each copy.
const SERVING: &str = "Serving ";
/// How a runtime says that it listens to its bells; local-runtime prints it last of all.
const CHANNELS: &str = "Active Channels";
/// How the always-on service says that all its roles listen to their bells.
const CONVENTIONAL: &str = "conventional: ready";

/// A running process.
#[derive(Debug)]
pub struct App {
    child: Child,
    name: String,
    output: Output,
    said: Said,
}

/// What a process has said so far.
#[derive(Debug, Clone, Default)]
pub struct Said(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    urls: Vec<String>,
    channels: bool,
    ready_at: Option<Instant>,
}

impl Said {
    /// Where it serves; empty as long as it has not said so.
    pub fn urls(&self) -> Vec<String> {
        self.lock().urls.clone()
    }

    /// When it was ready; none as long as it is not.
    pub fn ready_at(&self) -> Option<Instant> {
        self.lock().ready_at
    }

    fn hear(&self, line: &str) {
        let mut lines = self.lock();
        if let Some(url) = line.trim_start().strip_prefix(SERVING) {
            lines.urls.extend(url.split_whitespace().next().map(str::to_owned));
        }
        lines.channels |= line.starts_with(CHANNELS);
        // Spin's two triggers are processes of their own, and either may be the first.
        let is_runtime = lines.channels && !lines.urls.is_empty();
        if lines.ready_at.is_none() && (is_runtime || line.starts_with(CONVENTIONAL)) {
            lines.ready_at = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Starts a command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_owned();
        let name = std::path::Path::new(&program).file_name().unwrap_or(&program);
        let name = name.to_string_lossy().into_owned();
        let (output, said) = (Output::default(), Said::default());
        let heard = said.clone();
        let (child, _) = spawn(&mut command, &output, move |line| heard.hear(line))
            .with_context(|| format!("failed to start {}", program.display()))?;
        Ok(Self { child, name, output, said })
    }

    /// What it says, from now on too.
    pub fn said(&self) -> Said {
        self.said.clone()
    }

    /// Waits until it has said that it is ready; when that was.
    ///
    /// # Errors
    /// When the process ends, or takes longer than `limit`.
    pub fn wait_until_ready(&mut self, limit: Duration) -> Result<Instant> {
        let said = self.said();
        self.wait("is not ready", limit, || Ok(said.ready_at()))
    }

    /// Waits until there is a value.
    ///
    /// # Errors When looking fails, the process ends, or it takes longer than `limit`: it `what`,
    /// in words, after so long.
    pub fn wait<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut ready: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(value) = ready()? {
                return Ok(value);
            }
            self.check()?;
            if Instant::now() > deadline {
                bail!("{} {what} after {} s:\n{}", self.name, limit.as_secs(), self.output.text());
            }
            stop::sleep(LOOK_EVERY)?;
        }
    }

    /// An error when the process has ended, with what it said last.
    ///
    /// # Errors
    /// That one.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait().context("failed to watch a process")? {
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.output.text()),
            None => Ok(()),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = kill_group(&mut self.child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_ready_once_it_serves_and_listens_to_bells_in_whatever_order() {
        let (serving, channels) =
            ("Serving http://127.0.0.1:1", "Active Channels on redis://127.0.0.1:2:");
        for lines in [[serving, channels], [channels, serving]] {
            let said = Said::default();
            said.hear(lines[0]);
            assert_eq!(said.ready_at(), None);
            said.hear(lines[1]);
            assert!(said.ready_at().is_some());
            assert_eq!(said.urls(), ["http://127.0.0.1:1"]);
        }
    }

    #[test]
    fn the_service_is_ready_by_its_line_and_by_no_other() {
        let said = Said::default();
        said.hear("distributor: failed to connect to redis");
        assert_eq!(said.ready_at(), None);
        said.hear("conventional: ready as distributor; redis 127.0.0.1:1, queue orders");
        assert!(said.ready_at().is_some());
    }
}
