//! One role as a loop: wait for the bell, drain, wait again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use shared::queue::{Queue, Role, Tally, drain};
use shared::settings::QueueSettings;

use crate::connection::RedisConnection;

/// How long to wait for a bell before looking anyway: pub/sub is at most once.
const METRONOME: Duration = Duration::from_secs(1);
/// How long to wait after Redis failed.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Runs a role for ever. What goes wrong is logged, and the role goes on when Redis is back.
pub fn run(redis_url: &str, role: &impl Role, settings: &QueueSettings) -> ! {
    loop {
        if let Err(error) = serve(redis_url, role, settings) {
            eprintln!("{}: {error:#}", role.stream().group());
        }
        std::thread::sleep(BACK_OFF);
    }
}

/// Drains at once, then at every bell and every tick of the metronome.
///
/// # Errors
/// When a connection ends.
fn serve(redis_url: &str, role: &impl Role, settings: &QueueSettings) -> Result<()> {
    let mut redis = RedisConnection::open(redis_url).context("failed to connect to redis")?;
    let mut bells = RedisConnection::open(redis_url).context("failed to connect to redis")?;
    let channel = Queue::new(&mut redis, settings).keys().channel(role.stream()).to_owned();
    bells.inner().set_read_timeout(Some(METRONOME)).context("failed to set the read time-out")?;
    let mut bells = bells.inner().as_pubsub();
    bells.subscribe(&channel).context("failed to subscribe to the bell")?;
    loop {
        drain_once(&mut redis, role, settings)?;
        match bells.get_message() {
            Ok(_) => {}
            Err(error) if error.is_timeout() => {}
            Err(error) => return Err(error).context("failed to wait for the bell"),
        }
    }
}

/// Drains until the stream is empty or the time budget is spent.
///
/// # Errors
/// When Redis fails.
pub fn drain_once(redis: &mut RedisConnection, role: &impl Role, settings: &QueueSettings) -> Result<Tally> {
    let start = Instant::now();
    let mut queue = Queue::new(redis, settings);
    let (tally, result) = drain(&mut queue, role, || start.elapsed());
    result.with_context(|| format!("failed to drain {}", role.stream().as_str()))?;
    Ok(tally)
}
