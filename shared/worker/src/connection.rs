//! The queue's port on Spin's outbound Redis.

use queue::{Argument, Execute, ExecuteError, QueueError, Value};
use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};

/// A connection for the life of this instance; the host closes it.
pub struct SpinRedis(Connection);

impl SpinRedis {
    /// Connects to `redis_url`.
    ///
    /// # Errors
    /// When the address is not allowed to this component, or the server does not answer.
    pub fn open(redis_url: &str) -> Result<Self, QueueError> {
        let what = "failed to connect to redis";
        Connection::open(redis_url)
            .map(Self)
            .map_err(|error| QueueError::from_redis(what, &ExecuteError(text(error))))
    }
}

impl Execute for SpinRedis {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        let parameters: Vec<RedisParameter> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Bytes(bytes) => RedisParameter::Binary(bytes.to_vec()),
                Argument::Int(number) => RedisParameter::Int64(*number),
            })
            .collect();
        let results =
            self.0.execute(command, &parameters).map_err(|error| ExecuteError(text(error)))?;
        Ok(results
            .into_iter()
            .map(|result| match result {
                RedisResult::Nil => Value::Nil,
                RedisResult::Status(status) => Value::Status(status),
                RedisResult::Int64(number) => Value::Int(number),
                RedisResult::Binary(bytes) => Value::Bytes(bytes),
            })
            .collect())
    }
}

/// The host's error as a text that names what to check.
fn text(error: Error) -> String {
    match error {
        Error::InvalidAddress => {
            "redis_url is not a redis address, or allowed_outbound_hosts does not list it".into()
        }
        Error::TooManyConnections => "too many connections to redis".into(),
        Error::TypeError => "a value of the wrong type".into(),
        Error::Other(text) => text,
    }
}
