//! What went wrong with the queue.

use strum::{IntoStaticStr, VariantArray};

use crate::execute::{ExecuteError, Value};

/// An operation of the queue failed. Claimed entries stay pending and are delivered again.
///
/// If Redis refused the operation, nothing was written. Otherwise it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {detail}")]
pub struct QueueError {
    /// The operation that failed.
    pub what: &'static str,
    /// The kind of failure.
    pub cause: Cause,
    /// The error text of Redis or of the host, with the command if a script was refused.
    pub detail: String,
}

/// Why an operation failed. As text it is a stable code, such as `queue_out_of_memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(prefix = "queue_", serialize_all = "snake_case")]
pub enum Cause {
    /// No answer: whether something was written is unknown.
    Unavailable,
    /// Redis has started and is reading its data.
    Loading,
    /// A replica that cannot be written to, or a primary with too few replicas.
    ReadOnly,
    /// Redis is at `maxmemory`.
    OutOfMemory,
    /// Refused: a wrong password, a missing right, a key of another type, a disk that cannot be
    /// written to.
    Refused,
    /// The queue holds data of another version.
    OtherFormat,
    /// The reply does not have the shape that the script returns. Its code is that of `Refused`.
    #[strum(serialize = "refused")]
    UnexpectedReply,
}

/// Words in an error's text, the only detail that Spin exposes, with their causes. The first match
/// counts.
///
/// Without a password a call of more than ten arguments is an "unauthenticated multibulk length".
const WORDS: [(&str, Cause); 18] = [
    ("FORMAT", Cause::OtherFormat),
    ("OOM", Cause::OutOfMemory),
    ("used memory > 'maxmemory'", Cause::OutOfMemory),
    ("BusyLoading", Cause::Loading),
    ("LOADING", Cause::Loading),
    ("ReadOnly", Cause::ReadOnly),
    ("READONLY", Cause::ReadOnly),
    ("NOREPLICAS", Cause::ReadOnly),
    ("WRONGTYPE", Cause::Refused),
    ("NOAUTH", Cause::Refused),
    ("NOPERM", Cause::Refused),
    ("NoPerm", Cause::Refused),
    ("WRONGPASS", Cause::Refused),
    ("MISCONF", Cause::Refused),
    ("AuthenticationFailed", Cause::Refused),
    ("unauthenticated", Cause::Refused),
    ("NOGROUP", Cause::Refused),
    ("user_script", Cause::Refused),
];

impl QueueError {
    /// What Redis or the host said while `what` was being done.
    pub fn from_redis(what: &'static str, error: &ExecuteError) -> Self {
        // The command and key in the last brackets hold the name of the queue.
        let (before, rest) = error.0.rsplit_once(" (").unwrap_or((&error.0, ""));
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        let found = WORDS.iter().find(|(word, _)| before.contains(word) || after.contains(word));
        let cause = found.map_or(Cause::Unavailable, |(_, cause)| *cause);
        Self { what, cause, detail: error.0.clone() }
    }

    /// Names only the kind of the value, because a value may hold personal data.
    pub(crate) fn unexpected(what: &'static str, expected: &str, found: Option<&Value>) -> Self {
        let found = match found {
            None => "nothing",
            Some(Value::Nil) => "nil",
            Some(Value::Status(_)) => "a status",
            Some(Value::Int(_)) => "a number",
            Some(Value::Bytes(_)) => "bytes",
        };
        let detail = format!("unexpected reply from redis, expected {expected}, found {found}");
        Self { what, cause: Cause::UnexpectedReply, detail }
    }
}

#[cfg(test)]
mod tests;
