//! The load: producers that send orders all the time, by plain `XADD` and by `POST /orders`, and
//! keep books of the answers.
//!
//! The clock sets the pace, not the answers. A lost acknowledgement leaves an order uncertain; half
//! of these are sent again, as a careful producer does, so that the queue meets copies during
//! faults.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use queue::Settings;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::books::Books;
use crate::app::Endpoint;
use crate::expect::fate;
use crate::generate;
use crate::options::Recipe;
use crate::send::by_http::HttpTransport;
use crate::send::by_redis::RedisTransport;
use crate::send::{Answer, Due, Transport};
use crate::stop::sleep_until;

/// Orders in one batch. Most batches are small, so that there is always an order in progress, and
/// one in eight is large.
const SMALL: std::ops::RangeInclusive<usize> = 1..=4;
const LARGE: std::ops::RangeInclusive<usize> = 10..=100;
/// Orders in a batch on average. It sets the pace, because a pause after a large batch would be
/// time without load.
const MEAN: f64 = 9.0;
/// The longest pause between two batches. Recovery from a fault shows by the next order.
const MAX_PAUSE_S: f64 = 3.0;
/// One order in so many, by `XADD`, breaks the schema and must end as a dead letter.
const ONE_BROKEN_IN: u32 = 50;
/// Redis is sometimes paused for longer: then an order is written after its sender has given up.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// Between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The running producers. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Workload {
    sent: Arc<AtomicU64>,
    producers: Vec<JoinHandle<Result<Books>>>,
}

impl Workload {
    /// Starts two producers by `XADD` and one by the API, `orders_per_s` together. With `catch_up`,
    /// orders that were due during an outage are sent after it.
    pub(crate) fn start(
        (redis_url, settings): (&str, &Settings),
        api: Endpoint,
        seed: u64,
        (orders_per_s, catch_up): (u32, bool),
    ) -> Result<Self> {
        let sent = Arc::new(AtomicU64::new(0));
        let by_redis = || {
            RedisTransport::open(redis_url, settings.clone(), ANSWER_LIMIT)
                .context("failed to connect a producer to redis")
        };
        let transports: [(Box<dyn Transport>, u32); 3] = [
            (Box::new(by_redis()?), ONE_BROKEN_IN),
            (Box::new(by_redis()?), ONE_BROKEN_IN),
            // The API would refuse the whole request.
            (Box::new(HttpTransport::new(api, None, ANSWER_LIMIT)), u32::MAX),
        ];
        let per_s = f64::from(orders_per_s) / transports.len() as f64;
        let producers = (1..).zip(transports).map(|(number, (transport, one_broken_in))| {
            let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number);
            let recipe = Recipe { seed, prescriptions: 0.3, mutated: 0.0 };
            let producer = Producer {
                transport,
                random: ChaCha8Rng::seed_from_u64(!seed),
                books: Books::default(),
                sent: Arc::downgrade(&sent),
            };
            std::thread::spawn(move || producer.run(recipe, one_broken_in, (per_s, catch_up)))
        });
        let producers = producers.collect();
        Ok(Self { sent, producers })
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops the producers and returns their books; an error if a valid order was refused.
    pub(crate) fn stop(self) -> Result<Books> {
        drop(self.sent);
        let mut books = Books::default();
        for producer in self.producers {
            books.add(producer.join().map_err(|_| anyhow!("a producer panicked"))??);
        }
        Ok(books)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.producers.iter().any(JoinHandle::is_finished)
    }
}

struct Producer {
    transport: Box<dyn Transport>,
    random: ChaCha8Rng,
    books: Books,
    /// Gone when the workload is.
    sent: Weak<AtomicU64>,
}

impl Producer {
    fn run(
        mut self,
        recipe: Recipe,
        one_broken_in: u32,
        (per_s, catch_up): (f64, bool),
    ) -> Result<Books> {
        let mut orders = generate::orders(recipe, 0);
        let mut due = Instant::now();
        while !self.is_over() {
            let (count, pause) = batch(&mut self.random, per_s);
            let mut batch: Vec<Vec<u8>> = orders.by_ref().take(count).collect();
            for json in &mut batch {
                if self.random.random_ratio(1, one_broken_in) {
                    break_order(json);
                }
            }
            due += pause;
            self.send(batch)?;
            if let Some(sent) = self.sent.upgrade() {
                sent.fetch_add(count as u64, Ordering::Relaxed);
            }
            if !catch_up {
                due = due.max(Instant::now());
            }
            sleep_until(due, || self.is_over());
        }
        Ok(self.books)
    }

    fn is_over(&self) -> bool {
        self.sent.strong_count() == 0
    }

    /// Enters orders whose acknowledgement was lost as uncertain, and may send them again until they
    /// are acknowledged. Invalid ones are not: no copies are recognised, each becomes a dead letter.
    fn send(&mut self, batch: Vec<Vec<u8>>) -> Result<()> {
        let mut lost = Vec::new();
        let answers = self.ask(&batch)?;
        for (json, answer) in batch.into_iter().zip(answers) {
            match answer {
                Answer::Queued(entry_id) => self.books.acknowledged(json, entry_id),
                _ if fate(&json).is_err() => drop(self.books.uncertain(json)),
                _ => lost.push((self.books.uncertain(json.clone()), json)),
            }
        }
        let send_again = !lost.is_empty() && self.random.random();
        while send_again && !lost.is_empty() && !self.is_over() {
            self.books.sent_again += lost.len() as u64;
            let batch: Vec<Vec<u8>> = lost.iter().map(|(_, json)| json.clone()).collect();
            let mut answers = self.ask(&batch)?.into_iter();
            lost.retain(|(place, _)| {
                let is_queued = matches!(answers.next(), Some(Answer::Queued(_)));
                if is_queued {
                    self.books.acknowledged_after_all(*place);
                }
                !is_queued
            });
        }
        Ok(())
    }

    /// Any answer but an acknowledgement or an outage is an error.
    fn ask(&mut self, batch: &[Vec<u8>]) -> Result<Vec<Answer>> {
        let due = |json: &Vec<u8>| Due { position: 0, due_us: 0, json: json.clone() };
        let answers = self.transport.send(&batch.iter().map(due).collect::<Vec<_>>());
        let mut has_outage = false;
        for answer in &answers {
            match answer {
                Answer::Queued(_) => {}
                Answer::Rejected(why) if is_outage(why) => has_outage = true,
                Answer::Rejected(why) | Answer::Refused(why) => {
                    bail!("a valid order was answered with {why}")
                }
            }
        }
        if has_outage {
            std::thread::sleep(RETRY_PAUSE);
        }
        Ok(answers)
    }
}

/// A failure of Redis or the connection, or the API's 503.
fn is_outage(why: &str) -> bool {
    ["redis: ", "http: ", "503"].iter().any(|outage| why.starts_with(outage))
}

/// How many orders to send, and how long to wait then. At a low rate orders are sent one by one.
fn batch(random: &mut ChaCha8Rng, per_s: f64) -> (usize, Duration) {
    if MEAN / per_s > MAX_PAUSE_S {
        return (1, Duration::from_secs_f64(1.0 / per_s));
    }
    let sizes = if random.random_ratio(1, 8) { LARGE } else { SMALL };
    (random.random_range(sizes), Duration::from_secs_f64(MEAN / per_s))
}

/// The order keeps its identity, but has an unknown delivery.
fn break_order(json: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(json).replace(r#""delivery":""#, r#""delivery":"Not "#);
    *json = text.into_bytes();
}

#[cfg(test)]
mod tests;
