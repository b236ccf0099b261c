//! The processes of the app: replicas of each worker and one API, each a runtime of its own that
//! runs one component.
//!
//! They run under Spin's rules: a process that loses Redis ends, and is started again as a cluster
//! does it.
//!
//! Dropping the supervisor kills them all.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::processes::{Output, kill_group, spawn};
use crate::stop;

/// The components that drain a stream.
pub const WORKERS: [&str; 3] = ["distributor", "receiver-simple", "receiver-complex"];
/// The component that takes orders in.
const API: &str = "orders-api";
/// The longest all processes may take to serve at the start; the first one compiles the components.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Between two starts of a process that keeps ending.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// Where a process listens; none while it is starting or dead.
pub type Endpoint = Arc<Mutex<Option<String>>>;

/// The processes and how they are started.
#[derive(Debug)]
pub struct Supervisor {
    program: PathBuf,
    manifest: PathBuf,
    variables: Vec<(String, String)>,
    processes: Vec<Process>,
}

#[derive(Debug)]
struct Process {
    component: &'static str,
    replica: u32,
    child: Option<Child>,
    state: State,
    started_at: Instant,
    endpoint: Endpoint,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is to run: when it ends, it is started again.
    Wanted,
    /// It was killed by a fault.
    Killed,
}

impl Supervisor {
    /// Starts everything and waits until all of it serves.
    ///
    /// # Errors
    /// When a process cannot be started, ends, or does not serve in time.
    pub fn start(
        program: &Path,
        manifest: &Path,
        variables: Vec<(String, String)>,
        replicas: u32,
    ) -> Result<Self> {
        let workers =
            WORKERS.iter().flat_map(|worker| (1..=replicas).map(|replica| (*worker, replica)));
        let processes =
            std::iter::once((API, 1)).chain(workers).map(|(component, replica)| Process {
                component,
                replica,
                child: None,
                state: State::Killed,
                started_at: Instant::now(),
                endpoint: Endpoint::default(),
                output: Output::default(),
                readers: Vec::new(),
            });
        let mut supervisor = Self {
            program: program.to_owned(),
            manifest: manifest.to_owned(),
            variables,
            processes: processes.collect(),
        };
        for index in 0..supervisor.processes.len() {
            supervisor.start_process(index)?;
            if index == 0 {
                // Alone: it compiles what the others then find in the cache.
                supervisor.wait(false)?;
            }
        }
        supervisor.wait(false)?;
        Ok(supervisor)
    }

    /// How many processes there are.
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// The name of a process, as `receiver-simple/2`.
    pub fn name(&self, index: usize) -> String {
        let process = &self.processes[index];
        format!("{}/{}", process.component, process.replica)
    }

    /// All processes that run this component.
    pub fn replicas_of(&self, component: &str) -> Vec<usize> {
        (0..self.len()).filter(|index| self.processes[*index].component == component).collect()
    }

    /// Where the API listens.
    pub fn api(&self) -> Endpoint {
        Arc::clone(&self.processes[0].endpoint)
    }

    /// Where each process of a worker listens, with the component's name.
    pub fn workers(&self) -> impl Iterator<Item = (&'static str, Endpoint)> + '_ {
        let workers = self.processes.iter().filter(|process| process.component != API);
        workers.map(|process| (process.component, Arc::clone(&process.endpoint)))
    }

    /// Kills a process at once. One that has just ended by itself stays dead.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        let name = self.name(index);
        let process = &mut self.processes[index];
        process.state = State::Killed;
        let Some(mut child) = process.child.take() else { return Ok(()) };
        let killed = kill_group(&mut child).with_context(|| format!("failed to kill {name}"));
        process.forget();
        killed
    }

    /// Starts a killed process again, and does not wait until it serves.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_process(&mut self, index: usize) -> Result<()> {
        let name = self.name(index);
        let process = &mut self.processes[index];
        let mut command = Command::new(&self.program);
        command
            .arg("up")
            .arg("-f")
            .arg(&self.manifest)
            .args(["--listen", "127.0.0.1:0", "--no-reconnect"])
            .args(["--component-id", process.component])
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        let endpoint = Arc::clone(&process.endpoint);
        let on_line = move |line: &str| {
            if let Some(url) = line.trim().strip_prefix("Serving ") {
                *lock(&endpoint) = Some(url.trim().to_owned());
            }
        };
        let (child, readers) = spawn(&mut command, &process.output, on_line)
            .with_context(|| format!("failed to start {name} with {}", self.program.display()))?;
        process.readers = readers;
        process.child = Some(child);
        (process.state, process.started_at) = (State::Wanted, Instant::now());
        Ok(())
    }

    /// Starts again what has ended by itself, as a cluster does; how many processes had ended.
    ///
    /// # Errors
    /// When a process cannot be watched or started.
    pub fn revive(&mut self) -> Result<u64> {
        let mut ended = 0;
        for index in 0..self.len() {
            let process = &mut self.processes[index];
            if let Some(child) = &mut process.child
                && let Some(status) = child.try_wait().context("failed to watch a process")?
            {
                process.child = None;
                process.forget();
                process.output.push(format!("ended with {status}"));
                ended += 1;
            }
            let is_due = process.started_at.elapsed() > RESTART_PAUSE;
            if process.child.is_none() && process.state == State::Wanted && is_due {
                self.start_process(index)?;
            }
        }
        Ok(ended)
    }

    /// Waits until every process that is not killed says where it serves.
    ///
    /// # Errors
    /// When one takes too long.
    pub fn wait_until_serving(&mut self) -> Result<()> {
        self.wait(true)
    }

    fn wait(&mut self, may_end: bool) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if self.revive()? > 0 && !may_end {
                bail!("a process ended:\n{}", self.said_by_all());
            }
            let is_waited_for = |process: &Process| {
                process.state == State::Wanted && lock(&process.endpoint).is_none()
            };
            let Some(index) = self.processes.iter().position(is_waited_for) else { return Ok(()) };
            if Instant::now() > deadline {
                bail!("{} does not serve:\n{}", self.name(index), self.said(index));
            }
            stop::sleep(Duration::from_millis(5))?;
        }
    }

    /// The last lines of all processes.
    pub fn said_by_all(&self) -> String {
        let said = |index| format!("-- {}\n{}\n", self.name(index), self.said(index));
        (0..self.len()).map(said).collect::<Vec<_>>().concat()
    }

    fn said(&self, index: usize) -> String {
        self.processes[index].output.text()
    }
}

impl Process {
    /// Clears the address of a life that is over. Its output is read to the end before: a late line
    /// of it must not be taken for the address of the next life.
    fn forget(&mut self) {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        *lock(&self.endpoint) = None;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        for child in self.processes.iter_mut().filter_map(|process| process.child.as_mut()) {
            let _ = kill_group(child);
        }
    }
}

/// The value behind an endpoint.
pub fn lock(endpoint: &Endpoint) -> std::sync::MutexGuard<'_, Option<String>> {
    endpoint.lock().unwrap_or_else(PoisonError::into_inner)
}
