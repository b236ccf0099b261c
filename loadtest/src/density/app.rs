//! The processes that are measured: local-runtime with any number of copies, or the always-on service.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use shared::queue::{Keys, QueueName, Stream};

pub use crate::app::App;

/// The longest a process may take to be ready; the first one compiles the components.
const START_LIMIT: Duration = Duration::from_secs(120);

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
            command.args([
                "--copies",
                &copies.to_string(),
                "--copy-variable",
                "queue=density-{copy}",
            ]);
        }
        Self::start(command)
    }

    /// The always-on service, all roles in one process.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn conventional(program: &Path, redis_url: &str, copy: u32) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--redis-url", redis_url, "--queue", queue(copy)?.as_str()]);
        Self::start(command)
    }

    /// Waits until local-runtime listens everywhere; where each copy does.
    ///
    /// # Errors
    /// When the process ends, or takes too long.
    pub fn wait_until_serving(&mut self) -> Result<Vec<String>> {
        self.wait_until_ready(START_LIMIT)?;
        Ok(self.said().urls())
    }

    /// Waits until somebody listens to all three bells of a queue.
    ///
    /// # Errors
    /// When the process ends, or takes too long.
    pub fn wait_until_heard(&mut self, redis: &mut RedisConnection, copy: u32) -> Result<()> {
        let heard = || Ok((listeners(redis, copy..=copy)? == 3).then_some(()));
        self.wait("does not listen to its bells", START_LIMIT, heard)
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
