//! A message that was handed out, and its outcome.

use std::rc::Rc;

use crate::entry_id::milliseconds;
use crate::trace::TraceParent;

/// A message that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Position of its entry in the batch: messages of one entry of a lane share it.
    pub(crate) entry: usize,
    /// The id of its entry in the stream it was claimed from.
    pub entry_id: Rc<str>,
    /// How often that entry was delivered, this time included.
    pub delivery_count: i64,
    /// The id it had in ingress; that of its entry where it was put into a lane by hand.
    pub ingress_id: String,
    /// What it carries.
    pub payload: Payload,
    /// Its trace, if its producer set one.
    pub trace: Option<TraceParent>,
    /// When it was claimed, in Unix ms by the clock of Redis; the same for the whole batch.
    pub decided_at_ms: i64,
}

impl Message {
    /// When it was enqueued, in Unix ms by the clock of Redis. Never later than the claim: if that
    /// clock was ahead and was corrected, streams give ids in the future until the clock reaches
    /// them.
    pub fn queued_at_ms(&self) -> i64 {
        milliseconds(&self.ingress_id).map_or(self.decided_at_ms, |ms| ms.min(self.decided_at_ms))
    }

    /// How long its entry was in the stream, in ms.
    pub fn wait_ms(&self) -> i64 {
        milliseconds(&self.entry_id)
            .map_or(0, |added_at_ms| (self.decided_at_ms - added_at_ms).max(0))
    }
}

/// What an entry carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A message.
    Body(Vec<u8>),
    /// A message of so many bytes, more than are allowed; it was left in Redis.
    TooLong(usize),
    /// The entry has no field for a message, or several.
    Missing,
}

/// The outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Moves from ingress to a lane. A program that routes from a lane panics.
    Route {
        /// The message's id.
        id: String,
        /// The lane's name.
        lane: &'static str,
        /// One word for the record, such as a score; blanks in it become `_`.
        note: String,
    },
    /// The message is done, and its result is written.
    Confirm {
        /// The message's id.
        id: String,
        /// The result.
        result: Vec<u8>,
    },
    /// The message cannot be processed, with the reason.
    DeadLetter {
        /// The message's id, where it could be read.
        id: Option<String>,
        /// Stable code of the reason.
        code: String,
        /// All errors as JSON.
        errors: Vec<u8>,
    },
}

impl Outcome {
    /// The bytes that a commit writes and that the claim did not bring.
    pub(crate) fn result_bytes(&self) -> usize {
        match self {
            Self::Route { .. } => 0,
            Self::Confirm { result, .. } => result.len(),
            Self::DeadLetter { errors, .. } => errors.len(),
        }
    }

    /// A dead letter for a reason that the queue itself finds.
    pub(crate) fn dead_letter(id: Option<String>, code: &str, message: &str) -> Self {
        let errors = format!(r#"[{{"code":"{code}","path":"$","message":"{message}"}}]"#);
        Self::DeadLetter { id, code: code.to_owned(), errors: errors.into_bytes() }
    }
}
