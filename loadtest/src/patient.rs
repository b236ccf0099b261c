//! Asking Redis in the midst of a run: a server that restarts or does not answer for a while is
//! waited for, as the orders are.

use std::time::{Duration, Instant};

use anyhow::Result;
use native::RedisConnection;
use redis::{ConnectionInfo, IntoConnectionInfo, RedisResult};

use crate::stop;

/// The longest one answer may take before the connection counts as broken.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Somebody who can be asked things over a connection to Redis.
pub trait Ask {
    /// Asks; what is asked may be repeated, so it must change nothing before it has its answer.
    ///
    /// # Errors
    /// Those of what is asked.
    fn ask<T>(&mut self, what: impl FnMut(&mut RedisConnection) -> Result<T>) -> Result<T>;
}

impl Ask for RedisConnection {
    fn ask<T>(&mut self, mut what: impl FnMut(&mut RedisConnection) -> Result<T>) -> Result<T> {
        what(self)
    }
}

/// A connection that is opened anew when it breaks, for as long as patience lasts.
pub struct PatientRedis {
    server: ConnectionInfo,
    redis: RedisConnection,
    patience: Duration,
}

impl PatientRedis {
    /// Connects; this first time without patience.
    ///
    /// # Errors
    /// When the URL is wrong or the server does not answer.
    pub fn open(url: &str, patience: Duration) -> RedisResult<Self> {
        let server = url.into_connection_info()?;
        let redis = RedisConnection::open_within(server.clone(), ANSWER_LIMIT)?;
        Ok(Self { server, redis, patience })
    }
}

impl Ask for PatientRedis {
    /// Gives up when patience is at its end, or the user has asked twice for a stop.
    fn ask<T>(&mut self, mut what: impl FnMut(&mut RedisConnection) -> Result<T>) -> Result<T> {
        let asked_at = Instant::now();
        loop {
            let error = match what(&mut self.redis) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // What is not about Redis does not get better by asking again.
            let is_about_redis = error
                .chain()
                .any(<dyn std::error::Error + 'static>::is::<redis::RedisError>)
                || error.chain().any(<dyn std::error::Error + 'static>::is::<queue::QueueError>);
            if !is_about_redis || asked_at.elapsed() > self.patience || stop::asked() > 1 {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
            if let Ok(redis) = RedisConnection::open_within(self.server.clone(), ANSWER_LIMIT) {
                self.redis = redis;
            }
        }
    }
}

/// Where a URL leads to, without its password; nothing of a URL that is none.
pub fn address(url: &str) -> String {
    url.into_connection_info().map_or_else(
        |_| "an address that is no redis URL".into(),
        |server| server.addr().to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_no_password() {
        assert_eq!(address("redis://user:hush@example.com:6380/2"), "example.com:6380");
        assert_eq!(address("redis://:hush@example.com"), "example.com:6379");
        assert!(!address("redis:/user:hush@@x").contains("hush"));
    }
}
