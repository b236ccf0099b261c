//! What was sent: for each order, when it was due and where it was written, until its outcome is
//! known (it is settled).
//!
//! Orders settle roughly in the order of their positions, so the ledger is a queue of lines, and
//! settled lines at its front are dropped. Memory depends on how many orders are in progress, 40
//! bytes each, not on how many there ever were.

use std::collections::VecDeque;

use queue::EntryId;

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
}

const BLANK: Line = Line { due_us: 0, entry_id: None, status: Status::Unsent };
const SETTLED: Line = Line { status: Status::Settled, ..BLANK };

impl Ledger {
    pub(crate) fn set(&mut self, position: u64, line: Line) {
        let Some(place) = self.place(position) else { return };
        if self.lines.len() <= place {
            self.lines.resize(place + 1, BLANK);
        }
        self.lines[place] = line;
        while self.lines.front().is_some_and(|line| line.status == Status::Settled) {
            self.lines.pop_front();
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

    /// The position of the order that was written as this entry, if the `senders` connections took
    /// turns order by order. The entries of one connection rise with the positions, so each
    /// connection takes a binary search.
    pub(crate) fn position_of(&self, entry_id: EntryId, senders: u64) -> Option<u64> {
        let first = self.gone;
        (0..senders).find_map(|sender| {
            // The first position of this connection that is still in the ledger, and how many
            // follow.
            let offset = (sender + senders - first % senders) % senders;
            let count = (self.lines.len() as u64).saturating_sub(offset).div_ceil(senders);
            let position = |turn: u64| first + offset + turn * senders;
            let (mut low, mut high) = (0, count);
            while low < high {
                let middle = low + (high - low) / 2;
                // Rejected orders are gaps: the next order with an entry decides the side.
                let next = (middle..high)
                    .find_map(|turn| Some((turn, self.get(position(turn)).entry_id?)));
                match next {
                    Some((turn, found)) if found == entry_id => return Some(position(turn)),
                    Some((turn, found)) if found < entry_id => low = turn + 1,
                    _ => high = middle,
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests;
