//! Where a page of the list of orders ended, and the next one goes on.
//!
//! Entries of several streams, and of several partitions, may have one id; the rank parts them. So a cursor is a place between two entries
//! that no arrival moves.

use serde::Serialize;

use super::entry_id;
use super::recent::SOURCES;

/// A place in the list: the entry that a page ended with. What is newer is greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderCursor {
    ms: u64,
    number: u64,
    rank: u8,
}

impl OrderCursor {
    /// Reads what a page gave as `next`; `None` when it is nothing that a page of so many partitions gives.
    pub fn parse(text: &str, partitions: usize) -> Option<Self> {
        let (id, rank) = text.split_once('.')?;
        let is_number = rank.bytes().all(|byte| byte.is_ascii_digit());
        let rank = rank.parse().ok().filter(|rank| is_number && *rank < SOURCES * partitions)?;
        Self::of_entry(id, rank)
    }

    /// The entry of this id in the stream of this rank.
    pub(super) fn of_entry(id: &str, rank: usize) -> Option<Self> {
        let (ms, number) = entry_id::numbers(id)?;
        Some(Self { ms, number, rank: u8::try_from(rank).ok()? })
    }

    /// A place in a partition as a place among all: of entries with one id, those of a later partition count as newer.
    pub(super) fn of_partition(self, partition: usize) -> Self {
        Self { rank: self.rank + (SOURCES * partition) as u8, ..self }
    }

    /// A place among all as a place in one partition: what comes after it there comes after it here.
    pub(super) fn within(self, partition: usize) -> Self {
        let first = SOURCES * partition;
        let rank = usize::from(self.rank).saturating_sub(first).min(SOURCES);
        Self { rank: rank as u8, ..self }
    }

    /// Where the stream of this rank goes on, as `XREVRANGE` takes it.
    pub(super) fn bound(self, rank: usize) -> String {
        // Redis knows no entry 0-0, and nothing before it.
        let open =
            if rank < self.rank.into() || (self.ms, self.number) == (0, 0) { "" } else { "(" };
        format!("{open}{}-{}", self.ms, self.number)
    }
}

impl std::fmt::Display for OrderCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}.{}", self.ms, self.number, self.rank)
    }
}

impl Serialize for OrderCursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_what_a_page_gave_and_nothing_else() {
        for good in ["1763692800000-0.0", "0-1.4", "18446744073709551615-18446744073709551615.3"] {
            assert_eq!(OrderCursor::parse(good, 1).expect(good).to_string(), good);
        }
        assert_eq!(OrderCursor::parse("1-0.5", 1), None, "there is one partition");
        assert!(
            OrderCursor::parse("1-0.9", 2).is_some() && OrderCursor::parse("1-0.10", 2).is_none()
        );
        for bad in [
            "", "1-0", "1-0.", "+1-0.1", "1-+0.1", "1-0.+1", "-0.1", "1-0.1 ", "(1-0.1", "1.1-0",
            "-1-0.1",
        ] {
            assert_eq!(OrderCursor::parse(bad, 1), None, "{bad}");
        }
    }
}
