//! The connection that looks and breaks; it is made again when Redis was killed.

use std::time::Duration;

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::Keys;

/// The longest an answer may take. Nothing is asked while Redis is paused.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// A connection with the names of what is in Redis.
pub struct Control {
    url: String,
    keys: Keys,
    connection: Option<RedisConnection>,
}

impl Control {
    /// For the server at `url`; connects when it is first used.
    pub fn new(url: String) -> Self {
        Self { url, keys: Keys::new(&orders::pipeline::settings()), connection: None }
    }

    /// The names.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The connection, fresh.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub fn reconnect(&mut self) -> Result<&mut RedisConnection> {
        let mut opened = RedisConnection::open(&self.url).context("failed to connect to redis")?;
        opened
            .inner()
            .set_read_timeout(Some(ANSWER_LIMIT))
            .context("failed to limit the wait for redis")?;
        Ok(self.connection.insert(opened))
    }

    /// Asks, a second time on a fresh connection: the first may have been lost with the server. For
    /// what may be done twice.
    ///
    /// # Errors
    /// When that fails too.
    pub fn query<T>(
        &mut self,
        mut ask: impl FnMut(&mut RedisConnection) -> redis::RedisResult<T>,
    ) -> Result<T> {
        if let Some(Ok(answer)) = self.connection.as_mut().map(&mut ask) {
            return Ok(answer);
        }
        ask(self.reconnect()?).context("redis failed")
    }
}
