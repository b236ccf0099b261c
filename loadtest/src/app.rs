//! Processes under measurement: local-runtime, Spin or the always-on service.
//!
//! - [`Endpoint`]: where a process serves, once it has printed it
//! - [`App`]: a process that is ready when Redis counts a listener for each of its bells, and it
//!   serves HTTP if it has a server

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use supervise::Process;

use crate::stop;

/// How often a wait checks its condition.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The program that a flag names, or the one in the folder of this program.
pub(crate) fn program(given: Option<&Path>, name: &str, flag: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find this program's folder")?;
    let program = given.map_or_else(|| own.with_file_name(name), Path::to_owned);
    ensure!(
        program.is_file(),
        "{flag}: there is no program {}; `cargo build --release -p {name}` builds one",
        program.display()
    );
    Ok(program)
}

/// Empty while a process is starting or dead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoint(Arc<Mutex<Option<String>>>);

impl Endpoint {
    pub(crate) fn at(url: &str) -> Self {
        Self(Arc::new(Mutex::new(Some(url.to_owned()))))
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process that prints the address at which it serves.
    pub(crate) fn start(&self, name: &str, command: Command) -> Result<Process> {
        let endpoint = self.clone();
        Process::start_reading(name, command, move |line| {
            if let Some(rest) = line.trim_start().strip_prefix("Serving ") {
                let url = rest.split_whitespace().next();
                endpoint.lock().get_or_insert_with(|| url.unwrap_or_default().to_owned());
            }
        })
    }
}

/// Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct App {
    process: Process,
    endpoint: Endpoint,
    ready_at: Arc<OnceLock<Instant>>,
}

impl App {
    /// It is to listen on these channels, and to serve HTTP if it has a server.
    pub(crate) fn start(
        name: &str,
        command: Command,
        redis_url: String,
        channels: Vec<String>,
        has_server: bool,
    ) -> Result<Self> {
        let endpoint = Endpoint::default();
        let process = endpoint.start(name, command)?;
        let app = Self { process, endpoint, ready_at: Arc::default() };
        let (endpoint, ready_at) = (app.endpoint.clone(), Arc::downgrade(&app.ready_at));
        let is_ready = move || {
            let serves = !has_server || endpoint.url().is_some();
            // A server that does not answer has no listeners yet.
            serves && supervise::subscribed(&redis_url, &channels).unwrap_or(false)
        };
        std::thread::spawn(move || {
            // Until the app is dropped.
            while let Some(ready_at) = ready_at.upgrade() {
                if is_ready() {
                    let _ = ready_at.set(Instant::now());
                    return;
                }
                std::thread::sleep(LOOK_EVERY);
            }
        });
        Ok(app)
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns when it was ready.
    pub(crate) fn wait_until_ready(&self, limit: Duration) -> Result<Instant> {
        self.process.wait_for("readiness", limit, || {
            stop::check()?;
            Ok(self.ready_at.get().copied())
        })
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.process.check()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.process.id() as i32
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // Its state no longer matters, and a graceful stop takes time.
        let _ = self.process.kill();
    }
}

#[cfg(test)]
mod tests;
