//! One confirmation or dead letter compared with its order.

use std::collections::HashMap;

use anyhow::Result;
use native::PatientRedis;
use orders::{Lane, Times};
use queue::EntryId;
use uuid::Uuid;

use super::Verifier;
use super::results::{Confirmation, DeadLetter};
use crate::expect::{self, fate};
use crate::ledger::{Line, Status};
use crate::report::Door;

/// How long a result without an order is kept, because the answer to its order may still come.
/// Longer than any answer may take.
pub(super) const FOREIGN_AFTER_MS: u64 = 60_000;

/// The reason for a confirmation that matches no copy of its order.
const DIFFERS: &str = "the confirmation differs from the one computed natively with this \
                       --complexity-threshold, or its time of decision is impossible";

impl Verifier {
    /// `false` if it is too early to decide.
    pub(super) fn confirmation(
        &mut self,
        redis: &mut PatientRedis,
        found: &mut Confirmation,
        is_last: bool,
    ) -> Result<bool> {
        let id = found.order_id;
        if self.results.known.get(&id).is_some_and(|known| known.confirmed == found.entry) {
            return Ok(true);
        }
        let positions = self.source.positions(id);
        let mut open: Vec<(u64, Line)> =
            positions.iter().map(|position| (*position, self.ledger.get(*position))).collect();
        let count = |status| open.iter().filter(|(_, line)| line.status == status).count();
        let (unsent, settled) = (count(Status::Unsent), count(Status::Settled));
        open.retain(|(_, line)| matches!(line.status, Status::Sent | Status::Rejected(_)));
        if unsent == positions.len() && !is_last {
            return Ok(false);
        }
        self.newest_ms = self.newest_ms.max(found.done_at_ms);
        let is_again = self.confirmed_copies.contains(&id) || (open.is_empty() && settled > 0);
        if is_again || self.results.known.contains_key(&id) {
            self.confirmed_twice(id.to_string());
            return Ok(true);
        }
        let mut matching = self.matching(found, &open)?;
        if matching.is_none() && found.ingress.is_none() {
            // The copy of another sender may have come first.
            self.results.ask_for_ingress(redis, std::slice::from_mut(found))?;
            matching = self.matching(found, &open)?;
        }
        let Some((position, line, lane)) = matching else {
            // It may be the confirmation of a copy whose answer has not come yet.
            if unsent > 0 && !is_last {
                return Ok(false);
            }
            if open.is_empty() && found.ingress.is_some() {
                // Another sender sent it.
                return Ok(true);
            }
            let why = if open.is_empty() { "confirmed, and it was never sent" } else { DIFFERS };
            self.wrong(id.to_string(), why.into());
            for (position, _) in &open {
                self.ledger.settle(*position);
            }
            return Ok(true);
        };
        self.done(found.done_at_ms);
        self.confirmed(found, line, lane);
        for (other, line) in &open {
            self.ledger.settle(*other);
            self.report.duplicate_deliveries +=
                u64::from(*other != position && line.status == Status::Sent);
        }
        if positions.len() > 1 || self.source.may_repeat() {
            self.confirmed_copies.insert(id);
        }
        Ok(true)
    }

    /// The copy whose confirmation this is. Copies may differ in content; the first one routed is
    /// the order.
    ///
    /// The confirmation must have the same bytes as the one computed natively, and must have been
    /// decided after the order was queued and before the confirmation was written.
    fn matching(
        &self,
        found: &Confirmation,
        open: &[(u64, Line)],
    ) -> Result<Option<(u64, Line, Lane)>> {
        // The confirmation of an order that an earlier run left in the queue has that earlier time.
        let earlier = self.results.in_progress.get(&found.order_id).copied();
        let Some(decided_at_ms) = expect::decided_at_ms(&found.confirmation) else {
            return Ok(None);
        };
        let is_possible = |entry_id: &EntryId| {
            (entry_id.ms() as i64..=found.done_at_ms as i64).contains(&decided_at_ms)
        };
        for (position, line) in open {
            let order = self.source.order(*position)?;
            let entry_ids = [line.entry_id, found.ingress, earlier].into_iter().flatten();
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
        let is_right = match self.results.confirmation_at(redis, &known.confirmed)? {
            None => None,
            Some(found) => {
                let entry_id = Some(known.ingress);
                let queued = |at: u64| (at, Line { entry_id, ..self.ledger.get(at) });
                let copies: Vec<_> = self.source.positions(id).into_iter().map(queued).collect();
                Some(self.matching(&found, &copies)?.map(|(_, _, lane)| lane))
            }
        };
        match is_right {
            None if self.results.is_dropped(redis, known, self.report.started_at)? => {
                self.report.late += 1;
                return Ok(());
            }
            None => self.lost(id.to_string()),
            Some(None) => self.wrong(id.to_string(), DIFFERS.into()),
            Some(Some(lane)) => {
                self.report.duplicate_deliveries += 1;
                self.confirmed_in(lane);
            }
        }
        seen.insert(id, matches!(is_right, Some(Some(_))));
        Ok(())
    }

    fn confirmed(&mut self, found: &Confirmation, line: Line, lane: Lane) {
        // Entry ids are whole milliseconds, rounded down; half of one is the mean of the rest.
        let done_us = self.since_release(found.done_at_ms) + 500;
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
            let queue_us = found.done_at_ms.saturating_sub(entry_id.ms()) * 1_000;
            let _ = self.queue_latency_us.record(queue_us);
            if self.report.via.door == Door::Http {
                let arrived_us = self.since_release(entry_id.ms());
                self.recorder.interval(arrived_us).arrived += 1;
            }
        }
    }

    /// An order that was sent with the reply lost, so its entry is unknown.
    fn by_content(&self, found: &DeadLetter) -> Option<u64> {
        // By HTTP no entry is known, and invalid orders are refused.
        if self.report.via.door == Door::Http {
            return None;
        }
        let is_it = |at: u64| self.source.order(at).is_ok_and(|order| order == found.message);
        self.open().find(|(at, line)| line.entry_id.is_none() && is_it(*at)).map(|(at, _)| at)
    }

    /// `false` if it is too early to decide.
    pub(super) fn dead_letter(&mut self, found: &DeadLetter, is_last: bool) -> Result<bool> {
        self.newest_ms = self.newest_ms.max(found.done_at_ms);
        if self.dead.contains(&found.ingress) {
            // Its order may have left the ledger already, and may have no identity.
            let name =
                found.order_id.map_or_else(|| found.ingress.to_string(), |id| id.to_string());
            self.confirmed_twice(name);
            return Ok(true);
        }
        let senders = self.report.via.connections as u64;
        let by_entry = self.ledger.position_of(found.ingress, senders);
        let by_identity = || {
            let positions = found.order_id.map(|id| self.source.positions(id)).unwrap_or_default();
            positions
                .into_iter()
                .find(|position| self.ledger.get(*position).status != Status::Unsent)
        };
        let Some(position) = by_entry.or_else(by_identity).or_else(|| self.by_content(found))
        else {
            // It is older than any possible answer, so another producer sent its order.
            let is_foreign = found.done_at_ms + FOREIGN_AFTER_MS < self.newest_ms;
            return Ok(is_last || is_foreign);
        };
        self.done(found.done_at_ms);
        let order = self.source.order(position)?;
        self.dead.insert(found.ingress);
        let status = self.ledger.get(position).status;
        if let Status::Rejected(reason) = status {
            self.report.rejected[usize::from(reason)].processed_anyway += 1;
        }
        if status == Status::Settled {
            self.confirmed_twice(expect::name(&order, position));
            return Ok(true);
        }
        self.ledger.settle(position);
        let at_us = self.since_release(found.done_at_ms);
        self.recorder.interval(at_us).dead_lettered += 1;
        match fate(&order) {
            Err(expected) if expected == found.code => self.report.dead_lettered += 1,
            fate => {
                let expected = fate.map_or_else(|code| code, |_| "a confirmation");
                let why = format!("dead-lettered with {}, expected {expected}", found.code);
                self.wrong(expect::name(&order, position), why);
            }
        }
        Ok(true)
    }
}
