//! What a probe asks: does Redis answer, and can the streams be read.
//!
//! An image without a shell has nothing else to ask with, and a worker without HTTP has nothing
//! else to be asked by.

use std::time::Duration;

use anyhow::{Context, Result};

use native::RedisConnection;
use queue::{Queue, Stats};

use crate::cli::Settings;

/// How long connecting, and each reply, may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Looks at all streams.
///
/// # Errors
/// When Redis does not answer in time, refuses the login, or holds something else than streams
/// under their names.
pub fn check(settings: &Settings) -> Result<Stats> {
    let mut redis = RedisConnection::open_within(settings.redis.clone(), LIMIT)
        .context("failed to connect to redis")?;
    Ok(Queue::new(&mut redis, &settings.queue).stats()?)
}
