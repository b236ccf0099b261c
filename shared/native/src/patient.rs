//! Sends commands to Redis during a run, and waits while the server restarts or does not answer.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use redis::{ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult};

use crate::RedisConnection;

const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A connection that reconnects until patience runs out.
pub struct PatientRedis {
    server: ConnectionInfo,
    redis: RedisConnection,
    patience: Duration,
    is_stopped: fn() -> bool,
    /// After patience ran out once, there is none left.
    is_gone: bool,
}

impl PatientRedis {
    /// Connects. `is_stopped` ends the patience early.
    ///
    /// # Errors
    /// When the URL is wrong, or the server does not answer within 5 s.
    pub fn open(url: &str, patience: Duration, is_stopped: fn() -> bool) -> RedisResult<Self> {
        let server = url.into_connection_info()?;
        let redis = RedisConnection::open_within(server.clone(), ANSWER_LIMIT)?;
        Ok(Self { server, redis, patience, is_stopped, is_gone: false })
    }

    /// Calls `what` again after a failure, so `what` must be safe to repeat.
    ///
    /// # Errors
    /// Errors of `what` that are not of Redis at once, and the last one when patience runs out.
    pub fn ask<T>(&mut self, mut what: impl FnMut(&mut RedisConnection) -> Result<T>) -> Result<T> {
        let asked_at = Instant::now();
        let mut refused = None;
        loop {
            let error = match what(&mut self.redis) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Only errors of Redis can go away when the command is repeated.
            let is_about_redis = error
                .chain()
                .any(|cause| cause.is::<RedisError>() || cause.is::<queue::QueueError>());
            if !is_about_redis || (self.is_stopped)() {
                return Err(error);
            }
            if self.is_gone || asked_at.elapsed() > self.patience {
                self.is_gone = true;
                let (address, seconds) = (self.server.addr(), self.patience.as_secs_f64());
                let why = refused.unwrap_or_else(|| error.root_cause().to_string());
                return Err(anyhow!("redis at {address} was unusable for {seconds} s: {why}"));
            }
            std::thread::sleep(PAUSE);
            let opened = RedisConnection::open_within(self.server.clone(), ANSWER_LIMIT);
            refused = opened.map(|redis| self.redis = redis).err().map(|error| error.to_string());
        }
    }
}
