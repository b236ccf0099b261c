//! The clock of Redis against the one of this machine.
//!
//! The due time of an order comes from this machine's clock, the time of its confirmation from that
//! of Redis. In a long run, or when one of them is set, the two drift apart, and every latency from
//! due to confirmed is wrong by the drift.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::RedisConnection;

use crate::report::Clock;

const SAMPLE_EVERY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Clocks {
    released: Instant,
    /// Unix microseconds by the clock of Redis.
    pub(crate) released_at_us: u64,
    sampled_at: Instant,
    pub(crate) drift: Clock,
}

impl Clocks {
    /// Times count from now.
    pub(crate) fn release(redis: &mut RedisConnection) -> Result<Self> {
        let released_at_us = redis_us(redis)?;
        let released = Instant::now();
        Ok(Self { released, released_at_us, sampled_at: released, drift: Clock::default() })
    }

    /// Compares the clocks, at most every `SAMPLE_EVERY`.
    pub(crate) fn look(&mut self, redis: &mut RedisConnection) -> Result<()> {
        if self.sampled_at.elapsed() >= SAMPLE_EVERY { self.sample(redis) } else { Ok(()) }
    }

    pub(crate) fn sample(&mut self, redis: &mut RedisConnection) -> Result<()> {
        let asked = self.released.elapsed();
        let redis_us = redis_us(redis)?;
        self.compare(asked, redis_us, self.released.elapsed());
        self.sampled_at = Instant::now();
        Ok(())
    }

    /// Redis answered between the two moments, so only a difference beyond them is drift.
    fn compare(&mut self, asked: Duration, redis_us: u64, answered: Duration) {
        let since_release = redis_us as i64 - self.released_at_us as i64;
        let behind = asked.as_micros() as i64 - since_release;
        let ahead = since_release - answered.as_micros() as i64;
        self.drift.samples += 1;
        self.drift.drift_ms = self.drift.drift_ms.max(behind.max(ahead) as f64 / 1e3);
    }
}

/// In Unix microseconds.
pub(crate) fn redis_us(redis: &mut RedisConnection) -> Result<u64> {
    let (seconds, microseconds): (u64, u64) =
        redis::cmd("TIME").query(redis.inner()).context("failed to ask Redis for the time")?;
    Ok(seconds * 1_000_000 + microseconds)
}

#[cfg(test)]
mod tests;
