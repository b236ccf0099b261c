//! What was sent, and what is known of each order: acknowledged, or its acknowledgement was lost and it may exist.
//!
//! When all is done the books are settled: an order that may exist and left a trace in the queue did exist, and is held to the
//! same promise as an acknowledged one. One without a trace must not be confirmed either.

use std::collections::HashSet;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use redis::Commands;
use shared::order::Order;
use shared::queue::{Keys, milliseconds};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::expect::Expectation;
use crate::verify::{Before, Verdict, verify};

/// States asked for at once.
const PAGE: usize = 1_000;

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
    entry_id: Option<String>,
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
    pub fn acknowledged(&mut self, json: Vec<u8>, entry_id: Option<String>) {
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
        settings: &QueueSettings,
        complexity_threshold: u32,
        before: &Before,
    ) -> Result<Account> {
        let keys = Keys::new(settings.queue.clone());
        let is_certain: Vec<bool> = self.orders.iter().map(|order| order.is_acknowledged).collect();
        let acknowledged = is_certain.iter().filter(|is_certain| **is_certain).count() as u64;
        self.find_entry_ids(redis, &keys)?;
        let uncertain_found =
            self.orders.iter().filter(|order| !order.is_acknowledged && order.entry_id.is_some()).count();
        let (sent, entry_ids): (Vec<_>, Vec<_>) =
            self.orders.into_iter().map(|order| (order.json, order.entry_id.unwrap_or_default())).unzip();
        let expectation = Expectation::new(sent, complexity_threshold);
        let mut verdict = verify(redis, settings, before, &expectation, &entry_ids)?;
        let never_arrived: HashSet<String> = (0..entry_ids.len())
            .filter(|position| !is_certain[*position] && entry_ids[*position].is_empty())
            .map(|position| expectation.name(position))
            .collect();
        verdict.lost.retain(|order| !never_arrived.contains(order));
        let duplicates: Option<u64> =
            redis.inner().hget(keys.totals(), "duplicates").context("failed to read the totals")?;
        Ok(Account {
            acknowledged,
            uncertain: is_certain.len() as u64 - acknowledged,
            uncertain_found: uncertain_found as u64,
            sent_again: self.sent_again,
            duplicates: duplicates.unwrap_or_default(),
            verdict,
        })
    }

    /// The state of an order tells which entry of ingress it was routed from.
    fn find_entry_ids(&mut self, redis: &mut RedisConnection, keys: &Keys) -> Result<()> {
        let unknown = self.orders.iter_mut().filter(|order| order.entry_id.is_none());
        let mut unknown: Vec<(Uuid, &mut Booked)> =
            unknown.filter_map(|order| Some((Order::identity(&order.json)?, order))).collect();
        for chunk in unknown.chunks_mut(PAGE) {
            let mut pipeline = redis::pipe();
            for (id, _) in chunk.iter() {
                pipeline.cmd("HGET").arg(keys.state(*id)).arg("ingress");
            }
            let found: Vec<Option<String>> =
                pipeline.query(redis.inner()).context("failed to read the states of orders")?;
            for ((_, order), entry_id) in chunk.iter_mut().zip(found) {
                order.entry_id = entry_id.filter(|id| milliseconds(id).is_some());
            }
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
    fn an_uncertain_order_is_lost_where_it_left_a_trace_and_wrong_where_it_is_confirmed_without_one() {
        let server = RedisServer::start().unwrap();
        let mut redis = RedisConnection::open(&server.url()).unwrap();
        let settings = QueueSettings::default();
        let keys = Keys::new(settings.queue.clone());
        let before = Before::look(&mut redis, &keys, &Expectation::new(Vec::new(), 50)).unwrap();
        let recipe = Recipe { orders: 4, seed: 1, prescriptions: 0.0, mutated: 0.0 };
        let orders: Vec<Vec<u8>> = generate::orders(recipe, None).collect();
        let [acknowledged, _without_trace, with_trace, confirmed] =
            [0, 1, 2, 3].map(|at: usize| Order::identity(&orders[at]).unwrap());
        let mut books = Books::default();
        for (at, json) in orders.into_iter().enumerate() {
            match at {
                0 => books.acknowledged(json, Some("1-1".into())),
                _ => assert_eq!(books.uncertain(json), at),
            }
        }
        let _: () = redis.inner().hset(keys.state(with_trace), "ingress", "1-2").unwrap();
        let fields = [("order_id", confirmed.to_string()), ("confirmation", "{}".into())];
        let _: String = redis.inner().xadd(keys.confirmations(), "*", &fields).unwrap();

        let account = books.settle(&mut redis, &settings, 50, &before).unwrap();
        assert_eq!((account.acknowledged, account.uncertain, account.uncertain_found), (1, 3, 1));
        let verdict = account.verdict;
        assert_eq!(verdict.lost, [acknowledged.to_string(), with_trace.to_string()]);
        let wrong: Vec<String> = verdict.wrong.into_iter().map(|wrong| wrong.order).collect();
        assert_eq!(wrong, [confirmed.to_string()]);
        assert!(verdict.doubled.is_empty());
    }
}
