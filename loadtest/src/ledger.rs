//! What was sent: for each order, when it was due and where it was written, until its outcome is
//! known (it is settled).
//!
//! Orders settle roughly in the order of their positions, so the ledger is a queue of lines, and
//! settled lines at its front are dropped, but for the last ones: a second outcome may follow.
//! Memory depends on how many orders are in progress, 85 bytes each, not on how many there ever
//! were.

use std::collections::{BTreeMap, VecDeque};

use queue::EntryId;

/// Lines that are never dropped.
const KEPT: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Microseconds from the release to the moment it was due.
    pub(crate) due_us: u64,
    /// `None` if the sender does not know it.
    pub(crate) entry_id: Option<EntryId>,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Unsent,
    Sent,
    /// Holds the number of the reason. The order may have been written anyway.
    Rejected(u16),
    Settled,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    lines: VecDeque<Line>,
    /// How many lines are dropped: the position of the first one in `lines`.
    gone: u64,
    /// The positions of the lines by entry.
    entries: BTreeMap<EntryId, u64>,
}

const BLANK: Line = Line { due_us: 0, entry_id: None, status: Status::Unsent };
const SETTLED: Line = Line { status: Status::Settled, ..BLANK };

impl Ledger {
    pub(crate) fn set(&mut self, position: u64, line: Line) {
        let Some(place) = self.place(position) else { return };
        if let Some(entry_id) = line.entry_id {
            self.entries.insert(entry_id, position);
        }
        if self.lines.len() <= place {
            self.lines.resize(place + 1, BLANK);
        }
        self.lines[place] = line;
        while self.lines.len() > KEPT && self.lines[0].status == Status::Settled {
            let dropped = self.lines.pop_front().and_then(|line| line.entry_id);
            dropped.map(|entry_id| self.entries.remove(&entry_id));
            self.gone += 1;
        }
    }

    /// An order whose line was dropped is settled.
    pub(crate) fn get(&self, position: u64) -> Line {
        let Some(place) = self.place(position) else { return SETTLED };
        self.lines.get(place).copied().unwrap_or(BLANK)
    }

    /// `None` for a line that was dropped.
    fn place(&self, position: u64) -> Option<usize> {
        Some(position.checked_sub(self.gone)? as usize)
    }

    pub(crate) fn settle(&mut self, position: u64) {
        self.set(position, Line { status: Status::Settled, ..self.get(position) });
    }

    /// Orders that were sent and are not settled, by position.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = (u64, Line)> + '_ {
        (self.gone..)
            .zip(self.lines.iter().copied())
            .filter(|(_, line)| !matches!(line.status, Status::Unsent | Status::Settled))
    }

    /// The position of the order that was written as this entry.
    pub(crate) fn position_of(&self, entry_id: EntryId) -> Option<u64> {
        self.entries.get(&entry_id).copied()
    }
}

#[cfg(test)]
mod tests;
