//! What keeps Redis from doing its part, told from the text of its error: a text is all that Spin hands on.
//!
//! None of these is an order's fault: all are transient, and what was claimed stays pending.

use super::execute::QueueError;
use crate::problem::{self, Problem};

/// What keeps Redis from doing its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer, or went away in between: whether something was written is unknown.
    Away,
    /// It has started and reads its data.
    Loading,
    /// It is a replica and cannot be written to.
    ReadOnly,
    /// It is at `maxmemory`, and `noeviction` lets nothing more in.
    OutOfMemory,
    /// It answers and refuses: no or a wrong password, a missing right, a key of another type, a disk it cannot write to.
    Refused,
}

/// Without a password a call of more than ten arguments is a "Protocol error: unauthenticated multibulk length".
const REFUSALS: [&str; 7] = [
    "WRONGTYPE",
    "NOAUTH",
    "NOPERM",
    "WRONGPASS",
    "MISCONF",
    "AuthenticationFailed",
    "unauthenticated",
];

impl Trouble {
    /// What the API says of it.
    pub fn problem(self) -> Problem {
        match self {
            Self::Away => problem::QUEUE_UNAVAILABLE,
            Self::Loading => problem::QUEUE_LOADING,
            Self::ReadOnly => problem::QUEUE_READ_ONLY,
            Self::OutOfMemory => problem::QUEUE_OUT_OF_MEMORY,
            Self::Refused => problem::QUEUE_REFUSED,
        }
    }

    /// What it means for the one who asked.
    pub fn message(self) -> &'static str {
        match self {
            Self::Away => {
                "the queue does not answer; what was sent can be sent again, no order is taken in twice"
            }
            Self::Loading => "the queue is reading its data; nothing was written",
            Self::ReadOnly => {
                "the queue is a replica that cannot be written to; nothing was written"
            }
            Self::OutOfMemory => "the queue has no memory left; nothing was written",
            Self::Refused => "the queue refuses the request, the log says why; nothing was written",
        }
    }
}

impl QueueError {
    /// What keeps Redis from doing its part.
    pub fn trouble(&self) -> Trouble {
        let text = match self {
            Self::Redis { source, .. } => source.0.as_str(),
            Self::Reply { .. } => return Trouble::Refused,
        };
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if text.starts_with("OOM") || has(&["command not allowed when used memory"]) {
            Trouble::OutOfMemory
        } else if has(&["BusyLoadingError", "LOADING"]) {
            Trouble::Loading
        } else if has(&["ReadOnly:", "READONLY"]) {
            Trouble::ReadOnly
        } else if has(&REFUSALS) {
            Trouble::Refused
        } else {
            Trouble::Away
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::ExecuteError;

    #[test]
    fn texts_of_spin_and_of_the_redis_crate_are_told_apart() {
        for (text, trouble) in [
            ("Connection refused (os error 111)", Trouble::Away),
            (
                "An error was signalled by the server - BusyLoadingError: Redis is loading",
                Trouble::Loading,
            ),
            ("An error was signalled by the server - ReadOnly: You can't write", Trouble::ReadOnly),
            ("OOM: command not allowed when used memory > 'maxmemory'.", Trouble::OutOfMemory),
            (
                "WRONGTYPE: Operation against a key holding the wrong kind of value",
                Trouble::Refused,
            ),
            ("NOAUTH: Authentication required.", Trouble::Refused),
            ("ResponseError: Protocol error: unauthenticated multibulk length", Trouble::Refused),
            ("Password authentication failed- AuthenticationFailed", Trouble::Refused),
        ] {
            let error = QueueError::Redis { what: "failed", source: ExecuteError(text.into()) };
            assert_eq!(error.trouble(), trouble, "{text}");
        }
    }
}
