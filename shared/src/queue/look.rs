//! What is done to the queue beside draining: enqueue, ring, tick, and look at orders and streams.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::dead_letters::{LetterId, PastDeath};
use super::execute::{Argument, Execute, QueueError, Reply, Value};
use super::keys::Stream;
use super::pause::Pause;
use super::scripts::{Call, ENQUEUE, STATS, TICK};
use super::{Queue, milliseconds};
use crate::complexity::ReasonPoints;
use crate::trace::TraceParent;

/// What is being done where an order is looked for, as an error says it.
const LOOK_UP: &str = "failed to look the order up";

/// What became of orders that were to be enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// All are in the ingress stream.
    Written {
        /// Orders that wait or are in flight now, in all streams.
        backlog: u64,
    },
    /// None is: they would have exceeded `max_backlog`.
    Full {
        /// Orders that wait or are in flight, in all streams.
        backlog: u64,
    },
}

/// What a tick found in one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// Entries that were never delivered.
    pub waiting: u64,
    /// Entries delivered and not acked.
    pub pending: u64,
    /// Whether one of those is overdue.
    pub overdue: bool,
    /// Whether the bell was rung.
    pub rung: bool,
    /// Confirmations dropped because they were kept for long enough.
    pub dropped: u64,
    /// Whether the stream is paused; then its bell is not rung.
    pub paused: bool,
}

/// One look at the whole queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The streams that are drained, by name.
    pub streams: BTreeMap<&'static str, StreamStats>,
    /// Confirmations that are kept at the moment.
    pub confirmations: u64,
    /// Dead letters that wait to be dealt with.
    pub dead_letters: u64,
    /// Counters since the queue was made: `routed_<lane>`, `confirmed_<lane>`, `dead_lettered`, `duplicates`, `redriven`,
    /// `discarded`, and `applied_<stream>:<consumer>`, the entries of a stream that a consumer's commits took out of it.
    pub totals: BTreeMap<String, u64>,
}

impl Stats {
    /// Who took how many entries out of each stream, by the stream's short name and the consumer's; streams that nobody drained
    /// yet are absent. Entries that became duplicates or dead letters count as well.
    pub fn shares(&self) -> BTreeMap<&'static str, BTreeMap<&str, u64>> {
        let mut shares: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (name, count) in &self.totals {
            let Some((stream, consumer)) =
                name.strip_prefix("applied_").and_then(|share| share.split_once(':'))
            else {
                continue;
            };
            if let Some(stream) = Stream::from_name(stream) {
                shares.entry(stream.as_str()).or_default().insert(consumer, *count);
            }
        }
        shares
    }
}

/// One stream that is drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamStats {
    /// Entries waiting or in flight.
    pub length: u64,
    /// Of those, delivered and not acked.
    pub pending: u64,
    /// Age of the oldest entry in ms; 0 when there is none.
    pub oldest_ms: u64,
    /// Entries that were ever added, whoever added them; from 0 again should the stream be deleted.
    pub added: u64,
    /// Since when it is paused and why; `None`, and absent in JSON, when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
}

/// How far an order is: the fields of its state, and the confirmation once there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The fields: `state`, `traceparent`, `ingress`, `lane`, `score`, `reasons`, `routed`, `confirmed`, `code`, `dead_letter`, `redrives`,
    /// `history`.
    pub fields: BTreeMap<String, String>,
    /// The confirmation as JSON, while it is kept.
    pub confirmation: Option<Vec<u8>>,
    /// All errors of its dead letter, while it is one.
    pub errors: Option<Json>,
}

/// An order's story, as it is told to a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderStory<'a> {
    /// The order's identity.
    pub id: Uuid,
    /// `queued`, `routed`, `confirmed`, `dead-lettered` or `discarded`.
    pub state: Option<&'a str>,
    /// The lane it was routed to.
    pub lane: Option<&'a str>,
    /// How much work it is.
    pub score: Option<u32>,
    /// Why.
    pub reasons: Vec<ReasonPoints<'a>>,
    /// The code it was dead-lettered with.
    pub code: Option<&'a str>,
    /// All errors it was dead-lettered for, each with `code`, `path` and `message`; while it is a dead letter.
    pub errors: Option<&'a Json>,
    /// When it came into ingress, as RFC 3339.
    pub queued_at: Option<String>,
    /// When it was put into its lane.
    pub routed_at: Option<String>,
    /// When it was confirmed.
    pub confirmed_at: Option<String>,
    /// When it was set aside.
    pub dead_lettered_at: Option<String>,
    /// The entry id of its dead letter.
    pub dead_letter: Option<String>,
    /// The trace it belongs to, as W3C `traceparent`, where its producer said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How often it was redriven.
    pub redrives: u64,
    /// What became of its earlier dead letters, oldest first; only the last hundred or so are kept.
    pub history: Vec<PastDeath<'a>>,
    /// The confirmation, byte for byte as it was written.
    pub confirmation: Option<&'a RawValue>,
}

impl OrderState {
    /// The order's story: state, lane, score with reasons, the time of each step, confirmation or reason of death.
    pub fn story(&self, order: Uuid) -> OrderStory<'_> {
        let field = |name: &str| self.fields.get(name).map(String::as_str);
        let time = |name: &str| field(name).and_then(time_of);
        OrderStory {
            id: order,
            state: field("state"),
            lane: field("lane"),
            score: field("score").and_then(|score| score.parse().ok()),
            reasons: field("reasons").map(ReasonPoints::read_all).unwrap_or_default(),
            code: field("code"),
            errors: self.errors.as_ref(),
            queued_at: time("ingress"),
            routed_at: time("routed"),
            confirmed_at: time("confirmed"),
            dead_lettered_at: time("dead_letter"),
            dead_letter: field("dead_letter").map(str::to_owned),
            traceparent: field("traceparent").map(str::to_owned),
            redrives: field("redrives").and_then(|count| count.parse().ok()).unwrap_or_default(),
            history: field("history").map(PastDeath::read_all).unwrap_or_default(),
            confirmation: self
                .confirmation
                .as_deref()
                .and_then(|json| serde_json::from_slice(json).ok()),
        }
    }
}

/// When an entry was added, by the clock of Redis: the first half of its id, as RFC 3339.
pub(super) fn time_of(entry_id: &str) -> Option<String> {
    let time = DateTime::from_timestamp_millis(milliseconds(entry_id)?)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

impl<E: Execute> Queue<'_, E> {
    /// Writes orders to the ingress stream in one step, all or none, and rings its bell.
    ///
    /// # Errors
    /// When Redis fails; then it is unknown whether they were written, and sending them again is safe.
    pub fn enqueue(
        &mut self,
        orders: &[(Uuid, &[u8])],
        max_backlog: u32,
    ) -> Result<Enqueued, QueueError> {
        self.enqueue_traced(orders, max_backlog, None)
    }

    /// The same for orders that belong to a trace: it goes with them to the confirmation.
    ///
    /// # Errors
    /// As [`Self::enqueue`].
    pub fn enqueue_traced(
        &mut self,
        orders: &[(Uuid, &[u8])],
        max_backlog: u32,
        trace: Option<&TraceParent>,
    ) -> Result<Enqueued, QueueError> {
        let states: Vec<String> = orders.iter().map(|(id, _)| self.keys.state(*id)).collect();
        let keys = &self.keys;
        let mut call = Call::new();
        for stream in Stream::ALL {
            call.key(keys.stream(stream));
        }
        call.key(keys.bell(Stream::Ingress));
        for state in &states {
            call.key(state);
        }
        call.arg(keys.channel(Stream::Ingress)).arg(self.settings.bell_ms).arg(max_backlog);
        call.arg(trace.map_or("", TraceParent::as_str));
        for (_, order) in orders {
            call.arg(*order);
        }
        let mut reply = ENQUEUE.run(self.redis, call, "failed to enqueue")?;
        let is_written = reply.int()? == 1;
        let backlog = reply.count()?;
        Ok(if is_written { Enqueued::Written { backlog } } else { Enqueued::Full { backlog } })
    }

    /// Rings a stream's bell, whatever is in the stream.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn ring(&mut self, stream: Stream) -> Result<(), QueueError> {
        let what = "failed to ring the bell";
        let channel = self.keys.channel(stream);
        self.redis
            .execute("PUBLISH", &[channel.into(), "".into()])
            .map(drop)
            .map_err(|source| QueueError::Redis { what, source })
    }

    /// Rings a stream's bell if work is waiting there or overdue and it is not paused, and drops confirmations that were kept for long enough.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn tick(&mut self, stream: Stream) -> Result<Tick, QueueError> {
        let keys = &self.keys;
        let mut call = Call::new();
        call.key(keys.stream(stream)).key(keys.bell(stream)).key(keys.confirmations());
        call.key(keys.pause(stream));
        call.arg(stream.group()).arg(self.settings.claim_idle_ms);
        call.arg(keys.channel(stream)).arg(self.settings.bell_ms).arg(self.settings.retention_ms());
        let mut reply = TICK.run(self.redis, call, "failed to tick")?;
        Ok(Tick {
            waiting: reply.count()?,
            pending: reply.count()?,
            overdue: reply.int()? == 1,
            rung: reply.int()? == 1,
            dropped: reply.count()?,
            paused: reply.int()? == 1,
        })
    }

    /// Looks at all streams and counters at one moment.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn stats(&mut self) -> Result<Stats, QueueError> {
        let keys = &self.keys;
        let mut call = Call::new();
        for stream in Stream::ALL {
            call.key(keys.stream(stream));
        }
        call.key(keys.confirmations()).key(keys.dead_letters()).key(keys.totals());
        for stream in Stream::ALL {
            call.key(keys.pause(stream));
        }
        for stream in Stream::ALL {
            call.arg(stream.group());
        }
        let mut reply = STATS.run(self.redis, call, "failed to read the statistics")?;
        let mut streams = BTreeMap::new();
        for stream in Stream::ALL {
            let stats = StreamStats {
                length: reply.count()?,
                pending: reply.count()?,
                oldest_ms: reply.count()?,
                added: reply.count()?,
                paused: Pause::read(&mut reply)?,
            };
            streams.insert(stream.as_str(), stats);
        }
        let confirmations = reply.count()?;
        let dead_letters = reply.count()?;
        let mut totals = BTreeMap::new();
        while !reply.is_empty() {
            let name = reply.text()?;
            let count = reply.text()?.parse().map_err(|_| reply.unexpected("a counter", None))?;
            totals.insert(name, count);
        }
        Ok(Stats { streams, confirmations, dead_letters, totals })
    }

    /// How far an order is; `None` when the queue does not know it.
    ///
    /// An order added by plain `XADD` is known from the moment it is routed.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn find(&mut self, order: Uuid) -> Result<Option<OrderState>, QueueError> {
        let key = self.keys.state(order);
        let mut reply = self.look_up(LOOK_UP, "HGETALL", &[(&key).into()])?;
        let mut fields = BTreeMap::new();
        while !reply.is_empty() {
            fields.insert(reply.text()?, reply.text()?);
        }
        if fields.is_empty() {
            return Ok(None);
        }
        let confirmation = match fields.get("confirmed") {
            Some(id) => self.confirmation(id)?,
            None => None,
        };
        let is_dead = fields.get("state").is_some_and(|state| state == "dead-lettered");
        let letter =
            fields.get("dead_letter").filter(|_| is_dead).and_then(|id| LetterId::parse(id));
        let errors = match letter {
            Some(id) => self.errors_of(&id)?,
            None => None,
        };
        Ok(Some(OrderState { fields, confirmation, errors }))
    }

    /// The confirmation in one entry of the stream of confirmations; `None` when it is no longer kept.
    fn confirmation(&mut self, entry_id: &str) -> Result<Option<Vec<u8>>, QueueError> {
        let confirmations = self.keys.confirmations().to_owned();
        let mut reply = self.look_up(
            LOOK_UP,
            "XRANGE",
            &[(&confirmations).into(), entry_id.into(), entry_id.into()],
        )?;
        if reply.is_empty() {
            return Ok(None);
        }
        reply.text()?;
        while !reply.is_empty() {
            let (field, value) = (reply.text()?, reply.bytes()?);
            if field == "confirmation" {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Sends one plain command; `what` says in an error what was being done.
    pub(super) fn look_up(
        &mut self,
        what: &'static str,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Reply, QueueError> {
        let values: Vec<Value> = self
            .redis
            .execute(command, arguments)
            .map_err(|source| QueueError::Redis { what, source })?
            .into_iter()
            // Some hosts report nothing as an empty list, others as one nil.
            .filter(|value| *value != Value::Nil)
            .collect();
        Ok(Reply::new(what, values))
    }
}
