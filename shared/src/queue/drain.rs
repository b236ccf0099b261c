//! Draining a stream: claim a batch, decide each entry, commit the batch; again until the stream is empty.
//!
//! [`Drain::step`] is one round and what tests call; [`drain`] repeats it within a time budget. Between claim and commit nothing
//! can fail: deciding yields an [`Outcome`] for every entry, so no entry of a batch is left out.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Queue;
use super::batch::TimedBatch;
use super::execute::{Execute, QueueError};
use super::keys::{Lane, Stream};
use crate::order::{Order, Rejection, too_large};
use crate::trace::TraceParent;

/// What one component does with the entries of its stream.
pub trait Role {
    /// The stream it drains.
    fn stream(&self) -> Stream;

    /// Decides one entry. It cannot fail: whatever an order holds, there is an outcome for it.
    fn decide(&self, entry: &Entry, order: &[u8]) -> Outcome;
}

/// The program that a drain runs in: it has the clock, and is told what was done.
pub trait Host {
    /// The time since the drain began.
    fn elapsed(&self) -> Duration;

    /// A batch was committed. There is no way to stop the drain from here.
    fn committed(&mut self, _: &Batch<'_>) {}
}

/// A clock alone is enough of a host.
impl<F: Fn() -> Duration> Host for F {
    fn elapsed(&self) -> Duration {
        self()
    }
}

/// A batch that was committed.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The stream it was claimed from.
    pub stream: Stream,
    /// What was claimed.
    pub entries: &'a [Entry],
    /// What was decided for each entry, in the same order.
    pub outcomes: &'a [Outcome],
    /// The entries of these ids were committed by another drain before: for them nothing was done here.
    pub lapsed: &'a [String],
    /// When it was decided, in Unix ms by the clock of Redis.
    pub decided_at_ms: i64,
}

impl<'a> Batch<'a> {
    /// Each entry whose outcome was applied, with the outcome.
    pub fn applied(&self) -> impl Iterator<Item = (&'a Entry, &'a Outcome)> {
        let lapsed = self.lapsed;
        let all = self.entries.iter().zip(self.outcomes);
        all.filter(move |(entry, _)| !lapsed.contains(&entry.entry_id))
    }

    /// How long an entry was in the stream until it was decided, in ms.
    pub fn wait_ms(&self, entry: &Entry) -> i64 {
        milliseconds(&entry.entry_id)
            .map_or(0, |added_at_ms| (self.decided_at_ms - added_at_ms).max(0))
    }
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
    /// The trace it belongs to, where its producer said so.
    pub trace: Option<TraceParent>,
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

/// Drains the role's stream until it is empty or paused, or the host's clock passes the time budget; then the bell is rung for the
/// rest.
///
/// # Errors
/// When Redis fails; what was claimed and not committed stays pending and is redelivered. The tally counts what was done before.
pub fn drain<E: Execute, R: Role>(
    queue: &mut Queue<'_, E>,
    role: &R,
    host: &mut impl Host,
) -> (Tally, Result<(), QueueError>) {
    let budget = Duration::from_millis(queue.settings.drain_budget_ms.into());
    let mut drain = Drain::new(queue, role);
    loop {
        match drain.step_on(host) {
            Ok(Step::Committed(_)) if host.elapsed() < budget => {}
            Ok(Step::Committed(_)) => {
                drain.tally.out_of_time = true;
                let rung = drain.queue.ring(role.stream());
                let counted = drain.queue.count_out_of_time(role.stream());
                return (drain.tally, rung.and(counted));
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

    /// Claims one batch, decides and commits it, as if no time went by meanwhile.
    ///
    /// # Errors
    /// When Redis fails. The batch stays pending and is redelivered entry by entry.
    pub fn step(&mut self) -> Result<Step, QueueError> {
        self.step_on(&mut || Duration::ZERO)
    }

    fn step_on(&mut self, host: &mut impl Host) -> Result<Step, QueueError> {
        let stream = self.role.stream();
        let claimed = self.queue.claim(stream, self.is_first_claim)?;
        let (entries, claimed_after) = (claimed.entries, host.elapsed());
        self.is_first_claim = false;
        self.tally.vanished += claimed.vanished;
        if entries.is_empty() {
            return Ok(Step::Empty);
        }
        let outcomes: Vec<Outcome> = entries.iter().map(|entry| self.decide(entry)).collect();
        self.tally.redelivered +=
            entries.iter().filter(|entry| entry.delivery_count > 1).count() as u64;
        // The clock of Redis, carried on by the host's: the two need not show the same time.
        let deciding = host.elapsed().saturating_sub(claimed_after);
        let decided_at_ms =
            claimed.claimed_at_ms + i64::try_from(deciding.as_millis()).unwrap_or_default();
        let batch = TimedBatch { stream, entries: &entries, outcomes: &outcomes, decided_at_ms };
        // Crash window: from here to the commit the batch is decided but pending; a death here means redelivery.
        let (commit, lapsed) = self.queue.commit(&batch)?;
        self.tally.add(commit);
        host.committed(&Batch {
            stream,
            entries: &entries,
            outcomes: &outcomes,
            lapsed: &lapsed,
            decided_at_ms,
        });
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
            Payload::TooLarge(bytes) => Outcome::DeadLetter {
                order: None,
                reason: DeadLetterReason::Rejected(too_large(*bytes)),
            },
            Payload::Missing => {
                Outcome::DeadLetter { order: None, reason: DeadLetterReason::MissingOrderField }
            }
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
    pub(super) fn errors_json(&self) -> Vec<u8> {
        let single =
            |message: &str| json!([{ "code": self.code(), "path": "$", "message": message }]);
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
