//! The processes of the app: replicas of each worker and one API, each a separate runtime with one
//! component.
//!
//! They run under Spin's rules: a process that loses Redis ends, and is started again as a cluster
//! does it.
//!
//! Dropping the supervisor kills them all.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use orders::pipeline::{STREAMS, component};

use crate::app::Endpoint;
use crate::stop;

const API: &str = "orders-api";
/// The first process compiles the components.
const START_LIMIT: Duration = Duration::from_mins(1);

const RESTART_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Supervisor {
    program: PathBuf,
    manifest: PathBuf,
    variables: Vec<(&'static str, String)>,
    processes: Vec<Process>,
    /// Processes that ended by themselves, because they lost Redis.
    pub(crate) restarts: u64,
}

#[derive(Debug)]
struct Process {
    component: &'static str,
    replica: u32,
    life: Option<supervise::Process>,
    /// Started again when it ends; one that a fault has killed is not.
    is_wanted: bool,
    started_at: Instant,
    endpoint: Endpoint,
    /// Set when the process last ended.
    last_words: String,
}

impl Supervisor {
    pub(crate) fn start(
        program: &Path,
        manifest: &Path,
        variables: Vec<(&'static str, String)>,
        replicas: u32,
    ) -> Result<Self> {
        let workers = STREAMS
            .into_iter()
            .flat_map(|stream| (1..=replicas).map(move |replica| (component(stream), replica)));
        let processes =
            std::iter::once((API, 1)).chain(workers).map(|(component, replica)| Process {
                component,
                replica,
                life: None,
                is_wanted: false,
                started_at: Instant::now(),
                endpoint: Endpoint::default(),
                last_words: String::new(),
            });
        let mut supervisor = Self {
            program: program.to_owned(),
            manifest: manifest.to_owned(),
            variables,
            processes: processes.collect(),
            restarts: 0,
        };
        // Alone: it compiles what the others then find in the cache.
        supervisor.start_process(0)?;
        supervisor.wait(false)?;
        for index in 1..supervisor.len() {
            supervisor.start_process(index)?;
        }
        supervisor.wait(false)?;
        Ok(supervisor)
    }

    pub(crate) fn len(&self) -> usize {
        self.processes.len()
    }

    /// Such as `receiver-simple/2`.
    pub(crate) fn name(&self, index: usize) -> String {
        let process = &self.processes[index];
        format!("{}/{}", process.component, process.replica)
    }

    pub(crate) fn replicas_of(&self, component: &str) -> Vec<usize> {
        (0..self.len()).filter(|index| self.processes[*index].component == component).collect()
    }

    pub(crate) fn api(&self) -> Endpoint {
        self.processes[0].endpoint.clone()
    }

    /// With the names of their components.
    pub(crate) fn workers(&self) -> impl Iterator<Item = (&'static str, Endpoint)> + '_ {
        let workers = self.processes.iter().filter(|process| process.component != API);
        workers.map(|process| (process.component, process.endpoint.clone()))
    }

    /// A process that has just ended stays dead.
    pub(crate) fn kill(&mut self, index: usize) -> Result<()> {
        let name = self.name(index);
        let process = &mut self.processes[index];
        process.is_wanted = false;
        process.end().with_context(|| format!("failed to kill {name}"))
    }

    /// What they still do is of no interest.
    pub(crate) fn kill_all(&mut self) {
        for process in &mut self.processes {
            let _ = process.end();
        }
    }

    pub(crate) fn start_process(&mut self, index: usize) -> Result<()> {
        let name = self.name(index);
        let process = &mut self.processes[index];
        let mut command = supervise::app(&self.program);
        command
            .arg("up")
            .arg("-f")
            .arg(&self.manifest)
            .args(["--listen", "127.0.0.1:0", "--no-reconnect"])
            .args(["--component-id", process.component])
            .envs(self.variables.iter().cloned());
        process.life = Some(process.endpoint.start(&name, command)?);
        (process.is_wanted, process.started_at) = (true, Instant::now());
        Ok(())
    }

    /// Starts ended processes again, as a cluster does.
    pub(crate) fn revive(&mut self) -> Result<()> {
        for index in 0..self.len() {
            let process = &mut self.processes[index];
            if process.life.as_ref().is_some_and(|life| life.ended().is_some()) {
                process.end()?;
                self.restarts += 1;
            }
            let is_due = process.started_at.elapsed() > RESTART_PAUSE;
            if process.life.is_none() && process.is_wanted && is_due {
                self.start_process(index)?;
            }
        }
        Ok(())
    }

    /// Waits until all processes serve. One that ends meanwhile is an error unless it `may_end`.
    pub(crate) fn wait(&mut self, may_end: bool) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            self.revive()?;
            if self.restarts > 0 && !may_end {
                bail!("a process ended:\n{}", self.said_by_all());
            }
            let is_waited_for =
                |process: &Process| process.is_wanted && process.endpoint.url().is_none();
            let Some(index) = self.processes.iter().position(is_waited_for) else { return Ok(()) };
            if Instant::now() > deadline {
                bail!("{} does not serve:\n{}", self.name(index), self.said(index));
            }
            stop::sleep(Duration::from_millis(5))?;
        }
    }

    pub(crate) fn said_by_all(&self) -> String {
        let said = |index| (self.name(index), self.said(index));
        let all = (0..self.len()).map(said).filter(|(_, said)| !said.is_empty());
        all.map(|(name, said)| format!("-- {name}\n{said}\n")).collect()
    }

    fn said(&self, index: usize) -> String {
        let process = &self.processes[index];
        let lines = process.life.as_ref().map(supervise::Process::last_lines);
        process.last_words.clone() + &lines.unwrap_or_default()
    }
}

impl Process {
    /// Ends a life and clears its address. Its output is read to the end before: a late line of it
    /// must not be taken for the address of the next life.
    fn end(&mut self) -> Result<()> {
        let Some(mut life) = self.life.take() else { return Ok(()) };
        let status = life.kill()?;
        self.last_words = format!("{}  ended with {status}\n", life.last_lines());
        self.endpoint.clear();
        Ok(())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.kill_all();
    }
}
