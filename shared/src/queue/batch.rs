//! One batch: claimed by `claim.lua`, decided, committed by `commit.lua`. What the two take and return stands at their heads.

use uuid::Uuid;

use super::drain::{Commit, Entry, Outcome, Payload};
use super::execute::{Execute, QueueError, Reply};
use super::keys::{Lane, Stream};
use super::observe::{self, BATCH_BOUNDS, WAIT_BOUNDS_MS};
use super::scripts::{CLAIM, COMMIT, Call};
use super::{Queue, entry_id, read};
use crate::order::MAX_ORDER_BYTES;
use crate::trace::TraceParent;

/// What a claim handed out.
pub(super) struct Claimed {
    /// Pending entries that somebody had deleted.
    pub(super) vanished: u64,
    /// When it was claimed, in Unix ms by the clock of Redis.
    pub(super) claimed_at_ms: i64,
    /// New entries wait and none was handed out: they are to be read without the script.
    is_plain: bool,
    pub(super) entries: Vec<Entry>,
}

/// A batch whose outcomes are decided.
pub(super) struct TimedBatch<'a> {
    pub(super) stream: Stream,
    pub(super) entries: &'a [Entry],
    pub(super) outcomes: &'a [Outcome],
    /// When it was decided, in Unix ms by the clock of Redis.
    pub(super) decided_at_ms: i64,
}

impl<E: Execute> Queue<'_, E> {
    /// The next batch; empty when nothing is waiting and nothing overdue, or the stream is paused.
    pub(super) fn claim(&mut self, stream: Stream, is_first: bool) -> Result<Claimed, QueueError> {
        let mut claimed = self.claim_by_script(stream, is_first, true)?;
        if !claimed.is_plain {
            return Ok(claimed);
        }
        claimed.entries = self.read_new(stream)?;
        if !claimed.entries.is_empty() {
            return Ok(claimed);
        }
        // Others were faster. Whether nothing is left is for the script to say: it clears the bell in the same step.
        let vanished = claimed.vanished;
        let claimed = self.claim_by_script(stream, false, false)?;
        Ok(Claimed { vanished: vanished + claimed.vanished, ..claimed })
    }

    fn claim_by_script(
        &mut self,
        stream: Stream,
        is_first: bool,
        may_be_plain: bool,
    ) -> Result<Claimed, QueueError> {
        let what = "failed to claim entries";
        let mut call = Call::new();
        call.key(self.keys.stream(stream)).key(self.keys.bell(stream)).key(self.keys.pause(stream));
        call.key(self.keys.metrics());
        call.arg(stream.group()).arg(self.settings.consumer.as_str());
        call.arg(self.settings.batch_size)
            .arg(self.settings.claim_idle_ms)
            .arg(MAX_ORDER_BYTES as i64);
        call.arg(self.keys.channel(stream)).arg(self.settings.bell_ms).arg(i64::from(is_first));
        call.arg(stream.as_str()).arg(i64::from(may_be_plain));
        let mut reply = CLAIM.run(self.redis, call, what)?;
        let (vanished, claimed_at_ms, traced) = (reply.count()?, reply.int()?, reply.count()?);
        let is_plain = reply.int()? == 1;
        // What is traced comes last, as pairs: a batch without traces is no longer for them.
        let end = 2 * usize::try_from(traced).unwrap_or_default();
        let mut entries = Vec::new();
        while reply.len() > end {
            entries.push(entry(&mut reply)?);
        }
        while !reply.is_empty() {
            let (number, trace) = (reply.count()?, reply.bytes()?);
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            // Anybody may write the field: what is no trace context is not carried on.
            if let Some(entry) = place.and_then(|place| entries.get_mut(place)) {
                entry.trace = TraceParent::parse(&trace);
            }
        }
        Ok(Claimed { vanished, claimed_at_ms, is_plain, entries })
    }

    /// Reads new entries as they are, without Lua in between.
    fn read_new(&mut self, stream: Stream) -> Result<Vec<Entry>, QueueError> {
        let arguments = [
            "GROUP".into(),
            stream.group().into(),
            self.settings.consumer.as_str().into(),
            "COUNT".into(),
            self.settings.batch_size.into(),
            "STREAMS".into(),
            self.keys.stream(stream).into(),
            ">".into(),
        ];
        let reply = self
            .redis
            .execute("XREADGROUP", &arguments)
            .map_err(|source| QueueError::Redis { what: "failed to read entries", source })?;
        Ok(read::entries(reply))
    }

    /// Commits a batch. Gives what it did, and which entries had lapsed.
    pub(super) fn commit(
        &mut self,
        batch: &TimedBatch<'_>,
    ) -> Result<(Commit, Vec<String>), QueueError> {
        let stream = batch.stream;
        let mut rows: Vec<Row<'_>> = batch
            .entries
            .iter()
            .zip(batch.outcomes)
            .map(|(entry, outcome)| Row::new(entry, outcome))
            .collect();
        // The sort is stable: within an outcome orders stay in the order they came in.
        rows.sort_by_key(|row| row.effect.place());
        let mut counts = [0_i64; 4];
        for row in &rows {
            counts[row.effect.place()] += 1;
        }
        let waits = observe::waits(batch, &rows);
        let bucket = observe::bucket(&BATCH_BOUNDS, rows.len() as i64);
        let bounds = WAIT_BOUNDS_MS.map(|bound| bound.to_string()).join(" ");
        let states: Vec<String> =
            rows.iter().filter_map(|row| row.order).map(|order| self.keys.state(order)).collect();
        let keys = &self.keys;

        let mut call = Call::new();
        call.key(keys.stream(stream));
        call.key(keys.stream(Stream::Simple)).key(keys.stream(Stream::Complex));
        call.key(keys.bell(Stream::Simple)).key(keys.bell(Stream::Complex));
        call.key(keys.confirmations()).key(keys.dead_letters()).key(keys.totals());
        call.key(keys.metrics());
        for state in &states {
            call.key(state);
        }
        call.arg(stream.group()).arg(self.settings.consumer.as_str());
        call.arg(keys.channel(Stream::Simple)).arg(keys.channel(Stream::Complex));
        call.arg(self.settings.bell_ms).arg(self.settings.retention_ms()).arg(stream.as_str());
        call.arg(&bucket).arg(batch.decided_at_ms).arg(&bounds).arg(waits.len() as i64);
        for count in counts {
            call.arg(count);
        }
        // Entries are claimed in the order of their ids.
        let (least, greatest) =
            (entry_id_at(batch.entries.first()), entry_id_at(batch.entries.last()));
        let next = entry_id::next(greatest).unwrap_or_default();
        call.arg(least).arg(greatest).arg(&next);
        for row in &rows {
            call.arg(&row.entry.entry_id);
        }
        let mut state_index = FIRST_STATE_INDEX;
        for row in &rows {
            row.add_to(&mut call, if row.order.is_some() { state_index } else { NO_STATE });
            state_index += u32::from(row.order.is_some());
        }
        for (field, increment) in &waits {
            call.arg(field).arg(*increment);
        }
        for (number, row) in (1_i64..).zip(&rows) {
            if let Some(trace) = &row.entry.trace {
                call.arg(number).arg(trace.as_str());
            }
        }
        let mut reply = COMMIT.run(self.redis, call, "failed to commit a batch")?;
        let commit = Commit {
            applied: reply.count()?,
            lapsed: reply.count()?,
            routed_simple: reply.count()?,
            routed_complex: reply.count()?,
            confirmed: reply.count()?,
            dead_lettered: reply.count()?,
            duplicates: reply.count()?,
        };
        let mut lapsed = Vec::new();
        while !reply.is_empty() {
            lapsed.push(reply.text()?);
        }
        Ok((commit, lapsed))
    }
}

/// The keys of a commit before the first state, plus one: Lua counts from 1.
const FIRST_STATE_INDEX: u32 = 10;
/// Stands for "the order has no identity".
const NO_STATE: u32 = 0;

fn entry_id_at(entry: Option<&Entry>) -> &str {
    entry.map_or("", |entry| &entry.entry_id)
}

/// One entry as the commit script takes it.
pub(super) struct Row<'a> {
    pub(super) entry: &'a Entry,
    order: Option<Uuid>,
    effect: Effect<'a>,
}

/// What the script does with an entry.
enum Effect<'a> {
    Route { lane: Lane, order: &'a [u8], score: u32, reasons: &'a str },
    Confirm { confirmation: &'a [u8] },
    DeadLetter { errors: Vec<u8>, code: &'static str, delivery_count: i64 },
}

impl Effect<'_> {
    /// The place of its entries among those of a batch, which the script takes sorted.
    fn place(&self) -> usize {
        match self {
            Self::Route { lane: Lane::Simple, .. } => 0,
            Self::Route { lane: Lane::Complex, .. } => 1,
            Self::Confirm { .. } => 2,
            Self::DeadLetter { .. } => 3,
        }
    }
}

impl<'a> Row<'a> {
    /// Whether it is to be confirmed.
    pub(super) fn is_confirmed(&self) -> bool {
        matches!(self.effect, Effect::Confirm { .. })
    }

    fn new(entry: &'a Entry, outcome: &'a Outcome) -> Self {
        let (order, effect) = match outcome {
            Outcome::Route { lane, order, score, reasons } => {
                let text = match &entry.payload {
                    Payload::Order(order) => order.as_slice(),
                    Payload::TooLarge(_) | Payload::Missing => &[],
                };
                (Some(*order), Effect::Route { lane: *lane, order: text, score: *score, reasons })
            }
            Outcome::Confirm { order, confirmation } => {
                (Some(*order), Effect::Confirm { confirmation })
            }
            Outcome::DeadLetter { order, reason } => {
                let (errors, code) = (reason.errors_json(), reason.code());
                (*order, Effect::DeadLetter { errors, code, delivery_count: entry.delivery_count })
            }
        };
        Self { entry, order, effect }
    }

    fn add_to<'c>(&'c self, call: &mut Call<'c>, state_index: u32) {
        match &self.effect {
            Effect::Route { order, score, reasons, .. } => {
                call.arg(*order).arg(*score).arg(*reasons)
            }
            Effect::Confirm { confirmation } => call.arg(&self.entry.ingress_id).arg(*confirmation),
            Effect::DeadLetter { errors, code, delivery_count } => call
                .arg(state_index)
                .arg(&self.entry.ingress_id)
                .arg(errors.as_slice())
                .arg(*code)
                .arg(*delivery_count),
        };
    }
}

fn entry(reply: &mut Reply) -> Result<Entry, QueueError> {
    let entry_id = reply.text()?;
    let delivery_count = reply.int()?;
    // Anybody may write it. What is no text must not fail the claim: such an entry would be claimed for ever and never set aside.
    let ingress_id = String::from_utf8(reply.bytes()?).unwrap_or_else(|_| entry_id.clone());
    let length = reply.int()?;
    let order = reply.bytes()?;
    let payload = match usize::try_from(length) {
        Err(_) => Payload::Missing,
        Ok(length) if length > MAX_ORDER_BYTES => Payload::TooLarge(length),
        Ok(_) => Payload::Order(order),
    };
    Ok(Entry { entry_id, delivery_count, ingress_id, payload, trace: None })
}
