//! What is found in Redis against what was sent: every order once, with the right fate and the
//! right bytes.
//!
//! Results are read as a stream, while orders are still being sent or when all is done. Nothing is
//! kept of an order but a line in the [`Ledger`] until it is settled: to check a confirmation, the
//! order is made or read again, and its confirmation made again natively.
//!
//! - this file: one result against its order
//! - [`verdict`]: what it comes to
//! - [`results`]: the results themselves, and what was there before - [`known`]: orders that were
//!   done before

mod known;
pub mod results;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use orders::{Lane, Times};
use queue::Keys;
use uuid::Uuid;

use crate::expect::{self, fate};
use crate::ledger::{EntryId, Ledger, Line, Status};
use crate::patient::Ask;
use crate::report::{Failures, NotTaken, Wrong};
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::timeline::Event;
use results::{Before, Confirmation, DeadLetter, Results};
pub use verdict::Verdict;

/// A result without an order is waited with for so long: its sender may not have told yet. Longer
/// than any answer may take.
const FOREIGN_AFTER_MS: u64 = 60_000;

/// What is wrong with a confirmation that fits no copy of its order.
const DIFFERS: &str = "the confirmation differs from the one computed natively, or its time of decision is impossible";

/// The books of a run.
#[derive(Debug)]
pub struct Verifier {
    source: Arc<Source>,
    rules: Rules,
    before: Before,
    results: Results,
    ledger: Ledger,
    /// Results that were read before it was known that their orders are written.
    early: (Vec<Confirmation>, Vec<DeadLetter>),
    /// Confirmed orders of which there are, or may come, further copies.
    confirmed_copies: HashSet<Uuid>,
    /// Entries that were dead-lettered.
    dead: HashSet<EntryId>,
    /// The newest time that an entry or a result is known to have, in Unix ms.
    newest_ms: u64,
    verdict: Verdict,
}

/// What holds for a whole run.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The threshold that lanes are checked with.
    pub complexity_threshold: u32,
    /// Connections that took turns in sending, order by order.
    pub senders: u64,
    /// Whether a sender is told where an order was written; otherwise its record is read.
    pub tells_entry_ids: bool,
    /// When times begin to count, in Unix microseconds by the clock of Redis.
    pub released_at_us: u64,
}

impl Verifier {
    /// Opens the books of a run that begins now.
    pub fn new(source: Arc<Source>, keys: Keys, rules: Rules, before: Before) -> Self {
        let results = Results::after(&before, keys);
        Self {
            source,
            rules,
            before,
            results,
            ledger: Ledger::default(),
            early: Default::default(),
            confirmed_copies: HashSet::new(),
            dead: HashSet::new(),
            newest_ms: 0,
            verdict: Verdict::default(),
        }
    }

    /// Enters an order and how it was answered.
    ///
    /// # Errors
    /// When the source cannot be read again.
    pub fn sent(&mut self, answered: Answered) -> Result<()> {
        let Answered { position, due_us, acknowledged_us, answer } = answered;
        let verdict = &mut self.verdict;
        verdict.sent += 1;
        verdict.recorder.count(Event::Due, due_us);
        let mut line = Line { due_us, entry_id: None, status: Status::Sent };
        match answer {
            Answer::Queued(entry_id) => {
                line.entry_id = entry_id;
                let _ = verdict.send_latency_us.record(acknowledged_us.saturating_sub(due_us));
                verdict.last_acknowledged_us = verdict.last_acknowledged_us.max(acknowledged_us);
                if let Some(entry_id) = entry_id {
                    self.newest_ms = self.newest_ms.max(entry_id.ms);
                    let at_us = self.since_release(entry_id.ms);
                    self.verdict.recorder.count(Event::Arrived, at_us);
                }
            }
            Answer::Refused(code) => {
                line.status = Status::Settled;
                let order = self.source.order(position)?;
                match fate(&order) {
                    Ok(_) => self.wrong_order(
                        position,
                        format!("refused with {code}, expected a confirmation"),
                    )?,
                    // An order that makes a body of its own may be refused with the body.
                    Err(expected) if expected == code || code.starts_with("body:") => {
                        self.verdict.refused += 1;
                    }
                    Err(expected) => {
                        self.wrong_order(
                            position,
                            format!("refused with {code}, expected {expected}"),
                        )?;
                    }
                }
            }
            Answer::NotTaken(why) => line.status = Status::NotTaken(self.reason(&why)),
        }
        self.ledger.set(position, line);
        Ok(())
    }

    /// Reads results that are new, at most so many pages of each kind, and says whether there were
    /// any.
    ///
    /// # Errors
    /// When Redis fails, or the source cannot be read again.
    pub fn look(&mut self, redis: &mut impl Ask, pages: usize) -> Result<bool> {
        let mut found = false;
        for _ in 0..pages {
            let (mut confirmations, mut letters) = std::mem::take(&mut self.early);
            let (new_confirmations, has_confirmations) = self.results.confirmations(redis)?;
            let (new_letters, has_letters) = self.results.dead_letters(redis)?;
            confirmations.extend(new_confirmations);
            letters.extend(new_letters);
            self.enter(redis, confirmations, letters, false)?;
            if !has_confirmations && !has_letters {
                break;
            }
            found = true;
        }
        Ok(found)
    }

    /// Reads what is left, and closes the books: what is not found now is lost.
    ///
    /// # Errors
    /// As [`Verifier::look`].
    pub fn close(mut self, redis: &mut impl Ask) -> Result<Verdict> {
        while self.look(redis, 1)? {}
        let (confirmations, letters) = std::mem::take(&mut self.early);
        self.enter(redis, confirmations, letters, true)?;
        let open: Vec<(u64, Line)> =
            self.ledger.unsettled().filter(|(_, line)| line.status == Status::Sent).collect();
        let (mut known, mut lost) = (HashMap::new(), Vec::new());
        for (position, line) in open {
            let order = self.source.order(position)?;
            match fate(&order) {
                Ok(id) if self.confirmed_copies.contains(&id) => self.verdict.duplicates += 1,
                Ok(id) if self.before.known.contains_key(&id) => {
                    self.known_before(redis, id, &mut known)?;
                }
                fate => {
                    lost.push((fate.ok(), line.entry_id));
                    self.verdict.lost += 1;
                    keep(&mut self.verdict.failures.lost, || expect::name(&order, position));
                }
            }
        }
        self.verdict.unfinished = self.results.under_way(redis, &lost)?;
        Ok(self.verdict)
    }

    /// Whether the fate of every order that was sent and taken is known.
    pub fn is_settled(&self) -> bool {
        self.ledger.unsettled().all(|(_, line)| line.status != Status::Sent)
    }

    fn enter(
        &mut self,
        redis: &mut impl Ask,
        mut confirmations: Vec<Confirmation>,
        letters: Vec<DeadLetter>,
        is_last: bool,
    ) -> Result<()> {
        // Orders of other producers are none of this run's business.
        confirmations
            .retain(|confirmation| !self.source.positions(confirmation.order_id).is_empty());
        if !self.rules.tells_entry_ids || !self.verdict.not_taken.is_empty() {
            self.results.ask_for_ingress(redis, &mut confirmations)?;
        }
        for confirmation in confirmations {
            if !self.confirmation(&confirmation, is_last)? {
                self.early.0.push(confirmation);
            }
        }
        for letter in letters {
            if !self.dead_letter(&letter, is_last)? {
                self.early.1.push(letter);
            }
        }
        Ok(())
    }

    /// Holds a confirmation against its order; `false` when it is too early to say.
    fn confirmation(&mut self, found: &Confirmation, is_last: bool) -> Result<bool> {
        let id = found.order_id;
        let positions = self.source.positions(id);
        let lines: Vec<(u64, Line)> =
            positions.iter().map(|position| (*position, self.ledger.get(*position))).collect();
        let has_unsent = lines.iter().any(|(_, line)| line.status == Status::Unsent);
        let is_known = self.before.known.contains_key(&id);
        let open: Vec<(u64, Line)> = lines
            .iter()
            .copied()
            .filter(|(_, line)| matches!(line.status, Status::Sent | Status::NotTaken(_)))
            .collect();
        if open.is_empty()
            && lines.iter().all(|(_, line)| line.status == Status::Unsent)
            && !is_last
        {
            return Ok(false);
        }
        self.newest_ms = self.newest_ms.max(found.done_at_ms);
        self.verdict.last_done_at_ms = self.verdict.last_done_at_ms.max(Some(found.done_at_ms));
        let is_settled = lines.iter().any(|(_, line)| line.status == Status::Settled);
        let is_again = self.confirmed_copies.contains(&id) || (open.is_empty() && is_settled);
        if is_known || is_again {
            self.verdict.doubled += 1;
            keep(&mut self.verdict.failures.doubled, || id.to_string());
            return Ok(true);
        }
        let Some((position, line, lane)) = self.matching(found, &open)? else {
            // It may be the confirmation of a copy whose sender has not told yet.
            if has_unsent && !is_last {
                return Ok(false);
            }
            let why = if open.is_empty() { "confirmed, and it was never sent" } else { DIFFERS };
            self.wrong(id.to_string(), why.into());
            for (position, _) in &open {
                self.ledger.settle(*position);
            }
            return Ok(true);
        };
        self.confirmed(found, line, lane);
        for (other, line) in &open {
            self.ledger.settle(*other);
            self.verdict.duplicates += u64::from(*other != position && line.status == Status::Sent);
        }
        if positions.len() > 1 || self.source.may_repeat() {
            self.confirmed_copies.insert(id);
        }
        Ok(true)
    }

    /// The copy whose confirmation this is. Copies may differ in content; whichever was routed
    /// first is the order.
    ///
    /// The confirmation must have the same bytes as the one computed natively, and must have been
    /// decided after the order was queued and before the confirmation was written.
    fn matching(
        &self,
        found: &Confirmation,
        open: &[(u64, Line)],
    ) -> Result<Option<(u64, Line, Lane)>> {
        // What an earlier run has left on its way is confirmed as queued then.
        let earlier = self.before.under_way.get(&found.order_id).copied();
        let Some(decided_at_ms) = expect::decided_at_ms(&found.confirmation) else {
            return Ok(None);
        };
        let is_possible = |entry_id: &EntryId| {
            (entry_id.ms as i64..=found.done_at_ms as i64).contains(&decided_at_ms)
        };
        for (position, line) in open {
            let order = self.source.order(*position)?;
            let entry_ids = [line.entry_id.or(found.ingress), earlier].into_iter().flatten();
            for entry_id in entry_ids.filter(is_possible) {
                let threshold = self.rules.complexity_threshold;
                let times = Times { queued_at_ms: entry_id.ms as i64, decided_at_ms };
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

    fn confirmed(&mut self, found: &Confirmation, line: Line, lane: Lane) {
        // Ids of entries are whole ms, rounded down: half a millisecond is added for what they
        // leave out.
        let done_us = self.since_release(found.done_at_ms) + 500;
        let latency_us = done_us.saturating_sub(line.due_us);
        let arrived_us = line.entry_id.map(|entry_id| self.since_release(entry_id.ms));
        let verdict = &mut self.verdict;
        verdict.confirmed += 1;
        verdict.lanes[usize::from(lane == Lane::Complex)] += 1;
        if let Status::NotTaken(reason) = line.status {
            verdict.not_taken[usize::from(reason)].done_all_the_same += 1;
        }
        // The histograms resize themselves; only a latency of years could be refused.
        let _ = verdict.latency_us.record(latency_us);
        verdict.recorder.count(Event::Confirmed, done_us);
        verdict.recorder.latency(line.due_us, latency_us);
        if let Some(entry_id) = line.entry_id {
            let queue_us = found.done_at_ms.saturating_sub(entry_id.ms) * 1_000;
            let _ = verdict.queue_latency_us.record(queue_us);
        }
        if let Some(arrived_us) = arrived_us.filter(|_| !self.rules.tells_entry_ids) {
            verdict.recorder.count(Event::Arrived, arrived_us);
        }
    }

    /// Holds a dead letter against its order; `false` when it is too early to say.
    fn dead_letter(&mut self, found: &DeadLetter, is_last: bool) -> Result<bool> {
        let by_entry = self.ledger.position_of(found.ingress, self.rules.senders);
        let by_identity = || {
            let positions = found.order_id.map(|id| self.source.positions(id)).unwrap_or_default();
            positions
                .into_iter()
                .find(|position| self.ledger.get(*position).status != Status::Unsent)
        };
        self.newest_ms = self.newest_ms.max(found.done_at_ms);
        let Some(position) = by_entry.or_else(by_identity) else {
            // Nobody's answer takes so long: it is a letter of another producer.
            let is_foreign = found.done_at_ms + FOREIGN_AFTER_MS < self.newest_ms;
            return Ok(is_last || is_foreign);
        };
        self.verdict.last_done_at_ms = self.verdict.last_done_at_ms.max(Some(found.done_at_ms));
        let order = self.source.order(position)?;
        let is_first = self.dead.insert(found.ingress);
        let status = self.ledger.get(position).status;
        if let Status::NotTaken(reason) = status {
            self.verdict.not_taken[usize::from(reason)].done_all_the_same += 1;
        }
        if !is_first || status == Status::Settled {
            self.verdict.doubled += 1;
            keep(&mut self.verdict.failures.doubled, || expect::name(&order, position));
            return Ok(true);
        }
        self.ledger.settle(position);
        let at_us = self.since_release(found.done_at_ms);
        self.verdict.recorder.count(Event::DeadLettered, at_us);
        match fate(&order) {
            Err(expected) if expected == found.code => self.verdict.dead_lettered += 1,
            Err(expected) => {
                self.wrong_order(
                    position,
                    format!("dead-lettered with {}, expected {expected}", found.code),
                )?;
            }
            Ok(_) => {
                let why = format!("dead-lettered with {}, expected a confirmation", found.code);
                self.wrong_order(position, why)?;
            }
        }
        Ok(true)
    }

    fn wrong_order(&mut self, position: u64, why: String) -> Result<()> {
        let order = self.source.order(position)?;
        self.wrong(expect::name(&order, position), why);
        Ok(())
    }

    fn wrong(&mut self, order: String, why: String) {
        self.verdict.wrong += 1;
        keep(&mut self.verdict.failures.wrong, || Wrong { order, why });
    }

    /// The number of a reason for not taking an order.
    fn reason(&mut self, answer: &str) -> u16 {
        let reasons = &mut self.verdict.not_taken;
        let index =
            reasons.iter().position(|reason| reason.answer == answer).unwrap_or_else(|| {
                reasons.push(NotTaken {
                    answer: answer.to_owned(),
                    orders: 0,
                    done_all_the_same: 0,
                });
                reasons.len() - 1
            });
        reasons[index].orders += 1;
        // There are a handful of answers.
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    fn since_release(&self, unix_ms: u64) -> u64 {
        (unix_ms * 1_000).saturating_sub(self.rules.released_at_us)
    }
}

fn keep<T>(kept: &mut Vec<T>, make: impl FnOnce() -> T) {
    if kept.len() < Failures::KEPT {
        kept.push(make());
    }
}
