//! The tick: a regular call that repairs lost rings and frees memory.

use serde::Serialize;

use crate::Queue;
use crate::error::QueueError;
use crate::execute::{Execute, Value};
use crate::keys::Stream;
use crate::scripts::TICK;

/// A worker counts as deaf after this many rings in a row that no claim followed.
const DEAF_AFTER: u64 = 3;

/// The only `maxmemory-policy` under which a full Redis drops no message that it acknowledged.
pub const SAFE_POLICY: &str = "noeviction";

/// What a tick found in one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// Entries that were never delivered.
    pub waiting: u64,
    /// Entries delivered and not acked.
    pub pending: u64,
    /// Whether one of those is overdue.
    pub overdue: bool,
    /// Whether the bell was rung.
    pub rung: bool,
    /// How many subscribers received the ring.
    pub heard: u64,
    /// Rings in a row before this one, while work waited, that no claim followed.
    pub unanswered_rings: u64,
    /// Results dropped because they were kept for long enough.
    pub dropped: u64,
    /// Whether the stream is paused; then its bell is not rung.
    pub paused: bool,
    /// What Redis refused while the tick freed memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Tick {
    /// Whether work waits and no worker claims it although the bell rang: the worker is not
    /// subscribed, its connection is half open, or it is stuck.
    pub fn is_deaf(&self) -> bool {
        self.unanswered_rings >= DEAF_AFTER && !self.paused && (self.waiting > 0 || self.overdue)
    }
}

impl<E: Execute> Queue<'_, E> {
    /// Frees what is past retention, then rings the stream's bell if work waits there.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn tick(&mut self, stream: Stream) -> Result<Tick, QueueError> {
        let mut reply = self.run(&TICK, "failed to tick", Some(stream), &[])?;
        Ok(Tick {
            waiting: reply.count()?,
            pending: reply.count()?,
            overdue: reply.int()? == 1,
            rung: reply.int()? == 1,
            heard: reply.count()?,
            unanswered_rings: reply.count()?,
            dropped: reply.count()?,
            paused: reply.int()? == 1,
            refused: reply.optional()?,
        })
    }

    /// The server's `maxmemory-policy`, see [`SAFE_POLICY`]. `None` where the user may not ask.
    pub fn eviction_policy(&mut self) -> Option<String> {
        let values = self.redis.execute("INFO", &["memory".into()]).ok()?;
        let text = match values.into_iter().next()? {
            Value::Bytes(bytes) => String::from_utf8(bytes).ok()?,
            Value::Status(text) => text,
            _ => return None,
        };
        text.lines()
            .find_map(|line| line.strip_prefix("maxmemory_policy:"))
            .map(|policy| policy.trim().to_owned())
    }
}
