//! The streams of confirmations and dead letters, read from their ends before a run.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use native::RedisConnection;
use orders::order::Order;
use queue::{Keys, State, Stream};
use redis::streams::{StreamId, StreamRangeReply};
use redis::{Commands, FromRedisValue};
use uuid::Uuid;

use crate::ledger::EntryId;
use crate::patient::Ask;
use crate::records::records;

const PAGE: usize = 1_000;

/// Where the result streams ended before the run, and which orders the queue knew.
#[derive(Debug)]
pub(crate) struct Before {
    confirmations: String,
    dead_letters: String,
    pub(super) known: HashMap<Uuid, Known>,
    /// Orders that were routed but not done; they are confirmed as queued then.
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

#[derive(Debug)]
pub(super) struct Results {
    keys: Keys,
    confirmations: String,
    dead_letters: String,
}

impl Before {
    pub(crate) fn look(
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
        })
    }
}

impl Results {
    pub(super) fn after(before: &Before, keys: Keys) -> Self {
        let (confirmations, dead_letters) =
            (before.confirmations.clone(), before.dead_letters.clone());
        Self { keys, confirmations, dead_letters }
    }

    /// The next page, and whether there was one.
    pub(super) fn confirmations(
        &mut self,
        redis: &mut impl Ask,
    ) -> Result<(Vec<Confirmation>, bool)> {
        let page =
            redis.ask(|redis| next_page(redis, self.keys.results(), &mut self.confirmations))?;
        Ok((page.iter().filter_map(confirmation).collect(), !page.is_empty()))
    }

    pub(super) fn dead_letters(&mut self, redis: &mut impl Ask) -> Result<(Vec<DeadLetter>, bool)> {
        let page = redis
            .ask(|redis| next_page(redis, self.keys.dead_letters(), &mut self.dead_letters))?;
        Ok((page.iter().filter_map(dead_letter).collect(), !page.is_empty()))
    }

    pub(super) fn confirmation_at(
        &self,
        redis: &mut impl Ask,
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
        redis: &mut impl Ask,
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
    pub(super) fn in_queue(
        &self,
        redis: &mut impl Ask,
        orders: &[(Option<Uuid>, Option<EntryId>, String)],
    ) -> Result<Vec<bool>> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let (entries, identities) = self.waiting(redis)?;
        // Without an identity the nil one is looked up, which no order has.
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
    fn waiting(&self, redis: &mut impl Ask) -> Result<(HashSet<EntryId>, HashSet<Uuid>)> {
        let key = self.keys.stream(Stream::Ingress);
        let (mut entries, mut identities) = (HashSet::new(), HashSet::new());
        let mut after = "0-0".to_owned();
        loop {
            let page = redis.ask(|redis| next_page(redis, key, &mut after))?;
            if page.is_empty() {
                return Ok((entries, identities));
            }
            entries.extend(page.iter().filter_map(|entry| EntryId::parse(&entry.id)));
            let orders = page.iter().filter_map(|entry| text(entry, "order"));
            identities.extend(orders.filter_map(|order| Order::identity(order.as_bytes())));
        }
    }
}

fn confirmation(entry: &StreamId) -> Option<Confirmation> {
    Some(Confirmation {
        order_id: Uuid::try_parse(&text(entry, "order_id")?).ok()?,
        confirmation: text(entry, "confirmation").unwrap_or_default().into_bytes(),
        done_at_ms: EntryId::parse(&entry.id)?.ms,
        ingress: None,
    })
}

fn dead_letter(entry: &StreamId) -> Option<DeadLetter> {
    Some(DeadLetter {
        ingress: EntryId::parse(&text(entry, "ingress")?)?,
        order_id: text(entry, "order_id").and_then(|id| Uuid::try_parse(&id).ok()),
        code: text(entry, "code").unwrap_or_default(),
        done_at_ms: EntryId::parse(&entry.id)?.ms,
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

fn text(entry: &StreamId, field: &str) -> Option<String> {
    String::from_redis_value_ref(entry.map.get(field)?).ok()
}
