//! The check for a probe: whether Redis answers and the streams can be read.
//!
//! The image has no shell and the worker no HTTP, so the program itself is the probe.

use std::time::Duration;

use anyhow::{Context, Result};

use native::RedisConnection;
use queue::{Queue, Stats};

use crate::cli::Settings;

/// How long connecting, and each reply, may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Reads the state of all streams.
///
/// # Errors
/// When Redis does not answer in time, refuses the login, or has keys of another type under the
/// names of the streams.
pub fn check(settings: &Settings) -> Result<Stats> {
    let mut redis = RedisConnection::open_within(settings.redis.clone(), LIMIT)
        .context("failed to connect to redis")?;
    Ok(Queue::new(&mut redis, &settings.queue).stats()?)
}
