//! The ids of entries in streams: `<ms>-<number>`.

use std::fmt;

/// The id of an entry in a stream, as Redis writes it.
///
/// An id from a user cannot bring anything else into a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    ms: u64,
    number: u64,
}

impl EntryId {
    /// Reads `<ms>-<number>`; `None` when it is not two numbers, or not a time.
    pub fn parse(text: &str) -> Option<Self> {
        numbers(text).filter(|(ms, _)| *ms < 1 << 53).map(|(ms, number)| Self { ms, number })
    }

    /// Its time, in Unix ms by the clock of Redis.
    pub fn ms(self) -> u64 {
        self.ms
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.ms, self.number)
    }
}

/// The time in an entry id, in Unix ms by the clock of Redis; `None` where the text is no entry id.
pub fn milliseconds(entry_id: &str) -> Option<i64> {
    numbers(entry_id).and_then(|(ms, _)| ms.try_into().ok())
}

/// The two numbers of an entry id, which may be larger than any time.
pub(crate) fn numbers(entry_id: &str) -> Option<(u64, u64)> {
    let (ms, number) = entry_id.split_once('-')?;
    // A number that parses may have a sign.
    let read = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
    Some((read(ms)?, read(number)?))
}
