//! What the queue knows of orders: their records in its index, many at once.

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::{Keys, MessageStatus};
use uuid::Uuid;

const PAGE: usize = 1_000;

/// In the order of `ids`, from both generations of the index.
pub(crate) fn records(
    redis: &mut RedisConnection,
    keys: &Keys,
    ids: &[Uuid],
) -> Result<Vec<Option<MessageStatus>>> {
    let mut records = Vec::with_capacity(ids.len());
    for page in ids.chunks(PAGE) {
        let ids: Vec<String> = page.iter().map(Uuid::to_string).collect();
        let mut pipeline = redis::pipe();
        for generation in [keys.index(), keys.previous_index()] {
            pipeline.cmd("HMGET").arg(generation).arg(&ids);
        }
        let found: (Vec<Option<String>>, Vec<Option<String>>) = pipeline
            .query(redis.inner())
            .context("failed to read the queue's records of orders")?;
        let newest =
            found.0.into_iter().zip(found.1).map(|(current, previous)| current.or(previous));
        records.extend(newest.map(|record| MessageStatus::parse(&record?)));
    }
    Ok(records)
}
