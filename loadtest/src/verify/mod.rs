//! Compares the results in Redis with the sent orders: each must be there once, with the expected
//! outcome and bytes.
//!
//! Results are read as a stream, while orders are still being sent or afterwards. Until an order is
//! settled, only a line in the [`Ledger`] is kept of it. To check a confirmation, the order is
//! generated or read again, and its confirmation is computed again natively.
//!
//! - this file: what was sent, and what is missing at the end
//! - [`outcomes`]: one result compared with its order
//! - [`results`]: the results in Redis, and what was there before

mod outcomes;
pub(crate) mod results;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use native::PatientRedis;
use orders::Lane;
use queue::EntryId;
use uuid::Uuid;

use crate::expect::{self, fate};
use crate::ledger::{Ledger, Line, Status};
use crate::report::{Failures, Rejected, Report, Wrong};
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::timeline::{Recorder, buckets, histogram, percentiles};
use outcomes::Letter;
use results::{Confirmation, DeadLetter, Known, Results, Waiting, entry, was_redriven};

/// How late an order counts as sent late, in microseconds. The report's schema names it.
const SENT_LATE_US: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Verifier {
    source: Arc<Source>,
    results: Results,
    ledger: Ledger,
    /// Results that were read before the answers to their orders.
    early: (Vec<Confirmation>, Vec<DeadLetter>),
    /// Confirmed orders that have, or may get, further copies.
    confirmed_copies: HashSet<Uuid>,
    /// The positions of entries that were dead-lettered; a second letter of one may come at any
    /// time.
    dead: HashMap<EntryId, u64>,
    /// The last dead letter of each order that has one, by position. Counted at the end.
    letters: BTreeMap<u64, Letter>,
    /// Letters before the last one, by position. A redrive has deleted them.
    earlier_letters: Vec<(u64, EntryId)>,
    /// The newest time of an entry or a result, in Unix ms.
    newest_ms: u64,
    /// From due to confirmed.
    latency_us: Histogram<u64>,
    /// From ingress to confirmed, in steps of 1 ms.
    queue_latency_us: Histogram<u64>,
    /// From due to acknowledged.
    send_latency_us: Histogram<u64>,
    recorder: Recorder,
    /// Confirmations that were dropped unread, and whose orders are not known.
    dropped: u64,
    /// The run adds what it measured.
    pub(crate) report: Report,
}

impl Verifier {
    /// Counts into a report that says when the orders were released and how they are sent.
    pub(crate) fn new(source: Arc<Source>, results: Results, report: Report) -> Self {
        Self {
            source,
            results,
            ledger: Ledger::default(),
            early: Default::default(),
            confirmed_copies: HashSet::new(),
            dead: HashMap::new(),
            letters: BTreeMap::new(),
            earlier_letters: Vec::new(),
            newest_ms: 0,
            latency_us: histogram(),
            queue_latency_us: histogram(),
            send_latency_us: histogram(),
            recorder: Recorder::default(),
            dropped: 0,
            report,
        }
    }

    pub(crate) fn sent(&mut self, answered: Answered) -> Result<()> {
        let Answered { position, due_us, sent_us, acknowledged_us, answer } = answered;
        self.report.orders += 1;
        let interval = self.recorder.interval(due_us);
        interval.due += 1;
        interval.sent_late += u64::from(sent_us > due_us + SENT_LATE_US);
        let mut line = Line { due_us, entry_id: None, status: Status::Sent };
        match answer {
            Answer::Queued(entry_id) => {
                line.entry_id = entry_id;
                let _ = self.send_latency_us.record(acknowledged_us.saturating_sub(due_us));
                self.report.enqueue_s = self.report.enqueue_s.max(acknowledged_us as f64 / 1e6);
                if let Some(entry_id) = entry_id {
                    self.newest_ms = self.newest_ms.max(entry_id.ms());
                    let at_us = self.since_release_us(entry_id);
                    self.recorder.interval(at_us).arrived += 1;
                }
            }
            Answer::Refused(code) => {
                line.status = Status::Settled;
                let order = self.source.order(position)?;
                match fate(&order) {
                    // An order that is sent alone may be refused with its request.
                    Err(expected) if expected == code || code.starts_with("body:") => {
                        self.report.refused += 1;
                    }
                    fate => {
                        let expected = fate.map_or_else(|code| code, |_| "a confirmation");
                        let why = format!("refused with {code}, expected {expected}");
                        self.wrong(expect::name(&order, position), why);
                    }
                }
            }
            Answer::Rejected(why) => line.status = Status::Rejected(self.reason(&why)),
        }
        self.ledger.set(position, line);
        Ok(())
    }

    /// Reads new results, at most so many pages of each kind; returns whether there were any.
    pub(crate) fn look(&mut self, redis: &mut PatientRedis, pages: usize) -> Result<bool> {
        let mut found = false;
        for _ in 0..pages {
            let is_new = self.results.read(redis, &mut self.early)?;
            self.enter(redis, false)?;
            if !is_new {
                break;
            }
            found = true;
        }
        Ok(found)
    }

    /// Reads the remaining results. Orders that are not found are lost, unless the queue has them
    /// or Redis does not answer, which the error says: then they are late.
    pub(crate) fn close(mut self, redis: &mut PatientRedis) -> (Report, Result<()>) {
        let result = self.settle_the_rest(redis);
        self.report.late += self.open().count() as u64;
        for letter in std::mem::take(&mut self.letters).into_values() {
            if let Some(wrong) = letter.wrong {
                self.wrong(wrong.order, wrong.why);
                continue;
            }
            self.report.dead_lettered += 1;
            let at_us = self.since_release_us(letter.entry);
            self.recorder.interval(at_us).dead_lettered += 1;
        }
        let mut report = Report {
            latency_ms: percentiles(&self.latency_us),
            latency_histogram: buckets(&self.latency_us),
            queue_latency_ms: percentiles(&self.queue_latency_us),
            send_latency_ms: percentiles(&self.send_latency_us),
            timeline: self.recorder.finish(),
            ..self.report
        };
        if report.total_s > 0.0 {
            report.orders_per_s = report.done() as f64 / report.total_s;
        }
        (report, result)
    }

    fn settle_the_rest(&mut self, redis: &mut PatientRedis) -> Result<()> {
        while self.look(redis, 1)? {}
        // An order whose dead letter is wrong may have been redriven.
        let wrong = self.letters.iter().filter(|(_, letter)| letter.wrong.is_some());
        let mut unclear: Vec<(u64, Option<EntryId>)> = wrong.map(|(at, _)| (*at, None)).collect();
        unclear.extend(self.open().map(|(position, line)| (position, line.entry_id)));
        let waiting =
            if unclear.is_empty() { Waiting::default() } else { self.results.waiting(redis)? };
        let (mut ids, mut orders) = (Vec::new(), Vec::new());
        for (position, entry_id) in unclear {
            let order = self.source.order(position)?;
            let id = fate(&order).ok();
            let is_waiting = waiting.has(entry_id, id, &order);
            // An order without an identity is looked up as nil, which no order has.
            ids.push(id.unwrap_or_default());
            orders.push((position, id, expect::name(&order, position), is_waiting));
        }
        let records = self.results.records(redis, &ids)?;
        let added = self.results.added(redis)?;
        // The app may still work: what had left the queue has its result by now.
        while self.look(redis, 1)? {}
        self.enter(redis, true)?;
        self.dropped = added.saturating_sub(self.results.counted);
        let (mut seen, mut redriven) = (HashMap::new(), 0);
        for ((position, id, name, is_waiting), record) in orders.into_iter().zip(records) {
            if let Some(letter) = self.letters.get(&position)
                && is_waiting
                && (id.is_none() || was_redriven(letter.entry, record.as_ref()))
            {
                self.letters.remove(&position);
                self.report.late += 1;
                redriven += 1;
            }
            if self.ledger.get(position).status != Status::Sent {
                continue;
            }
            if let (Some(id), Some(by)) = (id, record.as_ref().and_then(Known::of)) {
                // By a copy of another sender.
                self.results.known.entry(id).or_insert(by);
            }
            match (id, record.filter(|record| record.lane.is_some())) {
                (Some(id), _) if self.confirmed_copies.contains(&id) => {
                    self.report.duplicate_deliveries += 1;
                }
                (Some(id), _) if self.results.known.contains_key(&id) => {
                    self.known_before(redis, id, &mut seen)?;
                }
                // A record alone may be what is left of an order that was deleted.
                _ if is_waiting => continue,
                (Some(id), Some(record)) if record.dead_letter.is_some() => {
                    self.dead_before(id, &record, &mut seen);
                }
                _ => self.missing(name),
            }
            self.ledger.settle(position);
        }
        for (position, letter) in std::mem::take(&mut self.earlier_letters) {
            if entry(redis, self.results.keys.dead_letters(), letter)?.is_some() {
                self.confirmed_twice(expect::name(&self.source.order(position)?, position));
            }
        }
        let gone = self.report.late - redriven;
        ensure!(
            gone == 0,
            "{gone} orders are confirmed, but retention dropped the confirmations before they were \
             read: raise retention_s"
        );
        Ok(())
    }

    /// Accepted orders whose outcome is not known.
    fn open(&self) -> impl Iterator<Item = (u64, Line)> + '_ {
        self.ledger.unsettled().filter(|(_, line)| line.status == Status::Sent)
    }

    /// Whether the outcome of every accepted order is known.
    pub(crate) fn is_settled(&self) -> bool {
        self.open().next().is_none()
    }

    /// Counts the results that were read, and keeps those whose order was not answered yet.
    fn enter(&mut self, redis: &mut PatientRedis, is_last: bool) -> Result<()> {
        // The others belong to other producers.
        self.early.0.retain(|found| !self.source.positions(found.order_id).is_empty());
        // The record of a dead letter matters only at the end.
        let letters = self.early.1.iter().filter(|_| is_last);
        let letters = letters.map(|letter| letter.order_id.unwrap_or_default());
        let ids: Vec<Uuid> =
            letters.chain(self.early.0.iter().map(|found| found.order_id)).collect();
        // While Redis fails, the results stay where they are.
        let mut records = self.results.records(redis, &ids)?.into_iter();
        let (confirmations, letters) = std::mem::take(&mut self.early);
        // First: a confirmation that was read later is the outcome, if the letter was redriven.
        for letter in letters {
            let record = if is_last { records.next().flatten() } else { None };
            if !self.dead_letter(&letter, record.as_ref(), is_last)? {
                self.early.1.push(letter);
            }
        }
        for (confirmation, record) in confirmations.into_iter().zip(records) {
            if !self.confirmation(&confirmation, record.as_ref(), is_last)? {
                self.early.0.push(confirmation);
            }
        }
        Ok(())
    }

    fn confirmed_in(&mut self, lane: Lane) {
        self.report.confirmed += 1;
        match lane {
            Lane::Simple => self.report.lanes.simple += 1,
            Lane::Complex => self.report.lanes.complex += 1,
        }
    }

    fn wrong(&mut self, order: String, why: String) {
        self.report.wrong += 1;
        keep(&mut self.report.failures.wrong, Wrong { order, why });
    }

    /// Its confirmation may be one of those that retention dropped.
    fn missing(&mut self, order: String) {
        if self.dropped > 0 {
            self.dropped -= 1;
            self.report.late += 1;
            return;
        }
        self.report.lost += 1;
        keep(&mut self.report.failures.lost, order);
    }

    fn confirmed_twice(&mut self, order: String) {
        self.report.confirmed_twice += 1;
        keep(&mut self.report.failures.confirmed_twice, order);
    }

    /// The number of a reason for a rejection.
    fn reason(&mut self, answer: &str) -> u16 {
        let reasons = &mut self.report.rejected;
        let index =
            reasons.iter().position(|reason| reason.answer == answer).unwrap_or_else(|| {
                let answer = answer.to_owned();
                reasons.push(Rejected { answer, orders: 0, processed_anyway: 0 });
                reasons.len() - 1
            });
        reasons[index].orders += 1;
        // There are only a few different answers.
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    /// When an order was done, in microseconds since the release. Entry ids are whole milliseconds,
    /// rounded down; half of one is the mean of the rest.
    fn done(&mut self, result: EntryId) -> u64 {
        let done_us = self.since_release_us(result) + 500;
        self.report.total_s = self.report.total_s.max(done_us as f64 / 1e6);
        done_us
    }

    /// By the clock of Redis.
    fn since_release_us(&self, entry_id: EntryId) -> u64 {
        let released_at_us = self.report.started_at.timestamp_micros() as u64;
        (entry_id.ms() * 1_000).saturating_sub(released_at_us)
    }
}

fn keep<T>(kept: &mut Vec<T>, one: T) {
    if kept.len() < Failures::KEPT {
        kept.push(one);
    }
}
