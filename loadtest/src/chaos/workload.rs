//! The load: producers that send orders all the time, by plain `XADD` and by `POST /orders`, and
//! keep books of the answers.
//!
//! The clock sets the pace, not the answers. A lost acknowledgement leaves an order uncertain; half
//! of those batches are sent again, as a careful producer does, so that the queue meets copies
//! during faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use native::RedisConnection;
use queue::{Keys, Stream};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::books::Books;
use super::supervisor::{Endpoint, lock};
use crate::generate;
use crate::ledger::EntryId;
use crate::options::Recipe;

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

/// How fast orders are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// All producers together.
    pub(crate) orders_per_s: u32,
    /// Whether orders that were due during an outage are sent after it.
    pub(crate) catch_up: bool,
}

/// The running producers. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Workload {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    producers: Vec<JoinHandle<Result<Books>>>,
}

enum Door {
    Redis {
        url: String,
        ingress: String,
        channel: String,
        connection: Option<Box<RedisConnection>>,
    },
    Api {
        endpoint: Endpoint,
        agent: ureq::Agent,
    },
}

/// The answer to a batch.
enum Answer {
    /// All orders are written, with these entry ids if they are known.
    Acknowledged(Vec<Option<EntryId>>),
    Lost,
}

impl Workload {
    /// Starts two producers by `XADD` and one by the API.
    pub(crate) fn start(
        redis_url: &str,
        keys: &Keys,
        api: &Endpoint,
        seed: u64,
        pace: Pace,
    ) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = agent.timeout_global(Some(ANSWER_LIMIT)).build().into();
        let xadd = || Door::Redis {
            url: redis_url.to_owned(),
            ingress: keys.stream(Stream::Ingress).to_owned(),
            channel: keys.channel(Stream::Ingress).to_owned(),
            connection: None,
        };
        let doors = [xadd(), xadd(), Door::Api { endpoint: Arc::clone(api), agent }];
        let per_s = f64::from(pace.orders_per_s) / doors.len() as f64;
        let producers = (1..).zip(doors).map(|(number, door)| {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number);
            std::thread::spawn(move || produce(door, seed, (per_s, pace.catch_up), &stop, &sent))
        });
        let producers = producers.collect();
        Self { stop, sent, producers }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops the producers and returns their books; an error if a valid order was refused.
    pub(crate) fn stop(mut self) -> Result<Books> {
        self.stop.store(true, Ordering::Relaxed);
        let mut books = Books::default();
        for producer in self.producers.drain(..) {
            books.add(producer.join().map_err(|_| anyhow!("a producer panicked"))??);
        }
        Ok(books)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.producers.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn produce(
    mut door: Door,
    seed: u64,
    (per_s, catch_up): (f64, bool),
    stop: &AtomicBool,
    sent: &AtomicU64,
) -> Result<Books> {
    let mut random = ChaCha8Rng::seed_from_u64(!seed);
    let mut orders = generate::orders(Recipe { seed, prescriptions: 0.3, mutated: 0.0 }, 0);
    let mut books = Books::default();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let (count, pause) = batch(&mut random, per_s);
        let mut batch: Vec<Vec<u8>> = orders.by_ref().take(count).collect();
        if matches!(door, Door::Redis { .. }) {
            batch
                .iter_mut()
                .filter(|_| random.random_ratio(1, ONE_BROKEN_IN))
                .for_each(break_order);
        }
        due += pause;
        let answer = door.send(&batch)?;
        sent.fetch_add(count as u64, Ordering::Relaxed);
        match answer {
            Answer::Acknowledged(entry_ids) => {
                batch
                    .into_iter()
                    .zip(entry_ids)
                    .for_each(|(json, id)| books.acknowledged(json, id));
            }
            Answer::Lost => {
                let send_again = random.random();
                enter_uncertain(&mut books, &mut door, batch, send_again, stop)?;
            }
        }
        if !catch_up {
            due = due.max(Instant::now());
        }
        while Instant::now() < due && !stop.load(Ordering::Relaxed) {
            std::thread::sleep((due - Instant::now()).min(Duration::from_millis(50)));
        }
    }
    Ok(books)
}

/// How many orders to send, and how long to wait then. At a low rate orders are sent one by one.
fn batch(random: &mut ChaCha8Rng, per_s: f64) -> (usize, Duration) {
    if MEAN / per_s > MAX_PAUSE_S {
        return (1, Duration::from_secs_f64(1.0 / per_s));
    }
    let sizes = if random.random_ratio(1, 8) { LARGE } else { SMALL };
    (random.random_range(sizes), Duration::from_secs_f64(MEAN / per_s))
}

/// Enters a batch whose acknowledgement was lost, and may send it again until it is acknowledged.
fn enter_uncertain(
    books: &mut Books,
    door: &mut Door,
    batch: Vec<Vec<u8>>,
    send_again: bool,
    stop: &AtomicBool,
) -> Result<()> {
    // Invalid orders are not recognised as copies: each becomes a dead letter.
    let (broken, good): (Vec<_>, Vec<_>) = batch.into_iter().partition(|json| is_broken(json));
    for json in broken {
        books.uncertain(json);
    }
    let places: Vec<usize> = good.iter().map(|json| books.uncertain(json.clone())).collect();
    while send_again && !good.is_empty() && !stop.load(Ordering::Relaxed) {
        books.sent_again += good.len() as u64;
        if let Answer::Acknowledged(_) = door.send(&good)? {
            for place in places {
                books.acknowledged_after_all(place);
            }
            return Ok(());
        }
    }
    Ok(())
}

const GOOD: [&[u8]; 2] = [br#""delivery":"Express""#, br#""delivery":"Standard""#];
const BROKEN: &[u8] = br#""delivery":"Whenever""#;

fn break_order(json: &mut Vec<u8>) {
    for good in GOOD {
        if let Some(at) = json.windows(good.len()).position(|window| window == good) {
            json.splice(at..at + good.len(), BROKEN.iter().copied());
        }
    }
}

fn is_broken(json: &[u8]) -> bool {
    json.windows(BROKEN.len()).any(|window| window == BROKEN)
}

impl Door {
    fn send(&mut self, batch: &[Vec<u8>]) -> Result<Answer> {
        let answer = match self {
            Self::Redis { url, ingress, channel, connection } => {
                let added =
                    connect(url, connection).and_then(|redis| add(redis, ingress, channel, batch));
                if added.is_err() {
                    *connection = None;
                }
                added.unwrap_or(Answer::Lost)
            }
            Self::Api { endpoint, agent } => post(endpoint, agent, batch)?,
        };
        if matches!(answer, Answer::Lost) {
            std::thread::sleep(RETRY_PAUSE);
        }
        Ok(answer)
    }
}

/// As any producer: one pipeline of `XADD` with a `PUBLISH` at its end.
fn add(
    redis: &mut RedisConnection,
    ingress: &str,
    channel: &str,
    batch: &[Vec<u8>],
) -> redis::RedisResult<Answer> {
    let mut pipeline = redis::pipe();
    for json in batch {
        pipeline.cmd("XADD").arg(ingress).arg("*").arg("order").arg(json);
    }
    pipeline.cmd("PUBLISH").arg(channel).arg("").ignore();
    let ids: Vec<String> = pipeline.query(redis.inner())?;
    Ok(Answer::Acknowledged(ids.iter().map(|id| EntryId::parse(id)).collect()))
}

fn connect<'c>(
    url: &str,
    connection: &'c mut Option<Box<RedisConnection>>,
) -> redis::RedisResult<&'c mut RedisConnection> {
    if let Some(open) = connection {
        Ok(open)
    } else {
        let mut opened = RedisConnection::open(url)?;
        opened.inner().set_read_timeout(Some(ANSWER_LIMIT))?;
        Ok(connection.insert(Box::new(opened)))
    }
}

/// A valid order must get 202 or 503.
fn post(endpoint: &Endpoint, agent: &ureq::Agent, batch: &[Vec<u8>]) -> Result<Answer> {
    let Some(url) = lock(endpoint).clone() else { return Ok(Answer::Lost) };
    let request =
        agent.post(format!("{url}/orders")).header("content-type", "application/x-ndjson");
    let Ok(mut response) = request.send(batch.join(&b'\n').as_slice()) else {
        return Ok(Answer::Lost);
    };
    let status = response.status().as_u16();
    let Ok(body) = response.body_mut().read_to_string() else { return Ok(Answer::Lost) };
    match status {
        202 => {
            let body: serde_json::Value =
                serde_json::from_str(&body).context("the API answered 202 without JSON")?;
            if body["accepted"] != batch.len() {
                bail!("the API accepted {} of {} valid orders", body["accepted"], batch.len());
            }
            Ok(Answer::Acknowledged(vec![None; batch.len()]))
        }
        503 => Ok(Answer::Lost),
        _ => bail!("the API answered {status} to valid orders: {body}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::fate;

    #[test]
    fn no_pace_leaves_a_pause_in_which_a_recovery_could_not_show() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        // 1 to 100,000 orders a second of three producers.
        for per_s in [1.0 / 3.0, 1.0, 2.9, 3.1, 100.0, 100_000.0 / 3.0] {
            let (mut orders, mut seconds) = (0.0, 0.0);
            for _ in 0..20_000 {
                let (count, pause) = batch(&mut random, per_s);
                assert!(pause.as_secs_f64() <= MAX_PAUSE_S + 1e-6, "{per_s}: {pause:?}");
                (orders, seconds) = (orders + count as f64, seconds + pause.as_secs_f64());
            }
            let pace: f64 = orders / seconds / per_s;
            assert!((0.9..1.1).contains(&pace), "{per_s}: {pace}");
        }
    }

    #[test]
    fn one_break_makes_any_generated_order_a_dead_letter_that_keeps_its_identity() {
        let recipe = Recipe { seed: 1, prescriptions: 0.5, mutated: 0.0 };
        for mut json in generate::orders(recipe, 0).take(50) {
            assert!(!is_broken(&json));
            let id = orders::order::Order::identity(&json);
            break_order(&mut json);
            assert!(is_broken(&json));
            assert_eq!(orders::order::Order::identity(&json), id);
            assert_eq!(fate(&json), Err("unknown_value"));
        }
    }
}
