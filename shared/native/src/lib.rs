//! The queue's port on the `redis` crate, for native programs and tests.
//!
//! Replies get the shape that Spin's outbound Redis gives them, so that the same queue runs on
//! both. [`PatientRedis`] outlives a restart of the server.

#![forbid(unsafe_code)]

mod patient;

use std::time::Duration;

pub use patient::{PatientRedis, was_interrupted};
use queue::{Argument, Execute, ExecuteError, Value};
use redis::{ConnectionLike, IntoConnectionInfo, RedisResult, Value as RedisValue};

/// A connection to Redis.
pub struct RedisConnection {
    inner: redis::Connection,
}

impl RedisConnection {
    /// Connects to `redis://host:port`.
    ///
    /// # Errors
    /// When the URL is wrong or the server does not answer.
    pub fn open(url: &str) -> RedisResult<Self> {
        Ok(Self { inner: redis::Client::open(url)?.get_connection()? })
    }

    /// Connects. Connecting and each reply may take at most `limit`.
    ///
    /// # Errors
    /// When the server does not answer in time or refuses the login.
    pub fn open_within(server: impl IntoConnectionInfo, limit: Duration) -> RedisResult<Self> {
        let inner = redis::Client::open(server)?.get_connection_with_timeout(limit)?;
        inner.set_read_timeout(Some(limit))?;
        inner.set_write_timeout(Some(limit))?;
        Ok(Self { inner })
    }

    /// The connection itself, for pipelines and replies with a structure.
    pub fn inner(&mut self) -> &mut redis::Connection {
        &mut self.inner
    }
}

/// An error with its causes. One that the text has already is left out, because an error of Redis
/// repeats its cause.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.trim_end();
        if !text.contains(cause) {
            let joint = if text.is_empty() { "" } else { ": " };
            text = text + joint + cause;
        }
    }
    text
}

impl Execute for RedisConnection {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        let mut request = redis::cmd(command);
        for argument in arguments {
            match argument {
                Argument::Bytes(bytes) => request.arg(*bytes),
                Argument::Int(number) => request.arg(number),
            };
        }
        let reply = self.inner.req_command(&request).and_then(RedisValue::extract_error);
        let reply = reply.map_err(|error| ExecuteError(error.to_string()))?;
        let mut values = Vec::new();
        flatten(reply, &mut values)?;
        Ok(values)
    }
}

fn flatten(reply: RedisValue, values: &mut Vec<Value>) -> Result<(), ExecuteError> {
    match reply {
        RedisValue::Nil => values.push(Value::Nil),
        RedisValue::Okay => values.push(Value::Status("OK".into())),
        RedisValue::SimpleString(status) => values.push(Value::Status(status)),
        RedisValue::Int(number) => values.push(Value::Int(number)),
        RedisValue::BulkString(bytes) => values.push(Value::Bytes(bytes)),
        RedisValue::Array(elements) => {
            for element in elements {
                flatten(element, values)?;
            }
        }
        // The value is not printed, because it may hold personal data.
        _ => return Err(ExecuteError("a reply of an unsupported type".into())),
    }
    Ok(())
}
