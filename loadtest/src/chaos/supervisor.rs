//! The processes of the app: replicas of each worker and one API, each a runtime of its own that runs one component.
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
const START_LIMIT: Duration = Duration::from_secs(60);

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
    endpoint: Endpoint,
    output: Output,
    readers: Vec<JoinHandle<()>>,
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
                supervisor.wait_until_serving()?;
            }
        }
        supervisor.wait_until_serving()?;
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

    /// Kills a process at once.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        let name = self.name(index);
        let process = &mut self.processes[index];
        let mut child = process.child.take().with_context(|| format!("{name} is not running"))?;
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
            .args(["--listen", "127.0.0.1:0", "--component-id", process.component])
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
        Ok(())
    }

    /// Starts again what has ended by itself, as a cluster does; how many those were.
    ///
    /// # Errors
    /// When a process cannot be watched or started.
    pub fn revive(&mut self) -> Result<u64> {
        let mut ended = 0;
        for index in 0..self.len() {
            let process = &mut self.processes[index];
            let Some(child) = &mut process.child else { continue };
            let Some(status) = child.try_wait().context("failed to watch a process")? else {
                continue;
            };
            process.child = None;
            process.forget();
            eprintln!("{} ended by itself, {status}:\n{}", self.name(index), self.said(index));
            ended += 1;
            self.start_process(index)?;
        }
        Ok(ended)
    }

    /// Waits until every process says where it serves.
    ///
    /// # Errors
    /// When one ends, or takes too long.
    pub fn wait_until_serving(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        for index in 0..self.len() {
            while self.processes[index].child.is_some()
                && lock(&self.processes[index].endpoint).is_none()
            {
                let child = self.processes[index].child.as_mut();
                let ended = child.and_then(|child| child.try_wait().ok().flatten());
                if let Some(status) = ended {
                    bail!("{} ended with {status}:\n{}", self.name(index), self.said(index));
                }
                if Instant::now() > deadline {
                    bail!("{} does not serve:\n{}", self.name(index), self.said(index));
                }
                stop::sleep(Duration::from_millis(5))?;
            }
        }
        Ok(())
    }

    /// The last lines of all processes.
    pub fn said_by_all(&self) -> String {
        (0..self.len())
            .map(|index| format!("-- {}\n{}\n", self.name(index), self.said(index)))
            .collect()
    }

    fn said(&self, index: usize) -> String {
        self.processes[index].output.text()
    }
}

impl Process {
    /// Clears the address of a life that is over. Its output is read to the end before: a late line of it must not be taken
    /// for the address of the next life.
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
