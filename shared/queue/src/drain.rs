//! Draining a stream: claim a batch, decide each message, commit the batch; again until the stream
//! is empty.
//!
//! [`Drain::step`] is one round, which tests call; [`drain()`] repeats it within a time budget.
//! Between claim and commit nothing can fail: every message has an outcome.

use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use crate::Queue;
use crate::batch::Commit;
use crate::error::QueueError;
use crate::execute::Execute;
use crate::keys::Stream;
use crate::message::{Message, Outcome, Payload};

/// An idle Redis checks only every 100 ms (`hz` 10) whether a blocked command has timed out.
const WAKE_MS: u32 = 200;

/// A stream is busy if its last two batches were claimed at most this many `linger_ms` apart. On a
/// quiet stream, starting an instance for each message costs less than waiting.
const BUSY: u32 = 5;

/// A batch with longer results is committed in parts, so that neither an instance nor a script holds
/// all at once.
const COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// How one program decides the messages of its stream.
pub trait Role {
    /// The stream it drains.
    fn stream(&self) -> Stream;

    /// Decides one message. It cannot fail: every message has an outcome.
    fn decide(&self, message: &Message, body: &[u8]) -> Outcome;

    /// The id of a message that was delivered too often, if it can be read without deciding it.
    fn identity(&self, _body: &[u8]) -> Option<String> {
        None
    }
}

/// The program in which a drain runs: it provides the clock and gets each committed batch.
pub trait Host {
    /// The time since the drain began.
    fn elapsed(&self) -> Duration;

    /// A batch was committed.
    fn committed(&mut self, _: &Batch<'_>) {}
}

/// A clock alone can be a host.
impl<F: Fn() -> Duration> Host for F {
    fn elapsed(&self) -> Duration {
        self()
    }
}

/// A batch that was committed.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// What was claimed.
    pub messages: &'a [Message],
    outcomes: &'a [Outcome],
    superseded_entries: &'a [usize],
}

impl<'a> Batch<'a> {
    /// Each message whose outcome was applied, with the outcome.
    pub fn applied(&self) -> impl Iterator<Item = (&'a Message, &'a Outcome)> + use<'a> {
        let superseded = self.superseded_entries;
        let all = self.messages.iter().zip(self.outcomes);
        all.filter(move |(message, _)| !superseded.contains(&message.entry))
    }
}

/// What one [`Drain::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A batch was committed; more may be waiting.
    Committed,
    /// A batch was committed, and nothing is left in the stream.
    Emptied,
    /// Nothing was waiting and nothing was overdue, or the stream is paused.
    Empty,
}

/// What a drain did, in messages unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Commits.
    pub batches: u64,
    /// Messages whose outcome was applied.
    pub applied: u64,
    /// Messages that another drain had committed before.
    pub superseded: u64,
    /// Routed to a lane.
    pub routed: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Dead-lettered.
    pub dead_lettered: u64,
    /// Dropped because another message with this id came before.
    pub duplicates: u64,
    /// Messages that were not at their first delivery.
    pub redelivered: u64,
    /// Overdue entries of a lane that were split.
    pub split: u64,
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
    /// For how long the bell stays silent while the drain waits; 0 for a drain that never waits.
    silent_ms: u32,
    /// Whether the stream was busy at the last batch. Then the drain waits for more.
    is_busy: bool,
    /// The newest entry of the last batch, until a wait has used it.
    newest: Option<Rc<str>>,
}

/// Drains the role's stream until it is empty or paused, or the host's clock passes the time
/// budget; then the bell is rung for the rest. When a busy stream is empty, waits `linger_ms` for
/// more.
///
/// # Errors
/// When Redis fails; what was claimed and not committed stays pending and is delivered again. The
/// tally counts what was done before.
pub fn drain<E: Execute, R: Role>(
    queue: &mut Queue<'_, E>,
    role: &R,
    host: &mut impl Host,
) -> (Tally, Result<(), QueueError>) {
    let settings = queue.settings();
    let (budget, linger_ms) =
        (Duration::from_millis(settings.drain_budget_ms.into()), settings.linger_ms);
    let mut drain = Drain::new(queue, role);
    // While the drain waits, it finds new entries itself, so its bell stays silent.
    drain.silent_ms = if linger_ms > 0 { linger_ms + WAKE_MS } else { 0 };
    let mut hold_ms = 0;
    let result = loop {
        match drain.step_on(host, hold_ms) {
            Ok(Step::Emptied) if !drain.is_busy => break Ok(()),
            Ok(Step::Empty) if hold_ms == 0 => break Ok(()),
            Ok(Step::Committed | Step::Emptied) if host.elapsed() >= budget => {
                break drain.hand_over();
            }
            Ok(Step::Committed) => hold_ms = drain.silent_ms,
            Ok(Step::Emptied | Step::Empty) => match drain.linger() {
                Ok(true) if host.elapsed() < budget => hold_ms = drain.silent_ms,
                Ok(_) => hold_ms = 0,
                Err(error) => break Err(error),
            },
            Err(error) => break Err(error),
        }
    };
    (drain.tally, result)
}

impl<'q, 'a, E: Execute, R: Role> Drain<'q, 'a, E, R> {
    /// Begins a drain of the role's stream.
    pub fn new(queue: &'q mut Queue<'a, E>, role: &'q R) -> Self {
        Self {
            queue,
            role,
            tally: Tally::default(),
            is_first_claim: true,
            silent_ms: 0,
            is_busy: false,
            newest: None,
        }
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Claims one batch, decides and commits it, in several commits if its results are long.
    ///
    /// # Errors
    /// When Redis fails. What was not committed stays pending and is delivered again.
    pub fn step(&mut self) -> Result<Step, QueueError> {
        self.step_on(&mut || Duration::ZERO, 0)
    }

    fn step_on(&mut self, host: &mut impl Host, hold_ms: u32) -> Result<Step, QueueError> {
        let stream = self.role.stream();
        let claimed = self.queue.claim(stream, self.is_first_claim, hold_ms)?;
        self.is_first_claim = false;
        self.tally.vanished += claimed.vanished;
        self.tally.split += claimed.split;
        let messages = claimed.messages;
        if messages.is_empty() {
            return Ok(Step::Empty);
        }
        let busy_ms = BUSY * self.queue.settings.linger_ms;
        self.is_busy = self.silent_ms > 0 && claimed.since_ms <= busy_ms.into();
        let redelivered = messages.iter().filter(|message| message.delivery_count > 1).count();
        self.tally.redelivered += redelivered as u64;
        let hold_ms = if self.is_busy { self.silent_ms } else { 0 };
        let (mut rest, mut is_stream_empty) = (&messages[..], false);
        while !rest.is_empty() {
            let outcomes = self.decide_part(rest);
            let (part, after) = rest.split_at(outcomes.len());
            rest = after;
            // Crash window: from here to the commit the part is decided but pending. After a crash
            // it is redelivered.
            let commit = self.queue.commit(stream, part, &outcomes, hold_ms)?;
            self.tally.add(&commit);
            is_stream_empty = commit.is_stream_empty;
            host.committed(&Batch {
                messages: part,
                outcomes: &outcomes,
                superseded_entries: &commit.superseded_entries,
            });
        }
        self.newest = messages.last().map(|message| Rc::clone(&message.entry_id));
        Ok(if is_stream_empty { Step::Emptied } else { Step::Committed })
    }

    /// Decides whole entries until they are enough for a commit.
    fn decide_part(&self, messages: &[Message]) -> Vec<Outcome> {
        let (mut outcomes, mut bytes) = (Vec::with_capacity(messages.len()), 0);
        for entry in messages.chunk_by(|one, next| one.entry == next.entry) {
            if bytes >= COMMIT_BYTES {
                break;
            }
            for message in entry {
                let outcome = self.decide(message);
                bytes += outcome.result_bytes();
                outcomes.push(outcome);
            }
        }
        outcomes
    }

    fn decide(&self, message: &Message) -> Outcome {
        let settings = self.queue.settings;
        let surplus = message.delivery_count - i64::from(settings.max_deliveries);
        match &message.payload {
            // Reading the message may crash the instance. So it is read once more for its id, and
            // not at all when that failed too.
            Payload::Body(body) if surplus > 0 => {
                let id = if surplus == 1 { self.role.identity(body) } else { None };
                Outcome::dead_letter(id, "max_deliveries", "delivered too often and never decided")
            }
            Payload::Body(body) => self.role.decide(message, body),
            Payload::TooLong(bytes) => {
                let text =
                    format!("{bytes} bytes, at most {} are allowed", settings.max_message_bytes);
                Outcome::dead_letter(None, &format!("{}_too_large", settings.words.message), &text)
            }
            Payload::Missing => {
                let field = settings.words.message;
                let text = format!("the entry needs one field \\\"{field}\\\"");
                Outcome::dead_letter(None, &format!("missing_{field}_field"), &text)
            }
        }
    }

    /// Waits for an entry after the last batch, and returns whether one came. A second wait without
    /// a batch in between starts at `$`, because another drain may have the entry that ended the
    /// first.
    fn linger(&mut self) -> Result<bool, QueueError> {
        let key = self.queue.keys.stream(self.role.stream());
        let since = self.newest.take().unwrap_or_else(|| "$".into());
        let arguments = [
            "COUNT".into(),
            1_i64.into(),
            "BLOCK".into(),
            self.queue.settings.linger_ms.into(),
            "STREAMS".into(),
            key.into(),
            (&*since).into(),
        ];
        let what = "failed to wait for more";
        Ok(!Queue::command(self.queue.redis, what, "XREAD", &arguments)?.is_empty())
    }

    /// Ends a drain whose time budget is spent.
    fn hand_over(&mut self) -> Result<(), QueueError> {
        let stream = self.role.stream();
        self.tally.out_of_time = true;
        self.queue.count_out_of_time(stream);
        self.queue.ring(stream)
    }
}

impl Tally {
    fn add(&mut self, commit: &Commit) {
        self.batches += 1;
        self.applied += commit.applied;
        self.superseded += commit.superseded;
        self.routed += commit.routed;
        self.confirmed += commit.confirmed;
        self.dead_lettered += commit.dead_lettered;
        self.duplicates += commit.duplicates;
    }

    /// Whether the drain found nothing to do.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}
