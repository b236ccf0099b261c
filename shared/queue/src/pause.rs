//! Pausing a stream: its messages wait, for maintenance or while a downstream system has a fault.
//!
//! A claim that begins while a stream is paused hands nothing out, and its bell stays silent.
//! Enqueueing, commits of claimed batches and look-ups continue.

use serde::Serialize;

use crate::Queue;
use crate::error::QueueError;
use crate::execute::Execute;
use crate::keys::Stream;
use crate::scripts::{PAUSE, RESUME};

/// The pause of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Since when, in Unix ms by the clock of Redis; 0 where it was written by hand without a time.
    pub since_ms: i64,
    /// Why.
    pub reason: String,
}

impl Pause {
    /// Reads the value of the key, which may be written by hand.
    pub(crate) fn read(value: &str) -> Self {
        let (since, reason) = value.split_once(' ').unwrap_or((value, ""));
        match since.parse() {
            Ok(since_ms) => Self { since_ms, reason: reason.to_owned() },
            Err(_) => Self { since_ms: 0, reason: value.to_owned() },
        }
    }
}

impl<E: Execute> Queue<'_, E> {
    /// Pauses a stream at once: nothing more of it is claimed. A stream that is already paused
    /// keeps the start of its pause and gets the new reason.
    ///
    /// # Errors
    /// When Redis fails; asking again is safe.
    pub fn pause(&mut self, stream: Stream, reason: &str) -> Result<Pause, QueueError> {
        let mut reply = self.run(&PAUSE, "failed to pause", Some(stream), &[reason.into()])?;
        Ok(Pause::read(&reply.text()?))
    }

    /// Ends a stream's pause and rings its bell; `false` when it was not paused.
    ///
    /// # Errors
    /// When Redis fails; asking again is safe.
    pub fn resume(&mut self, stream: Stream) -> Result<bool, QueueError> {
        Ok(self.run(&RESUME, "failed to resume", Some(stream), &[])?.int()? == 1)
    }

    /// The pause of a stream; `None` when it is not paused.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn pause_of(&mut self, stream: Stream) -> Result<Option<Pause>, QueueError> {
        let (what, key) = ("failed to look for a pause", self.keys.pause(stream));
        let mut reply = Self::command(self.redis, what, "GET", &[key.into()])?;
        if reply.is_empty() { Ok(None) } else { Ok(Some(Pause::read(&reply.text()?))) }
    }
}
