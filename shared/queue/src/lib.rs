//! A durable queue on Redis Streams. A bell starts the programs that drain it.
//!
//! It knows messages: an id and bytes. Messages enter by [`Queue::enqueue`], or by plain `XADD`,
//! wait in the ingress stream, are routed to a lane, and end confirmed or dead-lettered.
//! `README.md` shows how to use it.
//!
//! - [`keys`]: every key and channel; [`settings`]: how a queue is used
//! - [`Queue::enqueue`], [`drain()`], [`Queue::tick`]: the work
//! - [`Queue::stats`], [`Queue::counters`], [`Queue::status`], [`Queue::recent`]: queries
//! - [`Queue::dead_letters`], [`Queue::redrive`], [`Queue::discard`], [`Queue::pause`]: operations
//! - [`log`]: what a worker logs about a drain
//! - `lua/`: the scripts; each makes the writes that must happen together
//!
//! The crate contains no sockets, clocks, HTTP or Spin, and does not interpret messages. Commands
//! go out through [`Execute`], time comes from Redis.
//!
//! The guarantee: a message in a stream is confirmed once or dead-lettered with a reason, even if
//! processes are killed or Redis refuses writes. An entry stays pending until the script that
//! applies its outcome acks it, and a script that is refused half way undoes what it did.

#![forbid(unsafe_code)]

mod batch;
mod counters;
mod dead_letters;
mod drain;
mod enqueue;
mod entry_id;
mod error;
mod execute;
pub mod keys;
pub mod log;
mod message;
mod message_status;
mod pause;
mod recent;
mod scripts;
pub mod settings;
mod stats;
mod tick;
mod trace;

pub use counters::{BATCH_BOUNDS, WAIT_BOUNDS_MS};
pub use dead_letters::{DeadLetter, DeadLetterPage, Filter, Redrive};
pub use drain::{Batch, Drain, Host, Role, Step, Tally, drain};
pub use enqueue::Enqueued;
pub use entry_id::{EntryId, milliseconds};
pub use error::{Cause, QueueError};
pub use execute::{Argument, Execute, ExecuteError, Value};
pub use keys::{GROUP, Keys, Stream};
pub use message::{Message, Outcome, Payload};
pub use message_status::{MessageStatus, PastDeadLetter, State};
pub use pause::Pause;
pub use recent::Recent;
pub use settings::{InvalidName, Name, SettingError, Settings, Words};
pub use stats::{Stats, StreamStats};
pub use tick::{SAFE_POLICY, Tick};
pub use trace::TraceParent;

/// A queue, seen through one connection.
#[derive(Debug)]
pub struct Queue<'a, E> {
    redis: &'a mut E,
    keys: Keys,
    settings: &'a Settings,
}

impl<'a, E: Execute> Queue<'a, E> {
    /// The queue that `settings` name, through the connection `redis`.
    pub fn new(redis: &'a mut E, settings: &'a Settings) -> Self {
        Self { redis, keys: Keys::new(settings), settings }
    }

    /// The names of the queue's keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How the queue is used.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Sends one plain command; `what` names the operation in an error. It takes the connection
    /// alone, so that an argument can be one of the keys.
    fn command(
        redis: &mut E,
        what: &'static str,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<execute::Reply, QueueError> {
        let values = redis
            .execute(command, arguments)
            .map_err(|error| QueueError::from_redis(what, &error))?;
        // For an empty reply some hosts return an empty list, others one nil.
        let values = values.into_iter().filter(|value| *value != Value::Nil).collect();
        Ok(execute::Reply::new(what, values))
    }
}
