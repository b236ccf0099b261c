//! What was sent, and what is known of each order: acknowledged, or its acknowledgement was lost
//! and it may exist.
//!
//! When all is done the books are settled: an order that may exist and left a trace in the queue
//! did exist, and is held to the same promise as an acknowledged one. One without a trace must not
//! be confirmed either.

use std::sync::Arc;

use anyhow::{Context, Result};
use native::RedisConnection;
use orders::order::Order;
use queue::{Keys, Settings};
use redis::Commands;
use uuid::Uuid;

use crate::ledger::EntryId;
use crate::records::records;
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::verify::results::Before;
use crate::verify::{Rules, Verdict, Verifier};

/// The books of one producer, or of all.
#[derive(Debug, Default)]
pub struct Books {
    orders: Vec<Booked>,
    /// Attempts to send an order beyond its first, because the acknowledgement was lost.
    pub sent_again: u64,
}

#[derive(Debug)]
struct Booked {
    json: Vec<u8>,
    /// Where it stands in ingress; none where nobody told, or where a copy of it may stand too.
    entry_id: Option<EntryId>,
    is_acknowledged: bool,
}

/// The settled books.
#[derive(Debug)]
pub struct Account {
    /// Orders whose acknowledgement was received.
    pub acknowledged: u64,
    /// Orders that may exist.
    pub uncertain: u64,
    /// Of those, found in the queue.
    pub uncertain_found: u64,
    /// As in [`Books`].
    pub sent_again: u64,
    /// Copies that the queue recognised and dropped, by its own count.
    pub duplicates: u64,
    /// What became of all.
    pub verdict: Verdict,
}

impl Books {
    /// How many orders stand in the books.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Enters an order that was acknowledged, with its entry id where it was told.
    pub fn acknowledged(&mut self, json: Vec<u8>, entry_id: Option<EntryId>) {
        self.orders.push(Booked { json, entry_id, is_acknowledged: true });
    }

    /// Enters an order whose acknowledgement was lost; gives its place in the books.
    pub fn uncertain(&mut self, json: Vec<u8>) -> usize {
        self.orders.push(Booked { json, entry_id: None, is_acknowledged: false });
        self.orders.len() - 1
    }

    /// A copy of an uncertain order was acknowledged. Either may be the one that is routed.
    pub fn acknowledged_after_all(&mut self, place: usize) {
        self.orders[place].is_acknowledged = true;
    }

    /// Adds the books of another producer.
    pub fn add(&mut self, other: Self) {
        self.orders.extend(other.orders);
        self.sent_again += other.sent_again;
    }

    /// Looks for every order. All must have been done: what is under way counts as lost.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn settle(
        mut self,
        redis: &mut RedisConnection,
        settings: &Settings,
        complexity_threshold: u32,
        before: Before,
    ) -> Result<Account> {
        let keys = Keys::new(settings);
        let orders = self.orders.len() as u64;
        let acknowledged = self.orders.iter().filter(|order| order.is_acknowledged).count() as u64;
        self.find_entry_ids(redis, &keys)?;
        let uncertain_found = self
            .orders
            .iter()
            .filter(|order| !order.is_acknowledged && order.entry_id.is_some())
            .count();
        // Entries rise with the positions then, which the verifier finds them by.
        self.orders.sort_by_key(|order| (order.entry_id.is_none(), order.entry_id));
        let sent: Vec<Answered> = (0..)
            .zip(&self.orders)
            // One that left no trace was never written, and must not be confirmed.
            .filter(|(_, order)| order.is_acknowledged || order.entry_id.is_some())
            .map(|(position, order)| Answered {
                position,
                due_us: 0,
                acknowledged_us: 0,
                answer: Answer::Queued(order.entry_id),
            })
            .collect();
        let source = Source::list(self.orders.into_iter().map(|order| order.json).collect());
        let rules =
            Rules { complexity_threshold, senders: 1, tells_entry_ids: true, released_at_us: 0 };
        let mut verifier = Verifier::new(Arc::new(source), keys.clone(), rules, before);
        sent.into_iter().try_for_each(|answered| verifier.sent(answered))?;
        let verdict = verifier.close(redis)?;
        let duplicates: Option<u64> =
            redis.inner().hget(keys.totals(), "duplicates").context("failed to read the totals")?;
        Ok(Account {
            acknowledged,
            uncertain: orders - acknowledged,
            uncertain_found: uncertain_found as u64,
            sent_again: self.sent_again,
            duplicates: duplicates.unwrap_or_default(),
            verdict,
        })
    }

    /// Looks up which entry of ingress each order was routed from.
    fn find_entry_ids(&mut self, redis: &mut RedisConnection, keys: &Keys) -> Result<()> {
        let unknown = self.orders.iter_mut().filter(|order| order.entry_id.is_none());
        let (ids, unknown): (Vec<Uuid>, Vec<&mut Booked>) =
            unknown.filter_map(|order| Some((Order::identity(&order.json)?, order))).unzip();
        for (order, record) in unknown.into_iter().zip(records(redis, keys, &ids)?) {
            order.entry_id = record.and_then(|record| EntryId::parse(&record.ingress?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use private_redis::RedisServer;

    use super::*;
    use crate::cli::Recipe;
    use crate::generate;

    #[test]
    fn an_uncertain_order_is_lost_where_it_left_a_trace_and_wrong_where_it_is_confirmed_without_one()
     {
        let server = RedisServer::start().unwrap();
        let mut redis = RedisConnection::open(&server.url()).unwrap();
        let settings = orders::pipeline::settings();
        let keys = Keys::new(&settings);
        let before = Before::look(&mut redis, &keys, std::iter::empty()).unwrap();
        let recipe = Recipe { seed: 1, prescriptions: 0.0, mutated: 0.0 };
        let orders: Vec<Vec<u8>> = generate::orders(recipe, 0).take(4).collect();
        let [acknowledged, _without_trace, with_trace, confirmed] =
            [0, 1, 2, 3].map(|at: usize| Order::identity(&orders[at]).unwrap());
        let mut books = Books::default();
        for (at, json) in orders.into_iter().enumerate() {
            match at {
                0 => books.acknowledged(json, EntryId::parse("1-1")),
                _ => assert_eq!(books.uncertain(json), at),
            }
        }
        let record = "routed 1-3 1-2 simple 1-3 0 - -";
        let _: () = redis.inner().hset(keys.index(), with_trace.to_string(), record).unwrap();
        let fields = [("order_id", confirmed.to_string()), ("confirmation", "{}".into())];
        let _: String = redis.inner().xadd(keys.results(), "*", &fields).unwrap();

        let account = books.settle(&mut redis, &settings, 50, before).unwrap();
        assert_eq!((account.acknowledged, account.uncertain, account.uncertain_found), (1, 3, 1));
        let verdict = account.verdict;
        assert_eq!(verdict.failures.lost, [acknowledged.to_string(), with_trace.to_string()]);
        let wrong: Vec<String> =
            verdict.failures.wrong.into_iter().map(|wrong| wrong.order).collect();
        assert_eq!(wrong, [confirmed.to_string()]);
        assert_eq!((verdict.lost, verdict.wrong, verdict.doubled), (2, 1, 0));
    }
}
