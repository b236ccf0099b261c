//! The connection that observes and breaks; it is opened again after Redis was killed.

use std::time::Duration;

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::Keys;

/// The longest an answer may take. Nothing is asked while Redis is paused.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Control {
    url: String,
    keys: Keys,
    connection: Option<RedisConnection>,
}

impl Control {
    /// Connects when it is first used.
    pub(crate) fn new(url: String) -> Self {
        Self { url, keys: Keys::new(&orders::pipeline::settings()), connection: None }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The connection, opened if there is none.
    pub(crate) fn connection(&mut self) -> Result<&mut RedisConnection> {
        match self.connection {
            Some(ref mut open) => Ok(open),
            None => self.reconnect(),
        }
    }

    pub(crate) fn reconnect(&mut self) -> Result<&mut RedisConnection> {
        let mut opened = RedisConnection::open(&self.url).context("failed to connect to redis")?;
        opened
            .inner()
            .set_read_timeout(Some(ANSWER_LIMIT))
            .context("failed to limit the wait for redis")?;
        Ok(self.connection.insert(opened))
    }

    /// Asks, and asks again on a new connection if that fails: the first may have been lost with
    /// the server. For commands that may be executed twice.
    pub(crate) fn query<T>(
        &mut self,
        mut ask: impl FnMut(&mut RedisConnection) -> redis::RedisResult<T>,
    ) -> Result<T> {
        if let Some(Ok(answer)) = self.connection.as_mut().map(&mut ask) {
            return Ok(answer);
        }
        ask(self.reconnect()?).context("redis failed")
    }
}
