//! The shell that the three components have in common: everything of Spin that a drain and a tick need, and nothing else.
//!
//! A component's own `lib.rs` names its role and its triggers. What an order means is decided in `shared`, which knows no Spin.

mod answer;
mod partitions;
mod redis;

use std::time::{Duration, Instant};

pub use answer::{Answer, json_response, method_not_allowed, options, problem, problem_with};
use anyhow::{Context, Result};
use shared::journal::Journal;
use shared::problem;
use shared::queue::{Batch, Host, Queue, QueueError, Role, Stream, drain};
use shared::settings::{self, QueueSettings, SettingsError};
use spin_sdk::http::{Method, Request, Response};
use spin_sdk::variables;

pub use partitions::Partitions;
pub use redis::SpinRedis;

/// Reads a variable of this component.
///
/// # Errors
/// The host's own words.
pub fn variable(name: &str) -> Result<String, String> {
    variables::get(name).map_err(|error| error.to_string())
}

/// What every handler needs: the variables, read and checked, and a connection.
pub struct Shell {
    /// How the queue is used.
    pub settings: QueueSettings,
    /// The connection.
    pub redis: SpinRedis,
}

/// Why a handler cannot begin.
#[derive(Debug)]
pub enum NotReady {
    /// A variable is wrong; nothing will help but setting it right.
    Settings(SettingsError),
    /// Redis is away.
    Redis(QueueError),
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(formatter),
            Self::Redis(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for NotReady {}

impl From<SettingsError> for NotReady {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl Shell {
    /// Reads all variables before it connects.
    ///
    /// # Errors
    /// When a variable is wrong or Redis does not answer.
    pub fn open() -> Result<Self, NotReady> {
        let settings = QueueSettings::read(&variable)?;
        let redis_url = settings::redis_url(&variable)?;
        Self::connect(settings, &redis_url).map_err(NotReady::Redis)
    }

    /// Connects to the Redis that holds the queue of these settings.
    fn connect(settings: QueueSettings, redis_url: &str) -> Result<Self, QueueError> {
        let redis = SpinRedis::open(redis_url)
            .map_err(|source| QueueError::Redis { what: "failed to connect to redis", source })?;
        Ok(Self { settings, redis })
    }

    /// The queue through this connection.
    pub fn queue(&mut self) -> Queue<'_, SpinRedis> {
        Queue::new(&mut self.redis, &self.settings)
    }
}

/// The clock and the log of a drain.
struct Worker {
    start: Instant,
    journal: Journal,
}

impl Host for Worker {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn committed(&mut self, batch: &Batch<'_>) {
        let lines = self.journal.batch(batch);
        if !lines.is_empty() {
            print!("{lines}");
        }
    }
}

/// Drains a role's stream and logs what was done, as much of it as `log_level` asks for.
///
/// # Errors
/// When a variable is wrong or Redis fails; the host logs it. What was claimed stays pending and is redelivered.
pub fn on_bell(role: &impl Role) -> Result<()> {
    let level = settings::log_level(&variable)?;
    let mut worker = Worker { start: Instant::now(), journal: Journal::new(level, role.stream()) };
    let mut shell = Shell::open()?;
    let (tally, result) = drain(&mut shell.queue(), role, &mut worker);
    if let Some(line) = worker.journal.end(&tally, worker.start.elapsed()) {
        println!("{line}");
    }
    result.with_context(|| format!("failed to drain {}", role.stream().as_str()))
}

/// Answers `GET /<component>/tick`: rings the component's own bell if work waits for it or is overdue.
pub fn on_tick(request: &Request, stream: Stream) -> Response {
    const ALLOWED: &str = "GET, HEAD, OPTIONS";
    match request.method() {
        Method::Get | Method::Head => {}
        Method::Options => return answer::options(ALLOWED),
        _ => return answer::method_not_allowed(ALLOWED),
    }
    let ticked =
        Shell::open().and_then(|mut shell| shell.queue().tick(stream).map_err(NotReady::Redis));
    match ticked {
        Ok(tick) => json_response(200, &tick).into_response(),
        Err(error) => not_ready(&error),
    }
}

/// Says that a handler cannot begin: 500 for a wrong variable, 503 while Redis does not do its part. The cause goes to the log only.
pub fn not_ready(error: &NotReady) -> Response {
    eprintln!("{error}");
    match error {
        NotReady::Settings(_) => {
            let detail = "a variable of the application is wrong; the log names it";
            answer::problem(problem::MISCONFIGURED, detail).into_response()
        }
        NotReady::Redis(error) => {
            let trouble = error.trouble();
            answer::problem(trouble.problem(), trouble.message())
                .with_header("retry-after", "1")
                .into_response()
        }
    }
}
