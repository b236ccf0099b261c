//! The load: producers that send orders all the time, by plain `XADD` and by `POST /orders`, and
//! write down what they were told.
//!
//! The pace is given by the clock, not by the answers. A lost acknowledgement leaves an order
//! uncertain; half of those batches are sent once more, as a careful producer does, so that the
//! queue meets copies in the midst of faults.

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
use crate::cli::Recipe;
use crate::generate;
use crate::ledger::EntryId;

/// Orders in one batch: most are small, so that there is hardly a moment without an order on its
/// way, and one in eight is large.
const SMALL: std::ops::RangeInclusive<usize> = 1..=4;
const LARGE: std::ops::RangeInclusive<usize> = 10..=100;
/// Orders in a batch on average. The pace goes by it: a pause after a large batch would be time
/// without load.
const MEAN: f64 = 9.0;
/// One order in so many, by `XADD`, breaks the schema and must end as a dead letter.
const ONE_BROKEN_IN: u32 = 50;
/// The longest an answer may take. Redis is paused for longer at times: then an order is written,
/// and its sender has given up.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// Between two attempts to reach what is away.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The running producers. Dropping it stops them.
#[derive(Debug)]
pub struct Workload {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    producers: Vec<JoinHandle<Result<Books>>>,
}

/// Where orders go.
enum Door {
    /// Straight into the stream.
    Redis {
        url: String,
        ingress: String,
        channel: String,
        connection: Option<Box<RedisConnection>>,
    },
    /// Through the API.
    Api { endpoint: Endpoint, agent: ureq::Agent },
}

/// What became of a batch.
enum Answer {
    /// All are written, with these entry ids where they were told.
    Acknowledged(Vec<Option<EntryId>>),
    /// Nobody knows.
    Lost,
}

impl Workload {
    /// Starts two producers by `XADD` and one by the API.
    pub fn start(
        redis_url: &str,
        keys: &Keys,
        api: &Endpoint,
        seed: u64,
        orders_per_s: u32,
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
        let per_s = f64::from(orders_per_s) / doors.len() as f64;
        let producers = (1..).zip(doors).map(|(number, door)| {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number);
            std::thread::spawn(move || produce(door, seed, per_s, &stop, &sent))
        });
        let producers = producers.collect();
        Self { stop, sent, producers }
    }

    /// How many orders were sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops the producers and gives their books.
    ///
    /// # Errors
    /// When a producer was answered what it must never be: a refusal of a good order.
    pub fn stop(mut self) -> Result<Books> {
        self.stop.store(true, Ordering::Relaxed);
        let mut books = Books::default();
        for producer in self.producers.drain(..) {
            books.add(producer.join().map_err(|_| anyhow!("a producer panicked"))??);
        }
        Ok(books)
    }

    /// Whether a producer has given up.
    pub fn has_failed(&self) -> bool {
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
    per_s: f64,
    stop: &AtomicBool,
    sent: &AtomicU64,
) -> Result<Books> {
    let mut random = ChaCha8Rng::seed_from_u64(!seed);
    let mut orders = generate::orders(Recipe { seed, prescriptions: 0.3, mutated: 0.0 }, 0);
    let mut books = Books::default();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let sizes = if random.random_ratio(1, 8) { LARGE } else { SMALL };
        let count = random.random_range(sizes);
        let mut batch: Vec<Vec<u8>> = orders.by_ref().take(count).collect();
        if matches!(door, Door::Redis { .. }) {
            batch
                .iter_mut()
                .filter(|_| random.random_ratio(1, ONE_BROKEN_IN))
                .for_each(break_order);
        }
        due += Duration::from_secs_f64(MEAN / per_s);
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
        // What could not be sent while all was away is not made up for: the load is steady.
        due = due.max(Instant::now());
        while Instant::now() < due && !stop.load(Ordering::Relaxed) {
            std::thread::sleep((due - Instant::now()).min(Duration::from_millis(50)));
        }
    }
    Ok(books)
}

/// Enters a batch whose acknowledgement was lost, and perhaps sends it once more until it is
/// acknowledged.
fn enter_uncertain(
    books: &mut Books,
    door: &mut Door,
    batch: Vec<Vec<u8>>,
    send_again: bool,
    stop: &AtomicBool,
) -> Result<()> {
    // Broken orders have no copies: each is a dead letter of its own.
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

/// As any foreign producer: one pipeline of `XADD` with a `PUBLISH` at its end.
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

/// By the API. Anything but 202 and 503 is an answer that a good order must never get.
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
                bail!("the API accepted {} of {} good orders", body["accepted"], batch.len());
            }
            Ok(Answer::Acknowledged(vec![None; batch.len()]))
        }
        503 => Ok(Answer::Lost),
        _ => bail!("the API answered {status} to good orders: {body}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::fate;

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
