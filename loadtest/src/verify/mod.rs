//! Compares what is found in Redis with what was sent: every order once, with the expected outcome
//! and bytes.
//!
//! Results are read as a stream, while orders are still being sent or afterwards. Only a line in
//! the [`Ledger`] is kept of an order until it is settled: to check a confirmation, the order is
//! made or read again, and its confirmation is computed again natively.
//!
//! - this file: what was sent, and what is missing in the end
//! - [`outcomes`]: one result compared with its order
//! - [`verdict`]: the totals
//! - [`results`]: the results in Redis, and what was there before
//! - [`known`]: orders that were done before

mod known;
mod outcomes;
pub(crate) mod results;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use queue::Keys;
use uuid::Uuid;

use crate::expect::{self, fate};
use crate::ledger::{EntryId, Ledger, Line, Status};
use crate::patient::Ask;
use crate::report::{Failures, Rejected, Wrong};
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::timeline::Event;
use results::{Before, Confirmation, DeadLetter, Results};
pub(crate) use verdict::Verdict;

/// How late an order counts as sent late, in microseconds. The report's schema names it.
const SENT_LATE_US: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Verifier {
    source: Arc<Source>,
    rules: Rules,
    before: Before,
    results: Results,
    ledger: Ledger,
    /// Results that were read before the answers to their orders.
    early: (Vec<Confirmation>, Vec<DeadLetter>),
    /// Confirmed orders of which there are, or may come, further copies.
    confirmed_copies: HashSet<Uuid>,
    /// Entries that were dead-lettered.
    dead: HashSet<EntryId>,
    /// Whether an accepted order's entry is unknown, so that records have to be read.
    lacks_entry_ids: bool,
    /// The newest time of an entry or a result, in Unix ms.
    newest_ms: u64,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) complexity_threshold: u32,
    /// Connections that took turns in sending, order by order.
    pub(crate) senders: u64,
    /// Whether answers name the entry of an order; otherwise its record is read.
    pub(crate) has_entry_ids: bool,
    /// In Unix microseconds by the clock of Redis.
    pub(crate) released_at_us: u64,
}

impl Verifier {
    pub(crate) fn new(source: Arc<Source>, keys: Keys, rules: Rules, before: Before) -> Self {
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
            lacks_entry_ids: !rules.has_entry_ids,
            newest_ms: 0,
            verdict: Verdict::default(),
        }
    }

    pub(crate) fn sent(&mut self, answered: Answered) -> Result<()> {
        let Answered { position, due_us, sent_us, acknowledged_us, answer } = answered;
        let verdict = &mut self.verdict;
        verdict.sent += 1;
        verdict.recorder.count(Event::Due, due_us);
        if sent_us > due_us + SENT_LATE_US {
            verdict.recorder.count(Event::SentLate, due_us);
        }
        let mut line = Line { due_us, entry_id: None, status: Status::Sent };
        match answer {
            Answer::Queued(entry_id) => {
                line.entry_id = entry_id;
                self.lacks_entry_ids |= entry_id.is_none();
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
                    // An order that is sent alone may be refused with its request.
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
            Answer::Rejected(why) => {
                // It may have been written anyway.
                self.lacks_entry_ids = true;
                line.status = Status::Rejected(self.reason(&why));
            }
        }
        self.ledger.set(position, line);
        Ok(())
    }

    /// Reads new results, at most so many pages of each kind; returns whether there were any.
    pub(crate) fn look(&mut self, redis: &mut impl Ask, pages: usize) -> Result<bool> {
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

    /// Reads the remaining results. Orders that are not found are late if the queue has them, and
    /// otherwise lost.
    pub(crate) fn close(mut self, redis: &mut impl Ask) -> Result<Verdict> {
        while self.look(redis, 1)? {}
        let (confirmations, letters) = std::mem::take(&mut self.early);
        self.enter(redis, confirmations, letters, true)?;
        let open: Vec<(u64, Line)> =
            self.ledger.unsettled().filter(|(_, line)| line.status == Status::Sent).collect();
        let (mut known, mut missing) = (HashMap::new(), Vec::new());
        for (position, line) in open {
            let order = self.source.order(position)?;
            match fate(&order) {
                Ok(id) if self.confirmed_copies.contains(&id) => {
                    self.verdict.duplicate_deliveries += 1;
                }
                Ok(id) if self.before.known.contains_key(&id) => {
                    self.known_before(redis, id, &mut known)?;
                }
                fate => {
                    missing.push((fate.ok(), line.entry_id, expect::name(&order, position)));
                }
            }
        }
        let in_queue = self.results.in_queue(redis, &missing)?;
        for ((.., name), is_in_queue) in missing.into_iter().zip(in_queue) {
            if is_in_queue {
                self.verdict.late += 1;
            } else {
                self.verdict.lost += 1;
                keep(&mut self.verdict.failures.lost, || name);
            }
        }
        Ok(self.verdict)
    }

    /// Whether the outcome of every accepted order is known.
    pub(crate) fn is_settled(&self) -> bool {
        self.ledger.unsettled().all(|(_, line)| line.status != Status::Sent)
    }

    fn enter(
        &mut self,
        redis: &mut impl Ask,
        mut confirmations: Vec<Confirmation>,
        letters: Vec<DeadLetter>,
        is_last: bool,
    ) -> Result<()> {
        // The others belong to other producers.
        confirmations
            .retain(|confirmation| !self.source.positions(confirmation.order_id).is_empty());
        if self.lacks_entry_ids {
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

    fn wrong_order(&mut self, position: u64, why: String) -> Result<()> {
        let order = self.source.order(position)?;
        self.wrong(expect::name(&order, position), why);
        Ok(())
    }

    fn wrong(&mut self, order: String, why: String) {
        self.verdict.wrong += 1;
        keep(&mut self.verdict.failures.wrong, || Wrong { order, why });
    }

    /// The number of a reason for a rejection.
    fn reason(&mut self, answer: &str) -> u16 {
        let reasons = &mut self.verdict.rejected;
        let index =
            reasons.iter().position(|reason| reason.answer == answer).unwrap_or_else(|| {
                let answer = answer.to_owned();
                reasons.push(Rejected { answer, orders: 0, processed_anyway: 0 });
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
