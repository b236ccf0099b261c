//! Sends commands to Redis during a run, and waits while the server restarts or does not answer.

use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow};
use queue::QueueError;
use redis::{ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult};

use crate::RedisConnection;

/// How long an answer may take until the connection is replaced.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long the first wait for an answer takes. Then the command is sent again, the connection skips
/// the late answer, and the next wait is twice as long: so a slow server can catch up.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The time limit of a new connection, and of the patience after a stop.
const SHORT_LIMIT: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(20);
const NO_ANSWER: &str = "no answer";

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
    /// Connects. `is_stopped` ends the patience within half a second.
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
        let (mut wait, mut refused) = (FIRST_WAIT, None);
        loop {
            if (self.is_stopped)() {
                if self.is_gone {
                    return Err(self.gone(NO_ANSWER));
                }
                wait = FIRST_WAIT;
            }
            // A socket that refuses it fails at the command.
            let _ = self.redis.inner().set_read_timeout(Some(wait));
            let error = match what(&mut self.redis) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Only errors of Redis can go away when the command is repeated.
            let of_redis = error.chain().find_map(|cause| cause.downcast_ref::<RedisError>());
            if of_redis.is_none() && !error.chain().any(<dyn std::error::Error>::is::<QueueError>) {
                return Err(error);
            }
            let is_slow =
                of_redis.is_some_and(|error| error.is_timeout() || was_interrupted(error));
            // A signal is counted a moment after it has interrupted the wait.
            std::thread::sleep(PAUSE);
            let is_stopped = (self.is_stopped)();
            let patience = if is_stopped { self.patience.min(SHORT_LIMIT) } else { self.patience };
            if self.is_gone || asked_at.elapsed() > patience {
                self.is_gone = true;
                let why = refused.unwrap_or_else(|| error.root_cause().to_string());
                return Err(self.gone(if is_slow { NO_ANSWER } else { &why }));
            }
            if is_slow && (is_stopped || asked_at.elapsed() < ANSWER_LIMIT) {
                wait = (wait * 2).min(ANSWER_LIMIT);
                continue;
            }
            let opened = RedisConnection::open_within(self.server.clone(), SHORT_LIMIT);
            refused = opened.map(|redis| self.redis = redis).err().map(|error| error.to_string());
        }
    }

    fn gone(&self, why: &str) -> Error {
        let (address, seconds) = (self.server.addr(), self.patience.as_secs_f64());
        if (self.is_stopped)() {
            return anyhow!("redis at {address} was unusable when the waiting was ended: {why}");
        }
        anyhow!("redis at {address} was unusable for {seconds} s: {why}")
    }
}

/// A read with a time limit fails with EINTR when a signal comes (signal(7)). The connection still
/// works, and skips the reply that it did not deliver. Its error exposes only a text.
pub fn was_interrupted(error: &RedisError) -> bool {
    error.is_io_error() && error.to_string().contains("os error 4)")
}
