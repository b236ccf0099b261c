//! The port to Redis on Spin's outbound Redis.
//!
//! The bindings are made here rather than taken from the SDK, whose parameters own their bytes: a commit would copy every order and
//! confirmation of its batch once more.

use shared::queue::{Argument, Execute, ExecuteError, Value};

use bindings::fermyon::spin2_0_0::redis::{Connection, Error, RedisParameter, RedisResult};

#[allow(missing_docs, clippy::all, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../local-runtime/wit",
        inline: "package orders:shell; world redis { import fermyon:spin/redis@2.0.0; }",
        world: "orders:shell/redis",
        ownership: Borrowing { duplicate_if_necessary: false },
        generate_all,
    });
}

/// A connection to Redis for the life of this instance; the host closes it.
pub struct SpinRedis(Connection);

impl SpinRedis {
    /// Connects to `redis_url`.
    ///
    /// # Errors
    /// When the address is not allowed to this component, or the server does not answer.
    pub fn open(redis_url: &str) -> Result<Self, ExecuteError> {
        Connection::open(redis_url).map(Self).map_err(|error| execute_error(&error))
    }
}

impl Execute for SpinRedis {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        let parameters: Vec<RedisParameter<'_>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Bytes(bytes) => RedisParameter::Binary(bytes),
                Argument::Int(number) => RedisParameter::Int64(*number),
            })
            .collect();
        let results =
            self.0.execute(command, &parameters).map_err(|error| execute_error(&error))?;
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

/// The host's error in words that name what to look at.
fn execute_error(error: &Error) -> ExecuteError {
    ExecuteError(match error {
        Error::InvalidAddress => {
            "redis_url is not a redis address, or allowed_outbound_hosts does not list it".into()
        }
        Error::TooManyConnections => "too many connections to redis".into(),
        Error::TypeError => "a value of the wrong type".into(),
        Error::Other(text) => text.clone(),
    })
}
