//! Sends orders as a foreign producer does: plain XADD in pipelines, and a ring of the bell after each.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use shared::queue::{Queue, Stream};
use shared::settings::QueueSettings;

/// Orders in one pipeline.
pub(crate) const PIPELINE: usize = 1_000;

/// What was sent.
#[derive(Debug)]
pub struct Sent {
    /// When the first order was about to be sent, in Unix microseconds by the clock of Redis.
    pub released_at_us: u64,
    /// How long it took until the last one was acknowledged.
    pub elapsed: Duration,
    /// The entry id of each order.
    pub entry_ids: Vec<String>,
}

/// Sends all orders to the ingress stream.
///
/// # Errors
/// When Redis refuses one, or does not answer.
pub fn send(redis: &mut RedisConnection, settings: &QueueSettings, orders: &[Vec<u8>]) -> Result<Sent> {
    let key = Queue::new(redis, settings).keys().stream(Stream::Ingress).to_owned();
    let (seconds, microseconds): (u64, u64) =
        redis::cmd("TIME").query(redis.inner()).context("failed to ask redis for the time")?;
    let start = Instant::now();
    let mut entry_ids = Vec::with_capacity(orders.len());
    for chunk in orders.chunks(PIPELINE) {
        let mut pipeline = redis::pipe();
        for order in chunk {
            pipeline.cmd("XADD").arg(&key).arg("*").arg("order").arg(order);
        }
        let ids: Vec<String> = pipeline.query(redis.inner()).context("failed to add orders to ingress")?;
        entry_ids.extend(ids);
        // A tick rings once for work that nobody was rung for yet, so ten thousand orders are not ten thousand rings.
        Queue::new(redis, settings).tick(Stream::Ingress).context("failed to ring the bell of ingress")?;
    }
    Ok(Sent { released_at_us: seconds * 1_000_000 + microseconds, elapsed: start.elapsed(), entry_ids })
}
