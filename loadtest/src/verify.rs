//! What was found in Redis against what was expected: every order once, with the right fate and the right bytes.

use std::collections::HashMap;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use hdrhistogram::Histogram;
use redis::streams::{StreamId, StreamRangeReply};
use redis::{Commands, FromRedisValue};
use shared::queue::{Keys, Lane, Queue, milliseconds};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::expect::{Expectation, Fate};
use crate::report::Wrong;

/// Entries read at once.
const PAGE: usize = 1_000;

/// Where the result streams stood before the burst, and which orders the queue knew already.
#[derive(Debug)]
pub struct Before {
    confirmations: String,
    dead_letters: String,
    /// Orders that were done before.
    known: HashMap<Uuid, Known>,
}

/// Where an order that was done before has left its traces.
#[derive(Debug)]
struct Known {
    ingress: String,
    confirmed: String,
}

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// Orders with the confirmation they must have.
    pub confirmed: u64,
    /// Dead letters with the code they must have.
    pub dead_lettered: u64,
    /// Copies of an order beyond its first; each is counted, none is confirmed again.
    pub duplicates: u64,
    /// Orders found nowhere.
    pub lost: Vec<String>,
    /// Orders found more than once.
    pub doubled: Vec<String>,
    /// Orders with another fate, lane or confirmation than they must have.
    pub wrong: Vec<Wrong>,
    /// Confirmed by the simple and by the complex lane.
    pub lanes: [u64; 2],
    /// From ingress to confirmation, in ms by stream ids.
    pub latency_ms: Histogram<u64>,
    /// When the last confirmation or dead letter was written, in Unix ms by the clock of Redis.
    pub last_done_at_ms: Option<i64>,
}

impl Before {
    /// Looks at the queue before a burst.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn look(redis: &mut RedisConnection, keys: &Keys, expectation: &Expectation) -> Result<Self> {
        let mut known = HashMap::new();
        let ids: Vec<Uuid> = expectation.copies.keys().copied().collect();
        for chunk in ids.chunks(PAGE) {
            let mut pipeline = redis::pipe();
            for id in chunk {
                pipeline.cmd("HMGET").arg(keys.state(*id)).arg("ingress").arg("confirmed");
            }
            let states: Vec<(Option<String>, Option<String>)> =
                pipeline.query(redis.inner()).context("failed to look for orders that are known already")?;
            known.extend(chunk.iter().zip(states).filter_map(|(id, (ingress, confirmed))| {
                Some((*id, Known { ingress: ingress?, confirmed: confirmed? }))
            }));
        }
        Ok(Self {
            confirmations: last_id(redis, keys.confirmations())?,
            dead_letters: last_id(redis, keys.dead_letters())?,
            known,
        })
    }

    /// Orders that were confirmed before the burst.
    pub fn known(&self) -> usize {
        self.known.len()
    }
}

/// Reads all results since `before` and holds them against what was expected.
///
/// # Errors
/// When Redis fails.
pub fn verify(
    redis: &mut RedisConnection,
    settings: &QueueSettings,
    before: &Before,
    expectation: &Expectation,
    entry_ids: &[String],
) -> Result<Verdict> {
    let keys = Queue::new(redis, settings).keys().clone();
    let mut books = Books::new(expectation, entry_ids)?;
    each_entry(redis, keys.confirmations(), &before.confirmations, |entry| books.confirmation(&entry))?;
    each_entry(redis, keys.dead_letters(), &before.dead_letters, |entry| books.dead_letter(&entry))?;
    for (id, known) in &before.known {
        let reply: StreamRangeReply = redis
            .inner()
            .xrange(keys.confirmations(), &known.confirmed, &known.confirmed)
            .context("failed to read a confirmation")?;
        for entry in reply.ids {
            books.confirmation_known_before(*id, &known.ingress, &entry);
        }
    }
    Ok(books.close())
}

/// The books of a burst: what was found for each order.
struct Books<'a> {
    expectation: &'a Expectation,
    entry_ids: &'a [String],
    /// Position in what was sent by entry id.
    positions: HashMap<&'a str, usize>,
    /// Confirmations found for each identity.
    confirmations: HashMap<Uuid, u32>,
    /// Dead letters found for each position.
    dead_letters: Vec<u32>,
    verdict: Verdict,
}

impl<'a> Books<'a> {
    fn new(expectation: &'a Expectation, entry_ids: &'a [String]) -> Result<Self> {
        let positions = entry_ids.iter().enumerate().map(|(position, id)| (id.as_str(), position)).collect();
        Ok(Self {
            expectation,
            entry_ids,
            positions,
            confirmations: HashMap::with_capacity(expectation.copies.len()),
            dead_letters: vec![0; entry_ids.len()],
            verdict: Verdict {
                confirmed: 0,
                dead_lettered: 0,
                duplicates: 0,
                lost: Vec::new(),
                doubled: Vec::new(),
                wrong: Vec::new(),
                lanes: [0; 2],
                latency_ms: Histogram::new(3).context("failed to make a histogram")?,
                last_done_at_ms: None,
            },
        })
    }

    fn confirmation(&mut self, entry: &StreamId) {
        // Orders of other producers are none of this burst's business.
        let Some(id) = text(entry, "order_id").and_then(|id| Uuid::try_parse(&id).ok()) else { return };
        let Some(copies) = self.expectation.copies.get(&id) else { return };
        let done_at = milliseconds(&entry.id);
        self.verdict.last_done_at_ms = self.verdict.last_done_at_ms.max(done_at);
        if let (Some(done_at), Some(queued_at)) = (done_at, milliseconds(&self.entry_ids[copies[0]])) {
            // The histogram resizes itself; only a latency beyond 2^63 ms could be refused.
            let _ = self.verdict.latency_ms.record(u64::try_from(done_at - queued_at).unwrap_or_default());
        }
        let candidates = copies.iter().map(|position| (*position, self.entry_ids[*position].as_str()));
        self.check_confirmation(id, candidates, entry);
    }

    /// The confirmation of an order that was done before this burst: all copies sent now are duplicates.
    fn confirmation_known_before(&mut self, id: Uuid, ingress: &str, entry: &StreamId) {
        let Some(copies) = self.expectation.copies.get(&id) else { return };
        self.verdict.duplicates += 1;
        self.check_confirmation(id, copies.iter().map(|position| (*position, ingress)), entry);
    }

    /// Checks a confirmation against the candidates, positions in what was sent with the entry id each was queued as.
    fn check_confirmation<'c>(
        &mut self,
        id: Uuid,
        mut candidates: impl Iterator<Item = (usize, &'c str)>,
        entry: &StreamId,
    ) {
        let found = self.confirmations.entry(id).or_default();
        *found += 1;
        if *found > 1 {
            self.verdict.doubled.push(id.to_string());
            return;
        }
        let confirmation = text(entry, "confirmation").unwrap_or_default();
        let is_right = |(position, entry_id): (usize, &str)| {
            let expected = self.expectation.confirmation(position, entry_id);
            expected.is_some_and(|expected| expected == confirmation.as_bytes())
        };
        // Copies may differ in content; whichever was routed first is the order.
        if !candidates.any(is_right) {
            let why = "the confirmation differs from the one made natively".into();
            self.verdict.wrong.push(Wrong { order: id.to_string(), why });
            return;
        }
        self.verdict.confirmed += 1;
        match lane_of(&confirmation) {
            Some(Lane::Simple) => self.verdict.lanes[0] += 1,
            Some(Lane::Complex) => self.verdict.lanes[1] += 1,
            None => {}
        }
    }

    fn dead_letter(&mut self, entry: &StreamId) {
        let Some(ingress) = text(entry, "ingress") else { return };
        let Some(&position) = self.positions.get(ingress.as_str()) else { return };
        self.verdict.last_done_at_ms = self.verdict.last_done_at_ms.max(milliseconds(&entry.id));
        self.dead_letters[position] += 1;
        if self.dead_letters[position] > 1 {
            self.verdict.doubled.push(self.expectation.name(position));
            return;
        }
        let code = text(entry, "code").unwrap_or_default();
        let order = || self.expectation.name(position);
        match self.expectation.fates[position] {
            Fate::DeadLettered(expected) if expected == code => self.verdict.dead_lettered += 1,
            Fate::DeadLettered(expected) => {
                let why = format!("dead-lettered with {code}, expected {expected}");
                self.verdict.wrong.push(Wrong { order: order(), why });
            }
            Fate::Confirmed(_) => {
                let why = format!("dead-lettered with {code}, expected a confirmation");
                self.verdict.wrong.push(Wrong { order: order(), why });
            }
        }
    }

    fn close(mut self) -> Verdict {
        for (position, fate) in self.expectation.fates.iter().enumerate() {
            let is_dead = self.dead_letters[position] > 0;
            match fate {
                Fate::Confirmed(id) => {
                    let is_first = self.expectation.copies[id][0] == position;
                    let is_confirmed = self.confirmations.contains_key(id);
                    if is_confirmed && is_dead {
                        self.verdict.doubled.push(id.to_string());
                    } else if is_confirmed && !is_first {
                        self.verdict.duplicates += 1;
                    } else if !is_confirmed && !is_dead {
                        self.verdict.lost.push(id.to_string());
                    }
                }
                Fate::DeadLettered(_) if !is_dead => self.verdict.lost.push(self.expectation.name(position)),
                Fate::DeadLettered(_) => {}
            }
        }
        self.verdict
    }
}

impl Verdict {
    /// Whether every order is where it must be.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.wrong.is_empty()
    }
}

fn lane_of(confirmation: &str) -> Option<Lane> {
    let confirmation: serde_json::Value = serde_json::from_str(confirmation).ok()?;
    Lane::ALL.into_iter().find(|lane| confirmation["lane"] == lane.as_str())
}

fn last_id(redis: &mut RedisConnection, key: &str) -> Result<String> {
    let reply: StreamRangeReply =
        redis.inner().xrevrange_count(key, "+", "-", 1).with_context(|| format!("failed to read {key}"))?;
    Ok(reply.ids.into_iter().next().map_or_else(|| "0-0".into(), |entry| entry.id))
}

fn each_entry(
    redis: &mut RedisConnection,
    key: &str,
    after: &str,
    mut look: impl FnMut(StreamId),
) -> Result<()> {
    let mut after = after.to_owned();
    loop {
        let page: StreamRangeReply = redis
            .inner()
            .xrange_count(key, format!("({after}"), "+", PAGE)
            .with_context(|| format!("failed to read {key}"))?;
        let Some(last) = page.ids.last() else { return Ok(()) };
        after.clone_from(&last.id);
        page.ids.into_iter().for_each(&mut look);
    }
}

fn text(entry: &StreamId, field: &str) -> Option<String> {
    String::from_redis_value_ref(entry.map.get(field)?).ok()
}
