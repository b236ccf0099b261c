//! What was sent, and whether it was acknowledged. If the acknowledgement was lost, the order may
//! exist.
//!
//! At the end, an uncertain order that is found in the queue counts as sent. One that is not found
//! must not be confirmed.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use native::{PatientRedis, RedisConnection};
use orders::order::Order;
use queue::{EntryId, Keys};
use redis::Commands;
use redis::streams::StreamRangeReply;
use serde::Serialize;
use uuid::Uuid;

use crate::report::{Failures, Report};
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::verify::Verifier;
use crate::verify::results::{Results, dead_letter, records};

/// Fields of confirmations and dead letters, without the order.
const FIELDS: [&str; 6] = ["order_id", "code", "stream", "entry", "ingress", "delivery_count"];

/// The books of one producer, or of all.
#[derive(Debug, Default)]
pub(crate) struct Books {
    orders: Vec<Booked>,
    /// Attempts to send an order again after a lost acknowledgement.
    pub(crate) sent_again: u64,
}

#[derive(Debug)]
struct Booked {
    json: Vec<u8>,
    /// In ingress; `None` if it is unknown, or if there may be a copy.
    entry_id: Option<EntryId>,
    is_acknowledged: bool,
}

/// The settled books.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) orders: u64,
    pub(crate) acknowledged: u64,
    /// Orders whose acknowledgement was lost for good: they may exist.
    pub(crate) uncertain: u64,
    /// Of those, orders found in the queue. The same promise holds for them.
    pub(crate) uncertain_found: u64,
    /// Attempts to send an order again after a lost acknowledgement.
    pub(crate) sent_again: u64,
    /// Copies that the queue recognised, by its own count.
    pub(crate) duplicate_deliveries: u64,
    pub(crate) confirmed: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) lost: u64,
    /// Orders that were still in the queue when patience ran out.
    pub(crate) late: u64,
    pub(crate) confirmed_twice: u64,
    pub(crate) wrong: u64,
    pub(crate) failures: Failures,
}

impl Books {
    pub(crate) fn len(&self) -> usize {
        self.orders.len()
    }

    pub(crate) fn acknowledged(&mut self, json: Vec<u8>, entry_id: Option<EntryId>) {
        self.orders.push(Booked { json, entry_id, is_acknowledged: true });
    }

    /// Returns the order's place in the books.
    pub(crate) fn uncertain(&mut self, json: Vec<u8>) -> usize {
        self.orders.push(Booked { json, entry_id: None, is_acknowledged: false });
        self.orders.len() - 1
    }

    /// A copy of an uncertain order was acknowledged. Either may be the one that is routed.
    pub(crate) fn acknowledged_after_all(&mut self, place: usize) {
        self.orders[place].is_acknowledged = true;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.orders.extend(other.orders);
        self.sent_again += other.sent_again;
    }

    /// Looks for every order.
    pub(crate) fn settle(
        mut self,
        redis: &mut PatientRedis,
        keys: &Keys,
        complexity_threshold: u32,
        before: Results,
    ) -> Result<Account> {
        redis.ask(|redis| self.find_entry_ids(redis, keys))?;
        let count = |is_one: fn(&&Booked) -> bool| self.orders.iter().filter(is_one).count() as u64;
        let acknowledged = count(|order| order.is_acknowledged);
        let uncertain = count(|order| !order.is_acknowledged);
        let uncertain_found = count(|order| !order.is_acknowledged && order.entry_id.is_some());
        let sent: Vec<Answered> = (0..)
            .zip(&self.orders)
            // Without a trace an order was never written, and must not be confirmed.
            .filter(|(_, order)| order.is_acknowledged || order.entry_id.is_some())
            .map(|(position, order)| Answered::at_once(position, Answer::Queued(order.entry_id)))
            .collect();
        let source = Source::list(self.orders.into_iter().map(|order| order.json).collect());
        let report = Report { complexity_threshold, ..Report::default() };
        let mut verifier = Verifier::new(Arc::new(source), before, report);
        sent.into_iter().try_for_each(|answered| verifier.sent(answered))?;
        let (found, result) = verifier.close(redis);
        result?;
        let duplicates: Option<u64> = redis.ask(|redis| {
            redis.inner().hget(keys.totals(), "duplicates").context("failed to read the totals")
        })?;
        Ok(Account {
            orders: acknowledged + uncertain,
            acknowledged,
            uncertain,
            uncertain_found,
            sent_again: self.sent_again,
            duplicate_deliveries: duplicates.unwrap_or_default(),
            confirmed: found.confirmed,
            dead_lettered: found.dead_lettered,
            lost: found.lost,
            late: found.late,
            confirmed_twice: found.confirmed_twice,
            wrong: found.wrong,
            failures: found.failures,
        })
    }

    /// Looks up the entry of each order in its record, and then among the dead letters: the record
    /// of an invalid order may be that of a valid copy.
    fn find_entry_ids(&mut self, redis: &mut RedisConnection, keys: &Keys) -> Result<()> {
        let unknown = self.orders.iter_mut().filter(|order| order.entry_id.is_none());
        let (ids, unknown): (Vec<Uuid>, Vec<&mut Booked>) =
            unknown.filter_map(|order| Some((Order::identity(&order.json)?, order))).unzip();
        let letters: StreamRangeReply = redis
            .inner()
            .xrange_all(keys.dead_letters())
            .context("failed to read the dead letters")?;
        let letters = letters.ids.iter().filter_map(dead_letter);
        let dead: HashMap<Uuid, EntryId> =
            letters.filter_map(|letter| Some((letter.order_id?, letter.ingress))).collect();
        for ((id, order), record) in ids.iter().zip(unknown).zip(records(redis, keys, &ids)?) {
            let by_record = record.and_then(|record| EntryId::parse(&record.ingress?));
            order.entry_id = by_record.or_else(|| dead.get(id).copied());
        }
        Ok(())
    }
}

impl Account {
    /// One line for each trace of an order that did not end as expected: its record, its
    /// confirmations, its dead letters. The private server is gone after the run.
    pub(crate) fn evidence(&self, redis: &mut RedisConnection, keys: &Keys) -> Result<Vec<String>> {
        let Failures { lost, confirmed_twice, wrong } = &self.failures;
        let wrong = wrong.iter().map(|wrong| &wrong.order);
        let orders: Vec<&String> = lost.iter().chain(confirmed_twice).chain(wrong).collect();
        let mut lines = Vec::new();
        if orders.is_empty() {
            return Ok(lines);
        }
        for order in &orders {
            let record: Option<String> =
                redis.inner().hget(keys.index(), order).context("failed to read a record")?;
            lines.push(format!("{order}: record {}", record.unwrap_or_else(|| "none".into())));
        }
        for key in [keys.results(), keys.dead_letters()] {
            let entries: StreamRangeReply =
                redis.inner().xrange_all(key).with_context(|| format!("failed to read {key}"))?;
            for entry in entries.ids {
                let order = entry.get::<String>("order_id");
                if order.is_some_and(|order| orders.contains(&&order)) {
                    let field =
                        |name: &&str| Some(format!(" {name} {}", entry.get::<String>(name)?));
                    let fields: String = FIELDS.iter().filter_map(field).collect();
                    lines.push(format!("{key} {}:{fields}", entry.id));
                }
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests;
