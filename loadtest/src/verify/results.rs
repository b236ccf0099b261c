//! The streams of confirmations and dead letters, read from their ends before a run, and the orders
//! that the queue knew then.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use native::RedisConnection;
use orders::order::Order;
use queue::{EntryId, Keys, MessageStatus, State, Stream};
use redis::Commands;
use redis::streams::{StreamId, StreamRangeReply};
use uuid::Uuid;

use crate::patient::PatientRedis;
use crate::stop;

const PAGE: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Results {
    keys: Keys,
    /// The last entries that were read.
    confirmations: String,
    dead_letters: String,
    pub(super) known: HashMap<Uuid, Known>,
    /// Orders that an earlier run left routed but not done. Their confirmations have the earlier
    /// queue time.
    pub(super) in_progress: HashMap<Uuid, EntryId>,
}

/// An order that was confirmed before.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) ingress: EntryId,
    pub(super) confirmed: String,
}

#[derive(Debug)]
pub(super) struct Confirmation {
    pub(super) order_id: Uuid,
    pub(super) confirmation: Vec<u8>,
    pub(super) done_at_ms: u64,
    /// The entry of its order, if it was looked up.
    pub(super) ingress: Option<EntryId>,
}

#[derive(Debug)]
pub(super) struct DeadLetter {
    pub(super) ingress: EntryId,
    pub(super) order_id: Option<Uuid>,
    pub(super) code: String,
    pub(super) done_at_ms: u64,
}

impl Results {
    /// Looks at the state before a run.
    pub(crate) fn before(
        redis: &mut RedisConnection,
        keys: &Keys,
        mut identities: impl Iterator<Item = Result<Uuid>>,
    ) -> Result<Self> {
        let (mut known, mut in_progress) = (HashMap::new(), HashMap::new());
        loop {
            let page: Vec<Uuid> = identities.by_ref().take(PAGE).collect::<Result<_>>()?;
            if page.is_empty() {
                break;
            }
            stop::check()?;
            let found = records(redis, keys, &page)?;
            for (id, record) in page.into_iter().zip(found) {
                let Some(record) = record else { continue };
                let Some(ingress) = record.ingress.as_deref().and_then(EntryId::parse) else {
                    continue;
                };
                match record.confirmed {
                    Some(confirmed) => drop(known.insert(id, Known { ingress, confirmed })),
                    None => drop(in_progress.insert(id, ingress)),
                }
            }
        }
        Ok(Self {
            confirmations: last_id(redis, keys.results())?,
            dead_letters: last_id(redis, keys.dead_letters())?,
            known,
            in_progress,
            keys: keys.clone(),
        })
    }

    /// Adds the next page of each kind; returns whether there was one.
    pub(super) fn read(
        &mut self,
        redis: &mut PatientRedis,
        (confirmations, letters): &mut (Vec<Confirmation>, Vec<DeadLetter>),
    ) -> Result<bool> {
        let confirmed =
            redis.ask(|redis| next_page(redis, self.keys.results(), &mut self.confirmations))?;
        let dead = redis
            .ask(|redis| next_page(redis, self.keys.dead_letters(), &mut self.dead_letters))?;
        confirmations.extend(confirmed.iter().filter_map(confirmation));
        letters.extend(dead.iter().filter_map(dead_letter));
        Ok(!confirmed.is_empty() || !dead.is_empty())
    }

    pub(super) fn confirmation_at(
        &self,
        redis: &mut PatientRedis,
        entry_id: &str,
    ) -> Result<Option<Confirmation>> {
        let reply: StreamRangeReply = redis.ask(|redis| {
            let found = redis.inner().xrange(self.keys.results(), entry_id, entry_id);
            found.context("failed to read a confirmation")
        })?;
        Ok(reply.ids.first().and_then(confirmation))
    }

    pub(super) fn ask_for_ingress(
        &self,
        redis: &mut PatientRedis,
        confirmations: &mut [Confirmation],
    ) -> Result<()> {
        let ids: Vec<Uuid> = confirmations.iter().map(|found| found.order_id).collect();
        let records = redis.ask(|redis| records(redis, &self.keys, &ids))?;
        for (confirmation, record) in confirmations.iter_mut().zip(records) {
            confirmation.ingress = record.and_then(|record| EntryId::parse(&record.ingress?));
        }
        Ok(())
    }

    /// Which of these orders the queue still has: by their record, or by an entry in ingress.
    pub(super) fn in_queue<T>(
        &self,
        redis: &mut PatientRedis,
        orders: &[(Option<Uuid>, Option<EntryId>, T)],
    ) -> Result<Vec<bool>> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let (entries, identities) = self.waiting(redis)?;
        // An order without an identity is looked up as nil, which no order has.
        let ids: Vec<Uuid> = orders.iter().map(|(id, ..)| id.unwrap_or_default()).collect();
        let records = redis.ask(|redis| records(redis, &self.keys, &ids))?;
        let in_queue = orders.iter().zip(records).map(|((id, entry_id, _), record)| {
            let state = record.map(|record| record.state);
            matches!(state, Some(State::Queued | State::Routed))
                || entry_id.is_some_and(|entry_id| entries.contains(&entry_id))
                || id.is_some_and(|id| identities.contains(&id))
        });
        Ok(in_queue.collect())
    }

    /// All orders in ingress, by entry and by identity.
    fn waiting(&self, redis: &mut PatientRedis) -> Result<(HashSet<EntryId>, HashSet<Uuid>)> {
        let key = self.keys.stream(Stream::Ingress);
        let (mut entries, mut identities) = (HashSet::new(), HashSet::new());
        let mut after = "0-0".to_owned();
        loop {
            let page = redis.ask(|redis| next_page(redis, key, &mut after))?;
            if page.is_empty() {
                return Ok((entries, identities));
            }
            entries.extend(page.iter().filter_map(|entry| EntryId::parse(&entry.id)));
            let orders = page.iter().filter_map(|entry| entry.get::<String>("order"));
            identities.extend(orders.filter_map(|order| Order::identity(order.as_bytes())));
        }
    }
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
        let mut pipeline = redis::pipe();
        for generation in [keys.index(), keys.previous_index()] {
            pipeline.cmd("HMGET").arg(generation).arg(&ids);
        }
        let found: (Vec<Option<String>>, Vec<Option<String>>) = pipeline
            .query(redis.inner())
            .context("failed to read the queue's records of orders")?;
        let newest =
            found.0.into_iter().zip(found.1).map(|(current, previous)| current.or(previous));
        records.extend(newest.map(|record| MessageStatus::parse(&record?)));
    }
    Ok(records)
}

fn confirmation(entry: &StreamId) -> Option<Confirmation> {
    Some(Confirmation {
        order_id: Uuid::try_parse(&entry.get::<String>("order_id")?).ok()?,
        confirmation: entry.get::<String>("confirmation").unwrap_or_default().into_bytes(),
        done_at_ms: EntryId::parse(&entry.id)?.ms(),
        ingress: None,
    })
}

fn dead_letter(entry: &StreamId) -> Option<DeadLetter> {
    Some(DeadLetter {
        ingress: EntryId::parse(&entry.get::<String>("ingress")?)?,
        order_id: entry.get::<String>("order_id").and_then(|id| Uuid::try_parse(&id).ok()),
        code: entry.get::<String>("code").unwrap_or_default(),
        done_at_ms: EntryId::parse(&entry.id)?.ms(),
    })
}

fn last_id(redis: &mut RedisConnection, key: &str) -> Result<String> {
    let reply: StreamRangeReply = redis
        .inner()
        .xrevrange_count(key, "+", "-", 1)
        .with_context(|| format!("failed to read {key}"))?;
    Ok(reply.ids.into_iter().next().map_or_else(|| "0-0".into(), |entry| entry.id))
}

fn next_page(redis: &mut RedisConnection, key: &str, after: &mut String) -> Result<Vec<StreamId>> {
    let page: StreamRangeReply = redis
        .inner()
        .xrange_count(key, format!("({after}"), "+", PAGE)
        .with_context(|| format!("failed to read {key}"))?;
    if let Some(last) = page.ids.last() {
        after.clone_from(&last.id);
    }
    Ok(page.ids)
}
