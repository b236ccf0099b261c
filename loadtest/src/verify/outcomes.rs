//! One confirmation or dead letter compared with its order.

use std::collections::HashMap;

use anyhow::Result;
use native::PatientRedis;
use orders::{Lane, Times};
use queue::{EntryId, MessageStatus, State};
use uuid::Uuid;

use super::Verifier;
use super::results::{Confirmation, DeadLetter, confirmation, entry, ingress, was_redriven};
use crate::expect::{self, fate};
use crate::ledger::{Line, Status};
use crate::report::{Door, Wrong};

/// How long a result without an order is kept, because the answer to its order may still come.
/// Longer than any answer may take.
pub(super) const FOREIGN_AFTER_MS: u64 = 60_000;

/// The reason for a confirmation that matches no copy of its order.
const DIFFERS: &str = "the confirmation differs from the one computed natively with this \
                       --complexity-threshold, or its time of decision is impossible";

/// A dead letter is the outcome of its order unless it is redriven.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) entry: EntryId,
    due_us: u64,
    redrives: u32,
    /// `None` if it is as expected.
    pub(super) wrong: Option<Box<Wrong>>,
}

impl Verifier {
    /// `false` if it is too early to decide. `record` is that of its order.
    pub(super) fn confirmation(
        &mut self,
        found: &Confirmation,
        record: Option<&MessageStatus>,
        is_last: bool,
    ) -> Result<bool> {
        let id = found.order_id;
        if self.results.known.get(&id).is_some_and(|known| known.confirmed == found.entry) {
            return Ok(true);
        }
        let positions = self.source.positions(id);
        if !is_last && positions.iter().any(|position| self.letters.contains_key(position)) {
            // Its dead letter may be redriven later.
            return Ok(false);
        }
        let line = |position: &u64| match self.letters.get(position) {
            Some(Letter { entry, due_us, .. }) if was_redriven(*entry, record) => {
                (*position, Line { due_us: *due_us, entry_id: None, status: Status::Sent })
            }
            _ => (*position, self.ledger.get(*position)),
        };
        let mut open: Vec<(u64, Line)> = positions.iter().map(line).collect();
        let count = |status| open.iter().filter(|(_, line)| line.status == status).count();
        let (unsent, settled) = (count(Status::Unsent), count(Status::Settled));
        open.retain(|(_, line)| matches!(line.status, Status::Sent | Status::Rejected(_)));
        if unsent == positions.len() && !is_last {
            return Ok(false);
        }
        self.newest_ms = self.newest_ms.max(found.entry.ms());
        let is_again = self.confirmed_copies.contains(&id) || (open.is_empty() && settled > 0);
        if is_again || self.results.known.contains_key(&id) {
            self.confirmed_twice(id.to_string());
            return Ok(true);
        }
        let by_record = record.and_then(ingress);
        let Some((position, line, lane)) = self.matching(found, by_record, &open)? else {
            // It may be the confirmation of a copy whose answer has not come yet.
            if unsent > 0 && !is_last {
                return Ok(false);
            }
            if open.is_empty() && by_record.is_some() {
                // Another sender sent it.
                return Ok(true);
            }
            let why = if open.is_empty() { "confirmed, and it was never sent" } else { DIFFERS };
            self.wrong(id.to_string(), why.into());
            self.settle(&open);
            return Ok(true);
        };
        self.confirmed(found, line, lane);
        self.settle(&open);
        let copies = open.iter().filter(|(other, _)| *other != position);
        self.report.duplicate_deliveries +=
            copies.filter(|(_, line)| line.status == Status::Sent).count() as u64;
        if positions.len() > 1 || self.source.may_repeat() {
            self.confirmed_copies.insert(id);
        }
        Ok(true)
    }

    /// A redriven dead letter is no outcome.
    fn settle(&mut self, orders: &[(u64, Line)]) {
        for (position, _) in orders {
            self.ledger.settle(*position);
            self.letters.remove(position);
        }
    }

    /// The copy whose confirmation this is. Copies may differ in content; the first one routed is
    /// the order.
    ///
    /// The confirmation must have the same bytes as the one computed natively, and must have been
    /// decided after the order was queued and before the confirmation was written.
    fn matching(
        &self,
        found: &Confirmation,
        by_record: Option<EntryId>,
        open: &[(u64, Line)],
    ) -> Result<Option<(u64, Line, Lane)>> {
        let Some(decided_at_ms) = expect::decided_at_ms(&found.confirmation) else {
            return Ok(None);
        };
        let is_possible = |entry_id: &EntryId| {
            (entry_id.ms() as i64..=found.entry.ms() as i64).contains(&decided_at_ms)
        };
        for (position, line) in open {
            let order = self.source.order(*position)?;
            // An order that an earlier run left in the queue has its earlier entry in the record.
            let entry_ids = line.entry_id.into_iter().chain(by_record);
            for entry_id in entry_ids.filter(is_possible) {
                let threshold = self.report.complexity_threshold;
                let times = Times { queued_at_ms: entry_id.ms() as i64, decided_at_ms };
                let expected = expect::confirmation(&order, threshold, times);
                if let Some((lane, bytes)) = expected
                    && bytes == found.confirmation
                {
                    return Ok(Some((*position, Line { entry_id: Some(entry_id), ..*line }, lane)));
                }
            }
        }
        Ok(None)
    }

    /// An order that the queue had confirmed before its copy here: this copy is a duplicate, and the
    /// confirmation must be correct. If that is past retention, the order is late.
    pub(super) fn known_before(
        &mut self,
        redis: &mut PatientRedis,
        id: Uuid,
        seen: &mut HashMap<Uuid, bool>,
    ) -> Result<()> {
        if let Some(is_right) = seen.get(&id) {
            self.report.duplicate_deliveries += u64::from(*is_right);
            return Ok(());
        }
        let known = &self.results.known[&id];
        let found = entry(redis, self.results.keys.results(), known.confirmed)?;
        let Some(found) = found.as_ref().and_then(confirmation) else {
            if self.results.is_dropped(redis, known, self.report.started_at)? {
                self.report.late += 1;
            } else {
                self.missing(id.to_string());
                seen.insert(id, false);
            }
            return Ok(());
        };
        let entry_id = Some(known.ingress);
        let queued = |at: u64| (at, Line { entry_id, ..self.ledger.get(at) });
        let copies: Vec<_> = self.source.positions(id).into_iter().map(queued).collect();
        let matching = self.matching(&found, None, &copies)?;
        seen.insert(id, matching.is_some());
        if let Some((.., lane)) = matching {
            self.report.duplicate_deliveries += 1;
            self.confirmed_in(lane);
        } else {
            self.wrong(id.to_string(), DIFFERS.into());
        }
        Ok(())
    }

    /// An order that the queue did not route, because a copy before it had left its lane as a dead
    /// letter.
    pub(super) fn dead_before(
        &mut self,
        id: Uuid,
        record: &MessageStatus,
        seen: &mut HashMap<Uuid, bool>,
    ) {
        let positions = self.source.positions(id);
        let is_counted = positions.iter().any(|position| self.letters.contains_key(position));
        if is_counted || seen.insert(id, true).is_some() {
            self.report.duplicate_deliveries += 1;
            return;
        }
        let (letter, state) = (record.dead_letter.as_deref().unwrap_or_default(), record.state);
        let what = if state == State::Discarded { "was discarded" } else { "was not redriven" };
        let why = format!("its dead letter {letter} {what}");
        self.wrong(id.to_string(), why);
    }

    fn confirmed(&mut self, found: &Confirmation, line: Line, lane: Lane) {
        let done_us = self.done(found.entry);
        let latency_us = done_us.saturating_sub(line.due_us);
        self.confirmed_in(lane);
        if let Status::Rejected(reason) = line.status {
            self.report.rejected[usize::from(reason)].processed_anyway += 1;
        }
        // The histograms resize themselves; only a latency of years can be refused.
        let _ = self.latency_us.record(latency_us);
        self.recorder.interval(done_us).confirmed += 1;
        self.recorder.latency(line.due_us, latency_us);
        if let Some(entry_id) = line.entry_id {
            let queue_us = found.entry.ms().saturating_sub(entry_id.ms()) * 1_000;
            let _ = self.queue_latency_us.record(queue_us);
            if self.report.via.door == Door::Http {
                let arrived_us = self.since_release_us(entry_id);
                self.recorder.interval(arrived_us).arrived += 1;
            }
        }
    }

    /// The order of a dead letter.
    fn position_of(&self, found: &DeadLetter, is_last: bool) -> Option<u64> {
        let is_it = |at: &u64| self.source.order(*at).is_ok_and(|order| order == found.message);
        let by_identity = || {
            let positions = found.order_id.map(|id| self.source.positions(id)).unwrap_or_default();
            let mut sent =
                positions.iter().filter(|at| self.ledger.get(**at).status != Status::Unsent);
            // A copy that another sender wrote has another dead letter.
            let is_own = |at: u64| {
                let entry_id = self.ledger.get(at).entry_id;
                entry_id.is_none_or(|entry_id| entry_id == found.ingress)
            };
            let is_found = |at: &u64| if found.redrives == 0 { is_own(*at) } else { is_it(at) };
            sent.find(|at| is_found(at)).copied()
        };
        // An order that was sent with the reply lost has an unknown entry, one that was redriven into
        // ingress a new one. By HTTP invalid orders are refused.
        let by_content = || {
            let is_redriven = is_last && found.redrives > 0;
            let open = self.open().filter(|(_, line)| line.entry_id.is_none() || is_redriven);
            let wrong = self.letters.iter().filter(|(_, letter)| {
                is_redriven && letter.wrong.is_some() && letter.redrives < found.redrives
            });
            let mut all = open.map(|(at, _)| at).chain(wrong.map(|(at, _)| *at));
            all.find(|at| self.report.via.door == Door::Redis && is_it(at))
        };
        let known = self.dead.get(&found.ingress).copied();
        let by_entry = known.or_else(|| self.ledger.position_of(found.ingress));
        by_entry.or_else(by_identity).or_else(by_content)
    }

    /// `false` if it is too early to decide.
    pub(super) fn dead_letter(
        &mut self,
        found: &DeadLetter,
        record: Option<&MessageStatus>,
        is_last: bool,
    ) -> Result<bool> {
        self.newest_ms = self.newest_ms.max(found.entry.ms());
        let Some(position) = self.position_of(found, is_last) else {
            // It is older than any possible answer, so another producer sent its order.
            let is_old = found.entry.ms() + FOREIGN_AFTER_MS < self.newest_ms;
            return Ok(is_last || (is_old && found.redrives == 0));
        };
        let order = self.source.order(position)?;
        let mut line = self.ledger.get(position);
        match self.letters.get(&position) {
            Some(earlier) if earlier.redrives < found.redrives => {
                line.due_us = earlier.due_us;
                // Of several copies, the earlier letter may be that of another.
                let copies = found.order_id.map_or(1, |id| self.source.positions(id).len());
                self.earlier_letters.extend((copies == 1).then_some((position, earlier.entry)));
            }
            _ if line.status != Status::Settled => {}
            // It may be redriven later.
            _ if !is_last => return Ok(false),
            _ => {
                if !was_redriven(found.entry, record) {
                    self.confirmed_twice(expect::name(&order, position));
                }
                return Ok(true);
            }
        }
        self.done(found.entry);
        self.dead.insert(found.ingress, position);
        if let Status::Rejected(reason) = line.status {
            self.report.rejected[usize::from(reason)].processed_anyway += 1;
        }
        self.ledger.settle(position);
        let fate = fate(&order);
        let wrong = (fate != Err(found.code.as_str())).then(|| {
            let expected = fate.map_or_else(|code| code, |_| "a confirmation");
            let why = format!("dead-lettered with {}, expected {expected}", found.code);
            Box::new(Wrong { order: expect::name(&order, position), why })
        });
        let DeadLetter { entry, redrives, .. } = *found;
        self.letters.insert(position, Letter { entry, due_us: line.due_us, redrives, wrong });
        Ok(true)
    }
}
