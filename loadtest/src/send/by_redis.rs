//! As a foreign producer does: plain XADD in pipelines, and a ring of the bell after each.

use std::time::Duration;

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::{Queue, Settings, Stream};

use super::{Answer, Door, Due};
use crate::ledger::EntryId;

/// The longest an answer may take; a server that takes longer has most likely gone without a word.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Orders handed over at once for a scheduled burst.
const PIPELINE: usize = 1_000;

/// A connection to Redis. When it breaks, orders are not taken until the next one opens.
pub struct RedisDoor {
    url: String,
    settings: Settings,
    ingress: String,
    redis: Option<RedisConnection>,
}

/// All orders at one instant, as scheduled messages become visible: they are handed over in one
/// transaction, which is executed at the release.
pub struct ScheduledDoor(RedisDoor);

impl RedisDoor {
    /// Connects.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub fn open(url: &str, settings: Settings) -> redis::RedisResult<Self> {
        let mut redis = connect(url)?;
        let ingress = Queue::new(&mut redis, &settings).keys().stream(Stream::Ingress).to_owned();
        Ok(Self { url: url.to_owned(), settings, ingress, redis: Some(redis) })
    }

    fn redis(&mut self) -> redis::RedisResult<&mut RedisConnection> {
        match self.redis {
            Some(ref mut redis) => Ok(redis),
            None => Ok(self.redis.insert(connect(&self.url)?)),
        }
    }

    fn add(&mut self, orders: &[Due]) -> redis::RedisResult<Vec<String>> {
        let pipeline = pipeline(&self.ingress, orders);
        pipeline.query(self.redis()?.inner())
    }

    /// A tick rings once for work that nobody was rung for yet, so ten thousand orders are not ten
    /// thousand rings.
    fn ring(&mut self) {
        if let Some(redis) = &mut self.redis
            && Queue::new(redis, &self.settings).tick(Stream::Ingress).is_err()
        {
            // The orders are written; the metronome rings for them.
            self.redis = None;
        }
    }

    fn answers(&mut self, count: usize, added: redis::RedisResult<Vec<String>>) -> Vec<Answer> {
        match added {
            Ok(ids) => {
                self.ring();
                ids.iter().map(|id| Answer::Queued(EntryId::parse(id))).collect()
            }
            Err(error) => {
                self.redis = None;
                vec![Answer::NotTaken(reason(&error)); count]
            }
        }
    }
}

impl Door for RedisDoor {
    fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
        let added = self.add(orders);
        self.answers(orders.len(), added)
    }
}

impl ScheduledDoor {
    /// Connects.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub fn open(url: &str, settings: Settings) -> redis::RedisResult<Self> {
        RedisDoor::open(url, settings).map(Self)
    }
}

impl Door for ScheduledDoor {
    fn wants_all(&self) -> bool {
        true
    }

    fn prepare(&mut self, orders: &[Due]) -> Result<()> {
        let what = "failed to hand over the orders of a scheduled burst";
        let ingress = self.0.ingress.clone();
        let redis = self.0.redis().context(what)?;
        redis::cmd("MULTI").exec(redis.inner()).context(what)?;
        for chunk in orders.chunks(PIPELINE) {
            // Each is answered with QUEUED.
            let _: Vec<String> = pipeline(&ingress, chunk).query(redis.inner()).context(what)?;
        }
        Ok(())
    }

    fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
        let added = self.0.redis().and_then(|redis| redis::cmd("EXEC").query(redis.inner()));
        self.0.answers(orders.len(), added)
    }
}

fn connect(url: &str) -> redis::RedisResult<RedisConnection> {
    let mut redis = RedisConnection::open(url)?;
    redis.inner().set_read_timeout(Some(ANSWER_LIMIT))?;
    Ok(redis)
}

fn pipeline(ingress: &str, orders: &[Due]) -> redis::Pipeline {
    let mut pipeline = redis::Pipeline::with_capacity(orders.len());
    for order in orders {
        pipeline.cmd("XADD").arg(ingress).arg("*").arg("order").arg(&order.json);
    }
    pipeline
}

/// Short and always the same for the same trouble: orders are counted by it.
fn reason(error: &redis::RedisError) -> String {
    match error.code() {
        Some(code) => format!("redis: {code}"),
        None if error.is_timeout() => {
            format!("redis: no answer within {} s", ANSWER_LIMIT.as_secs())
        }
        None if error.is_connection_refusal() => "redis: connection refused".into(),
        None => "redis: the connection broke".into(),
    }
}
