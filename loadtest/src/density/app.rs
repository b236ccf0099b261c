//! The processes that are measured: local-runtime with any number of copies, or the always-on service. Dropping one kills it.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use conventional::connection::RedisConnection;
use shared::queue::{Keys, QueueName, Stream};

use crate::processes::{Output, kill_group, spawn};
use crate::stop;

/// The longest a process may take to be ready; the first one compiles the components.
const START_LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The line local-runtime prints once it listens everywhere.
const READY: &str = "Active Channels";

/// A running process.
#[derive(Debug)]
pub struct App {
    child: Child,
    name: String,
    output: Output,
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
struct Said {
    urls: Vec<String>,
    ready: bool,
}

/// The queue of a copy.
///
/// # Errors
/// Never, as these names are valid.
pub fn queue(copy: u32) -> Result<QueueName> {
    QueueName::parse(&format!("density-{copy}")).context("the name of a queue")
}

impl App {
    /// local-runtime with so many copies, from `first` on. One copy runs as any application does, more of them by `--copies`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn runtime(
        program: &Path,
        manifest: &Path,
        redis_url: &str,
        copies: u32,
        first: u32,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("up").arg("-f").arg(manifest).args(["--quiet", "--listen", "127.0.0.1:0"]);
        command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
        if copies == 1 {
            command.env("SPIN_VARIABLE_QUEUE", queue(first)?.as_str());
        } else {
            command.args(["--copies", &copies.to_string(), "--copy-variable", "queue=density-{copy}"]);
        }
        Self::start(command, program)
    }

    /// The always-on service, all roles in one process.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn conventional(program: &Path, redis_url: &str, copy: u32) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--redis-url", redis_url, "--queue", queue(copy)?.as_str()]);
        Self::start(command, program)
    }

    fn start(mut command: Command, program: &Path) -> Result<Self> {
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let (output, said) = (Output::default(), Arc::new(Mutex::new(Said::default())));
        let heard = Arc::clone(&said);
        let on_line = move |line: &str| {
            let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(url) = line.strip_prefix("Serving ") {
                said.urls.extend(url.split_whitespace().next().map(str::to_owned));
            }
            said.ready |= line.starts_with(READY);
        };
        let (child, _) = spawn(&mut command, &output, on_line)
            .with_context(|| format!("failed to start {}", program.display()))?;
        Ok(Self { child, name, output, said })
    }

    /// Waits until local-runtime listens everywhere; where each copy does.
    ///
    /// # Errors
    /// When the process ends, or takes too long.
    pub fn wait_until_serving(&mut self) -> Result<Vec<String>> {
        let said = Arc::clone(&self.said);
        let ready = || said.lock().map(|said| said.ready.then(|| said.urls.clone())).ok().flatten();
        self.wait("does not serve", || Ok(ready()))
    }

    /// Waits until somebody listens to all three bells of a queue.
    ///
    /// # Errors
    /// When the process ends, or takes too long.
    pub fn wait_until_heard(&mut self, redis: &mut RedisConnection, copy: u32) -> Result<()> {
        self.wait("does not listen to its bells", || Ok((listeners(redis, copy..=copy)? == 3).then_some(())))
    }

    fn wait<T>(&mut self, what: &str, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(value) = ready()? {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait().context("failed to watch a process")? {
                bail!("{} ended with {status}:\n{}", self.name, self.output.text());
            }
            if Instant::now() > deadline {
                bail!("{} {what} after {} s:\n{}", self.name, START_LIMIT.as_secs(), self.output.text());
            }
            stop::sleep(LOOK_EVERY)?;
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

/// How many of the bells of these copies somebody listens to.
///
/// # Errors
/// When Redis fails.
pub fn listeners(redis: &mut RedisConnection, copies: impl Iterator<Item = u32>) -> Result<usize> {
    let mut command = redis::cmd("PUBSUB");
    command.arg("NUMSUB");
    for copy in copies {
        let keys = Keys::new(queue(copy)?);
        Stream::ALL.iter().for_each(|stream| {
            command.arg(keys.channel(*stream));
        });
    }
    let counts: Vec<(String, u64)> =
        command.query(redis.inner()).context("failed to ask who listens to the bells")?;
    Ok(counts.iter().filter(|(_, count)| *count > 0).count())
}
