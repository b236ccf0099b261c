//! Draining a stream: claim a batch, decide each entry, commit the batch; again until the stream is empty.
//!
//! [`Drain::step`] is one round and what tests call; [`drain`] repeats it within a time budget. Between claim and commit nothing
//! can fail: deciding yields an [`Outcome`] for every entry, so no entry of a batch is left out.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Queue;
use super::execute::{Execute, QueueError, Reply};
use super::keys::{Lane, Stream};
use super::scripts::{CLAIM, COMMIT, Call};
use crate::order::{MAX_ORDER_BYTES, Order, Rejection, too_large};

/// What one component does with the entries of its stream.
pub trait Role {
    /// The stream it drains.
    fn stream(&self) -> Stream;

    /// Decides one entry. It cannot fail: whatever an order holds, there is an outcome for it.
    fn decide(&self, entry: &Entry, order: &[u8]) -> Outcome;
}

/// An entry that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id in the stream it was claimed from.
    pub entry_id: String,
    /// How often it was delivered, this time included.
    pub delivery_count: i64,
    /// The id the order had in ingress; its first half is the time of enqueueing, in Unix ms by the clock of Redis.
    pub ingress_id: String,
    /// What it carries.
    pub payload: Payload,
}

impl Entry {
    /// When the order was enqueued, in Unix ms by the clock of Redis; 0 where somebody wrote an ingress id that is none.
    pub fn queued_at_ms(&self) -> i64 {
        milliseconds(&self.ingress_id).unwrap_or_default()
    }
}

/// The time in an entry id, in Unix ms by the clock of Redis.
pub fn milliseconds(entry_id: &str) -> Option<i64> {
    entry_id.split('-').next()?.parse().ok()
}

/// What an entry carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// An order, as bytes.
    Order(Vec<u8>),
    /// An order of so many bytes, more than are allowed; its text was left in Redis.
    TooLarge(usize),
    /// No field `order`.
    Missing,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// To a lane.
    Route {
        /// Which one.
        lane: Lane,
        /// The order's identity.
        order: Uuid,
        /// Its complexity.
        score: u32,
        /// The reasons for the score, `name:points` joined by commas.
        reasons: String,
    },
    /// Done: the confirmation is written.
    Confirm {
        /// The order's identity.
        order: Uuid,
        /// The confirmation as JSON.
        confirmation: Vec<u8>,
    },
    /// Set aside for good.
    DeadLetter {
        /// The order's identity, where it could be read.
        order: Option<Uuid>,
        /// Why.
        reason: DeadLetterReason,
    },
}

/// Why an entry is set aside.
#[derive(Debug, Clone, PartialEq)]
pub enum DeadLetterReason {
    /// The order breaks the schema.
    Rejected(Rejection),
    /// The entry has no field `order`.
    MissingOrderField,
    /// It was delivered more than `max_deliveries` times and never decided: it kills its instance, or takes too long.
    MaxDeliveries,
}

/// What one [`Drain::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A batch was committed.
    Committed(Commit),
    /// Nothing was waiting and nothing was overdue, or the stream is paused.
    Empty,
}

/// What the commit of one batch did, in entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Commit {
    /// Entries whose outcome was applied.
    pub applied: u64,
    /// Entries that another drain had committed before.
    pub lapsed: u64,
    /// Routed to the simple lane.
    pub routed_simple: u64,
    /// Routed to the complex lane.
    pub routed_complex: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Set aside.
    pub dead_lettered: u64,
    /// Dropped because an order with this identity was routed before.
    pub duplicates: u64,
}

/// What a whole drain did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Batches committed.
    pub batches: u64,
    /// The sum of their commits.
    #[serde(flatten)]
    pub commits: Commit,
    /// Entries that were not at their first delivery.
    pub redelivered: u64,
    /// Pending entries that somebody had deleted from the stream.
    pub vanished: u64,
    /// The time budget was spent before the stream was empty; the bell was rung again.
    pub out_of_time: bool,
}

/// A drain in progress.
#[derive(Debug)]
pub struct Drain<'q, 'a, E, R> {
    queue: &'q mut Queue<'a, E>,
    role: &'q R,
    tally: Tally,
    is_first_claim: bool,
}

/// Drains the role's stream until it is empty or paused, or `elapsed` passes the time budget; then the bell is rung for the rest.
///
/// `elapsed` tells the time since the drain began.
///
/// # Errors
/// When Redis fails; what was claimed and not committed stays pending and is redelivered. The tally counts what was done before.
pub fn drain<E: Execute, R: Role>(
    queue: &mut Queue<'_, E>,
    role: &R,
    elapsed: impl Fn() -> Duration,
) -> (Tally, Result<(), QueueError>) {
    let budget = Duration::from_millis(queue.settings.drain_budget_ms.into());
    let mut drain = Drain::new(queue, role);
    loop {
        match drain.step() {
            Ok(Step::Committed(_)) if elapsed() < budget => {}
            Ok(Step::Committed(_)) => {
                drain.tally.out_of_time = true;
                let rung = drain.queue.ring(role.stream());
                return (drain.tally, rung);
            }
            Ok(Step::Empty) => return (drain.tally, Ok(())),
            Err(error) => return (drain.tally, Err(error)),
        }
    }
}

impl<'q, 'a, E: Execute, R: Role> Drain<'q, 'a, E, R> {
    /// Begins a drain of the role's stream.
    pub fn new(queue: &'q mut Queue<'a, E>, role: &'q R) -> Self {
        Self { queue, role, tally: Tally::default(), is_first_claim: true }
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Claims one batch, decides and commits it.
    ///
    /// # Errors
    /// When Redis fails. The batch stays pending and is redelivered entry by entry.
    pub fn step(&mut self) -> Result<Step, QueueError> {
        let (vanished, entries) = self.queue.claim(self.role.stream(), self.is_first_claim)?;
        self.is_first_claim = false;
        self.tally.vanished += vanished;
        if entries.is_empty() {
            return Ok(Step::Empty);
        }
        let outcomes: Vec<Outcome> = entries.iter().map(|entry| self.decide(entry)).collect();
        self.tally.redelivered += entries.iter().filter(|entry| entry.delivery_count > 1).count() as u64;
        // Crash window: from here to the commit the batch is decided but pending; a death here means redelivery.
        let commit = self.queue.commit(self.role.stream(), &entries, &outcomes)?;
        self.tally.add(commit);
        Ok(Step::Committed(commit))
    }

    fn decide(&self, entry: &Entry) -> Outcome {
        let surplus = entry.delivery_count - i64::from(self.queue.settings.max_deliveries);
        if surplus > 0 {
            // Looking at the order may be what kills the instance: one look for its identity, none when that failed too.
            let order = match &entry.payload {
                Payload::Order(order) if surplus == 1 => Order::identity(order),
                _ => None,
            };
            return Outcome::DeadLetter { order, reason: DeadLetterReason::MaxDeliveries };
        }
        match &entry.payload {
            Payload::Order(order) => self.role.decide(entry, order),
            Payload::TooLarge(bytes) => {
                Outcome::DeadLetter { order: None, reason: DeadLetterReason::Rejected(too_large(*bytes)) }
            }
            Payload::Missing => {
                Outcome::DeadLetter { order: None, reason: DeadLetterReason::MissingOrderField }
            }
        }
    }
}

impl<E: Execute> Queue<'_, E> {
    fn claim(&mut self, stream: Stream, is_first: bool) -> Result<(u64, Vec<Entry>), QueueError> {
        let what = "failed to claim entries";
        let mut call = Call::new();
        call.key(self.keys.stream(stream)).key(self.keys.bell(stream)).key(self.keys.pause(stream));
        call.arg(stream.group()).arg(self.settings.consumer.as_str());
        call.arg(self.settings.batch_size).arg(self.settings.claim_idle_ms).arg(MAX_ORDER_BYTES as i64);
        call.arg(self.keys.channel(stream)).arg(self.settings.bell_ms).arg(i64::from(is_first));
        let mut reply = CLAIM.run(self.redis, call, what)?;
        let vanished = reply.count()?;
        let mut entries = Vec::new();
        while !reply.is_empty() {
            entries.push(entry(&mut reply)?);
        }
        Ok((vanished, entries))
    }

    fn commit(
        &mut self,
        stream: Stream,
        entries: &[Entry],
        outcomes: &[Outcome],
    ) -> Result<Commit, QueueError> {
        let rows: Vec<Row<'_>> =
            entries.iter().zip(outcomes).map(|(entry, outcome)| Row::new(entry, outcome)).collect();
        let states: Vec<String> =
            rows.iter().filter_map(|row| row.order).map(|order| self.keys.state(order)).collect();
        let keys = &self.keys;

        let mut call = Call::new();
        call.key(keys.stream(stream));
        call.key(keys.stream(Stream::Simple)).key(keys.stream(Stream::Complex));
        call.key(keys.bell(Stream::Simple)).key(keys.bell(Stream::Complex));
        call.key(keys.confirmations()).key(keys.dead_letters()).key(keys.totals());
        for state in &states {
            call.key(state);
        }
        call.arg(stream.group()).arg(self.settings.consumer.as_str());
        call.arg(keys.channel(Stream::Simple)).arg(keys.channel(Stream::Complex));
        call.arg(self.settings.bell_ms).arg(self.settings.retention_ms()).arg(stream.as_str());
        let mut state_index = FIRST_STATE_INDEX;
        for row in &rows {
            call.arg(&row.entry.entry_id).arg(row.outcome);
            call.arg(if row.order.is_some() { state_index } else { NO_STATE });
            state_index += u32::from(row.order.is_some());
            call.arg(&row.entry.ingress_id).arg(&*row.body).arg(&row.first).arg(&*row.second);
        }
        let mut reply = COMMIT.run(self.redis, call, "failed to commit a batch")?;
        Ok(Commit {
            applied: reply.count()?,
            lapsed: reply.count()?,
            routed_simple: reply.count()?,
            routed_complex: reply.count()?,
            confirmed: reply.count()?,
            dead_lettered: reply.count()?,
            duplicates: reply.count()?,
        })
    }
}

/// The keys of a commit before the first state, plus one: Lua counts from 1.
const FIRST_STATE_INDEX: u32 = 9;
/// Stands for "the order has no identity".
const NO_STATE: u32 = 0;

/// One entry as the commit script takes it.
struct Row<'a> {
    entry: &'a Entry,
    order: Option<Uuid>,
    outcome: &'static str,
    body: Cow<'a, [u8]>,
    first: String,
    second: Cow<'a, str>,
}

impl<'a> Row<'a> {
    fn new(entry: &'a Entry, outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Route { lane, order, score, reasons } => Self {
                entry,
                order: Some(*order),
                outcome: lane.as_str(),
                body: match &entry.payload {
                    Payload::Order(order) => order.into(),
                    Payload::TooLarge(_) | Payload::Missing => Cow::default(),
                },
                first: score.to_string(),
                second: reasons.into(),
            },
            Outcome::Confirm { order, confirmation } => Self {
                entry,
                order: Some(*order),
                outcome: "confirm",
                body: confirmation.into(),
                first: order.to_string(),
                second: Cow::default(),
            },
            Outcome::DeadLetter { order, reason } => Self {
                entry,
                order: *order,
                outcome: "dead",
                body: reason.errors_json().into(),
                first: reason.code().to_owned(),
                second: entry.delivery_count.to_string().into(),
            },
        }
    }
}

impl DeadLetterReason {
    /// The stable code: that of the first error of a rejection, `missing_order_field` or `max_deliveries`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.first.code.as_str(),
            Self::MissingOrderField => "missing_order_field",
            Self::MaxDeliveries => "max_deliveries",
        }
    }

    /// All errors as a JSON array of objects with `code`, `path` and `message`.
    fn errors_json(&self) -> Vec<u8> {
        let single = |message: &str| json!([{ "code": self.code(), "path": "$", "message": message }]);
        let errors = match self {
            Self::Rejected(rejection) => json!(rejection.errors().collect::<Vec<_>>()),
            Self::MissingOrderField => single("the entry has no field \"order\""),
            Self::MaxDeliveries => single("delivered too often and never decided"),
        };
        errors.to_string().into_bytes()
    }
}

impl Tally {
    fn add(&mut self, commit: Commit) {
        self.batches += 1;
        let sum = &mut self.commits;
        sum.applied += commit.applied;
        sum.lapsed += commit.lapsed;
        sum.routed_simple += commit.routed_simple;
        sum.routed_complex += commit.routed_complex;
        sum.confirmed += commit.confirmed;
        sum.dead_lettered += commit.dead_lettered;
        sum.duplicates += commit.duplicates;
    }

    /// Whether the drain found nothing to do and nothing to tell.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

fn entry(reply: &mut Reply) -> Result<Entry, QueueError> {
    let entry_id = reply.text()?;
    let delivery_count = reply.int()?;
    let ingress_id = reply.text()?;
    let length = reply.int()?;
    let order = reply.bytes()?;
    let payload = match usize::try_from(length) {
        Err(_) => Payload::Missing,
        Ok(length) if length > MAX_ORDER_BYTES => Payload::TooLarge(length),
        Ok(_) => Payload::Order(order),
    };
    Ok(Entry { entry_id, delivery_count, ingress_id, payload })
}
