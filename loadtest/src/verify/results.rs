//! The streams of confirmations and dead letters, read from their ends before a run, and the orders
//! that the queue knew then.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use native::{PatientRedis, RedisConnection};
use orders::order::Order;
use orders::pipeline::STREAMS;
use queue::{EntryId, Keys, MessageStatus, Stream};
use redis::streams::{StreamId, StreamRangeReply};
use redis::{Commands, FromRedisValue, RedisResult, Value};
use uuid::Uuid;

use crate::stop;

const PAGE: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Results {
    pub(super) keys: Keys,
    /// The last entries that were read.
    confirmations: String,
    dead_letters: String,
    /// Confirmations added before the run, and read since.
    pub(super) counted: u64,
    /// The newest confirmation that was deleted before the run.
    deleted: String,
    pub(super) known: HashMap<Uuid, Known>,
}

/// An order that was confirmed before.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) ingress: EntryId,
    pub(super) confirmed: EntryId,
}

impl Known {
    pub(super) fn of(record: &MessageStatus) -> Option<Self> {
        let confirmed = EntryId::parse(record.confirmed.as_deref()?)?;
        Some(Self { ingress: ingress(record)?, confirmed })
    }
}

pub(super) fn ingress(record: &MessageStatus) -> Option<EntryId> {
    EntryId::parse(record.ingress.as_deref()?)
}

#[derive(Debug)]
pub(super) struct Confirmation {
    pub(super) entry: EntryId,
    pub(super) order_id: Uuid,
    pub(super) confirmation: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(super) entry: EntryId,
    pub(crate) ingress: EntryId,
    pub(crate) order_id: Option<Uuid>,
    pub(super) code: String,
    pub(super) message: Vec<u8>,
    /// How often its order had been redriven before.
    pub(super) redrives: u32,
}

/// The orders in the streams.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// By entry in ingress.
    entries: HashSet<EntryId>,
    identities: HashSet<Uuid>,
    /// The contents of those that were redriven into ingress: each has a new entry there.
    redriven: HashSet<Vec<u8>>,
}

impl Waiting {
    /// Without an identity, the order is not valid.
    pub(super) fn has(&self, entry: Option<EntryId>, id: Option<Uuid>, order: &[u8]) -> bool {
        entry.is_some_and(|entry| self.entries.contains(&entry))
            || id.map_or(self.redriven.contains(order), |id| self.identities.contains(&id))
    }
}

impl Results {
    /// Looks at the state before a run.
    pub(crate) fn before(
        redis: &mut RedisConnection,
        keys: &Keys,
        mut identities: impl Iterator<Item = Result<Uuid>>,
    ) -> Result<Self> {
        // First: an order that is confirmed while the records are read is then among the known ones,
        // among the new results, or both.
        let (confirmations, deleted, counted) = info(redis, keys.results())?;
        let (dead_letters, ..) = info(redis, keys.dead_letters())?;
        let mut known = HashMap::new();
        loop {
            let page: Vec<Uuid> = identities.by_ref().take(PAGE).collect::<Result<_>>()?;
            if page.is_empty() {
                break;
            }
            stop::check()?;
            let found = records(redis, keys, &page)?;
            let records = page.into_iter().zip(found);
            known.extend(records.filter_map(|(id, record)| Some((id, Known::of(&record?)?))));
        }
        Ok(Self { confirmations, dead_letters, counted, deleted, known, keys: keys.clone() })
    }

    /// Adds the next page of each kind; returns whether there was one.
    pub(super) fn read(
        &mut self,
        redis: &mut PatientRedis,
        (confirmations, letters): &mut (Vec<Confirmation>, Vec<DeadLetter>),
    ) -> Result<bool> {
        let (done, dead) = (self.keys.results(), self.keys.dead_letters());
        let confirmed = redis.ask(|redis| next_page(redis, done, &mut self.confirmations, PAGE))?;
        // At once: the page is not read again if Redis fails at the next one.
        confirmations.extend(confirmed.iter().filter_map(confirmation));
        self.counted += confirmed.len() as u64;
        let dead = redis.ask(|redis| next_page(redis, dead, &mut self.dead_letters, PAGE))?;
        letters.extend(dead.iter().filter_map(dead_letter));
        Ok(!confirmed.is_empty() || !dead.is_empty())
    }

    pub(super) fn records(
        &self,
        redis: &mut PatientRedis,
        ids: &[Uuid],
    ) -> Result<Vec<Option<MessageStatus>>> {
        redis.ask(|redis| records(redis, &self.keys, ids))
    }

    /// Reads all orders in the streams.
    pub(super) fn waiting(&self, redis: &mut PatientRedis) -> Result<Waiting> {
        let mut waiting = Waiting::default();
        for stream in STREAMS {
            let (key, mut after) = (self.keys.stream(stream), "0-0".to_owned());
            // An entry of a lane may hold 256 KiB.
            let most = if stream == Stream::Ingress { PAGE } else { 4 };
            loop {
                let page = redis.ask(|redis| next_page(redis, key, &mut after, most))?;
                if page.is_empty() {
                    break;
                }
                for StreamId { id, map: fields, .. } in page {
                    let is_redriven = stream == Stream::Ingress && fields.contains_key("redrives");
                    for (name, order) in &fields {
                        // An entry of a lane holds a batch: by entry in ingress, each order.
                        let entry = if stream == Stream::Ingress { &id } else { name };
                        let entry = entry.split(' ').next().and_then(EntryId::parse);
                        waiting.entries.extend(entry);
                        let order = Vec::<u8>::from_redis_value_ref(order).unwrap_or_default();
                        waiting.identities.extend(Order::identity(&order));
                        waiting.redriven.extend(Some(order).filter(|_| is_redriven));
                    }
                }
            }
        }
        Ok(waiting)
    }

    /// All confirmations ever added. The unread ones among them are past retention, unless somebody
    /// deleted any.
    pub(super) fn added(&self, redis: &mut PatientRedis) -> Result<u64> {
        let (_, deleted, added) = redis.ask(|redis| info(redis, self.keys.results()))?;
        Ok(if deleted == self.deleted { added } else { 0 })
    }

    /// Whether a confirmation from before a time is gone because retention is over for it.
    pub(super) fn is_dropped(
        &self,
        redis: &mut PatientRedis,
        known: &Known,
        before: DateTime<Utc>,
    ) -> Result<bool> {
        let page =
            redis.ask(|redis| next_page(redis, self.keys.results(), &mut "0-0".into(), 1))?;
        Ok((known.confirmed.ms() as i64) < before.timestamp_millis()
            && page.first().is_none_or(|oldest| EntryId::parse(&oldest.id) > Some(known.confirmed)))
    }
}

/// One result.
pub(super) fn entry(redis: &mut PatientRedis, key: &str, id: EntryId) -> Result<Option<StreamId>> {
    let id = id.to_string();
    let reply: StreamRangeReply = redis
        .ask(|redis| redis.inner().xrange(key, &id, &id).context("failed to read a result"))?;
    Ok(reply.ids.into_iter().next())
}

/// The records of orders in the index of the queue, in the order of `ids`.
pub(crate) fn records(
    redis: &mut RedisConnection,
    keys: &Keys,
    ids: &[Uuid],
) -> Result<Vec<Option<MessageStatus>>> {
    let mut records = Vec::with_capacity(ids.len());
    for page in ids.chunks(PAGE) {
        let ids: Vec<String> = page.iter().map(Uuid::to_string).collect();
        let mut of = |generation| -> Result<Vec<Option<String>>> {
            let found = redis.inner().hmget(generation, &ids);
            found.context("failed to read the queue's records of orders")
        };
        let (current, previous) = (of(keys.index())?, of(keys.previous_index())?);
        let newest =
            current.into_iter().zip(previous).map(|(current, previous)| current.or(previous));
        records.extend(newest.map(|record| MessageStatus::parse(&record?)));
    }
    Ok(records)
}

/// Whether a dead letter was redriven: its order may then have another outcome.
pub(super) fn was_redriven(letter: EntryId, record: Option<&MessageStatus>) -> bool {
    let history = record.map(|record| record.history.as_slice()).unwrap_or_default();
    let mut redriven = history.iter().filter(|past| past.event != "discarded");
    redriven.any(|past| EntryId::parse(&past.dead_letter) == Some(letter))
}

pub(super) fn confirmation(entry: &StreamId) -> Option<Confirmation> {
    Some(Confirmation {
        entry: EntryId::parse(&entry.id)?,
        order_id: Uuid::try_parse(&entry.get::<String>("order_id")?).ok()?,
        confirmation: entry.get::<String>("confirmation").unwrap_or_default().into_bytes(),
    })
}

pub(crate) fn dead_letter(entry: &StreamId) -> Option<DeadLetter> {
    Some(DeadLetter {
        entry: EntryId::parse(&entry.id)?,
        ingress: EntryId::parse(&entry.get::<String>("ingress")?)?,
        order_id: entry.get::<String>("order_id").and_then(|id| Uuid::try_parse(&id).ok()),
        code: entry.get::<String>("code").unwrap_or_default(),
        message: entry.get("order").unwrap_or_default(),
        redrives: entry.get("redrives").unwrap_or_default(),
    })
}

/// The newest entry of a stream, the newest that was deleted (retention trims), and how many were
/// ever added.
fn info(redis: &mut RedisConnection, key: &str) -> Result<(String, String, u64)> {
    let info: RedisResult<HashMap<String, Value>> =
        redis::cmd("XINFO").arg("STREAM").arg(key).query(redis.inner());
    let info = match info {
        // There is no stream before its first entry.
        Err(error) if error.code() == Some("ERR") => HashMap::new(),
        info => info.with_context(|| format!("failed to read {key}"))?,
    };
    let text = |name| String::from_redis_value_ref(info.get(name)?).ok();
    let id = |name| text(name).unwrap_or_else(|| "0-0".into());
    let added = text("entries-added").and_then(|added| added.parse().ok()).unwrap_or_default();
    Ok((id("last-generated-id"), id("max-deleted-entry-id"), added))
}

fn next_page(
    redis: &mut RedisConnection,
    key: &str,
    after: &mut String,
    most: usize,
) -> Result<Vec<StreamId>> {
    let page: StreamRangeReply = redis
        .inner()
        .xrange_count(key, format!("({after}"), "+", most)
        .with_context(|| format!("failed to read {key}"))?;
    if let Some(last) = page.ids.last() {
        after.clone_from(&last.id);
    }
    Ok(page.ids)
}
