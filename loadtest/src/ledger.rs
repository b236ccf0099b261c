//! What was sent: for each order, when it was due and where it was written, until its outcome is
//! known (it is settled).
//!
//! Orders settle roughly in the order of their positions, so the ledger is a queue of pages; a page
//! whose orders are all settled is dropped. Memory depends on how many orders are in progress, 40
//! bytes each, not on how many there ever were.

use std::collections::VecDeque;

use queue::EntryId;

const PAGE: u64 = 4_096;

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
    pages: VecDeque<Page>,
    /// How many pages are dropped.
    gone: u64,
}

#[derive(Debug)]
struct Page {
    lines: Vec<Line>,
    unsettled: u64,
}

const BLANK: Line = Line { due_us: 0, entry_id: None, status: Status::Unsent };
const SETTLED: Line = Line { status: Status::Settled, ..BLANK };

impl Ledger {
    pub(crate) fn set(&mut self, position: u64, line: Line) {
        let Some(page) = (position / PAGE).checked_sub(self.gone) else { return };
        while self.pages.len() as u64 <= page {
            self.pages.push_back(Page { lines: vec![BLANK; PAGE as usize], unsettled: PAGE });
        }
        let page = &mut self.pages[page as usize];
        let old = std::mem::replace(&mut page.lines[(position % PAGE) as usize], line);
        let is_settled = |line: Line| u64::from(line.status == Status::Settled);
        page.unsettled = page.unsettled + is_settled(old) - is_settled(line);
        while self.pages.front().is_some_and(|page| page.unsettled == 0) {
            self.pages.pop_front();
            self.gone += 1;
        }
    }

    /// An order whose page was dropped is settled.
    pub(crate) fn get(&self, position: u64) -> Line {
        let Some(page) = (position / PAGE).checked_sub(self.gone) else { return SETTLED };
        let page = self.pages.get(page as usize);
        page.map_or(BLANK, |page| page.lines[(position % PAGE) as usize])
    }

    pub(crate) fn settle(&mut self, position: u64) {
        self.set(position, Line { status: Status::Settled, ..self.get(position) });
    }

    /// Orders that were sent and are not settled, by position.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = (u64, Line)> + '_ {
        let first = self.gone * PAGE;
        let lines = self.pages.iter().flat_map(|page| page.lines.iter().copied());
        (first..)
            .zip(lines)
            .filter(|(_, line)| !matches!(line.status, Status::Unsent | Status::Settled))
    }

    /// The position of the order that was written as this entry, if the `senders` connections took
    /// turns order by order. The entries of one connection rise with the positions, so each
    /// connection takes a binary search.
    pub(crate) fn position_of(&self, entry_id: EntryId, senders: u64) -> Option<u64> {
        let (first, end) = (self.gone * PAGE, (self.gone + self.pages.len() as u64) * PAGE);
        (0..senders).find_map(|sender| {
            // The first position of this connection that is still in the ledger, and how many
            // follow.
            let offset = (sender + senders - first % senders) % senders;
            let count = (end - first).saturating_sub(offset).div_ceil(senders);
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
