//! One role as a loop: wait for the bell, drain, wait again.
//!
//! A worker holds the lock of its [`Done`] while it has claimed entries. Taking that lock stops it
//! between two drains.

use std::io::{stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::{RedisConnection, in_words};
use orders::pipeline::component;
use queue::log::{Level, Log};
use queue::{Batch, Host, Queue, Role, Settings, drain};
use redis::ConnectionInfo;

use crate::print;

/// How long to wait for a bell before a tick, because pub/sub delivers at most once.
const TICK: Duration = Duration::from_secs(1);
/// How long to wait after Redis failed.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How long connecting, and each reply, may take. Without a limit a worker would wait forever for a
/// server that is gone.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// What a worker has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Drains that found something.
    pub drains: u64,
    /// Orders whose outcome was applied.
    pub applied: u64,
}

/// One role, ready to run.
#[derive(Debug)]
pub struct Worker<R> {
    /// What it does.
    pub role: R,
    /// Where Redis is.
    pub redis: ConnectionInfo,
    /// How the queue is used.
    pub settings: Settings,
    /// What was done; locked during a drain.
    pub done: Arc<Mutex<Done>>,
    /// Set when no further batch is to be claimed.
    pub is_stopping: Arc<AtomicBool>,
}

impl<R: Role> Worker<R> {
    /// Runs forever. Errors are logged, and the role continues when Redis is back.
    ///
    /// `on_ready` is called each time the worker begins to listen to its bell.
    pub fn run(&self, on_ready: impl Fn()) -> ! {
        let mut last = String::new();
        loop {
            let is_listening = || {
                last.clear();
                on_ready();
            };
            if let Err(error) = self.serve(is_listening) {
                let error = in_words(&error);
                // Logged once for each outage, not at each attempt.
                if error != last {
                    print(stderr(), format_args!("{}: {error}", component(self.role.stream())));
                }
                last = error;
            }
            std::thread::sleep(BACK_OFF);
        }
    }

    /// Drains at once, then at every bell, and when a tick finds work.
    fn serve(&self, on_ready: impl FnOnce()) -> Result<()> {
        let connect = || {
            RedisConnection::open_within(self.redis.clone(), REPLY_LIMIT)
                .context("failed to connect to redis")
        };
        let (mut redis, mut bells) = (connect()?, connect()?);
        let channel =
            Queue::new(&mut redis, &self.settings).keys().channel(self.role.stream()).to_owned();
        bells.inner().set_read_timeout(Some(TICK)).context("failed to set the read time-out")?;
        let mut bells = bells.inner().as_pubsub();
        bells.subscribe(&channel).context("failed to subscribe to the bell")?;
        on_ready();
        let mut is_rung = true;
        loop {
            if is_rung {
                self.drain(&mut redis)?;
            }
            is_rung = match bells.get_message() {
                Ok(_) => true,
                Err(error) if error.is_timeout() => self.tick(&mut redis)?,
                Err(error) => return Err(error).context("failed to wait for the bell"),
            };
        }
    }

    /// Whether work waits that may be claimed. As a component's tick it rings, and frees
    /// confirmations past retention.
    fn tick(&self, redis: &mut RedisConnection) -> Result<bool> {
        let tick = Queue::new(redis, &self.settings).tick(self.role.stream())?;
        Ok((tick.waiting > 0 || tick.overdue) && !tick.paused)
    }

    /// Drains until the stream is empty, the time budget is spent or the worker is to stop. Logs
    /// the lines that components log at the level `info`.
    fn drain(&self, redis: &mut RedisConnection) -> Result<()> {
        // If a drain panicked, the process ends, and its counts no longer matter.
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopping.load(Ordering::Relaxed) {
            // A drain rings for the orders that it leaves, and this worker hears that bell too.
            return Ok(());
        }
        let stream = self.role.stream();
        let log = Log::new(|line| print(stdout(), line), Level::Info, component(stream), stream);
        let mut host = Watch { start: Instant::now(), is_stopping: &self.is_stopping, log };
        let mut queue = Queue::new(redis, &self.settings);
        let (tally, result) = drain(&mut queue, &self.role, &mut host);
        host.log.end(&tally, host.start.elapsed());
        if !tally.is_idle() {
            done.drains += 1;
            done.applied += tally.applied;
        }
        result.with_context(|| format!("failed to drain {}", stream.as_str()))
    }
}

/// The clock and the log of a drain.
struct Watch<'a> {
    start: Instant,
    is_stopping: &'a AtomicBool,
    log: Log,
}

impl Host for Watch<'_> {
    /// Without end when the worker is to stop, so that the drain claims no further batch.
    fn elapsed(&self) -> Duration {
        if self.is_stopping.load(Ordering::Relaxed) { Duration::MAX } else { self.start.elapsed() }
    }

    fn committed(&mut self, batch: &Batch<'_>) {
        self.log.batch(batch);
    }
}
