//! The status of one message, from its record in the index.

use strum::{EnumString, IntoStaticStr};

use crate::Queue;
use crate::error::QueueError;
use crate::execute::Execute;
use crate::scripts::STATUS;

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// It waits to be routed.
    Queued,
    /// It is in its lane.
    Routed,
    /// Its result is written.
    Confirmed,
    /// It is a dead letter.
    DeadLettered,
    /// It was a dead letter, and that was discarded.
    Discarded,
}

/// What the queue knows of one message. What is absent is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStatus {
    /// Its state.
    pub state: State,
    /// The entry ids of its steps: in ingress, in its lane, of its result, of its dead letter.
    pub ingress: Option<String>,
    /// See `ingress`.
    pub routed: Option<String>,
    /// See `ingress`.
    pub confirmed: Option<String>,
    /// See `ingress`.
    pub dead_letter: Option<String>,
    /// The lane it was routed to.
    pub lane: Option<String>,
    /// The note that its [`Outcome::Route`](crate::Outcome::Route) carried.
    pub note: Option<String>,
    /// How often it was redriven.
    pub redrives: u64,
    /// Its trace, as W3C `traceparent`.
    pub trace: Option<String>,
    /// Its earlier dead letters, oldest first; the oldest are dropped beyond 4 KiB.
    pub history: Vec<PastDeadLetter>,
    /// The result, while it is kept.
    pub result: Option<Vec<u8>>,
    /// The code and errors of its dead letter, while it is one.
    pub code: Option<String>,
    /// See `code`; JSON.
    pub errors: Option<String>,
}

/// What became of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDeadLetter {
    /// `redriven`, `duplicate` or `discarded`.
    pub event: String,
    /// The code it had.
    pub code: String,
    /// The stream it had failed in.
    pub stream: String,
    /// Its entry id.
    pub dead_letter: String,
    /// When, as an entry id or in Unix ms.
    pub at: String,
    /// The entry id in ingress of that copy of the message.
    pub ingress: String,
    /// How often it had been delivered.
    pub delivery_count: Option<u64>,
}

impl MessageStatus {
    /// Reads a value of [`Keys::index`](crate::Keys::index), which `lua/common/record.lua`
    /// describes; `None` where the text is no record.
    pub fn parse(record: &str) -> Option<Self> {
        let mut lines = record.lines();
        let mut words = lines.next()?.split(' ');
        let mut word =
            || words.next().map(|word| Some(word).filter(|word| *word != "-").map(str::to_owned));
        let state: State = word()??.parse().ok()?;
        let (step, ingress, lane, routed) = (word()?, word()?, word()?, word()?);
        let (redrives, note, trace) = (word()?, word()?, word()?);
        let step_of = |of: &[State]| step.clone().filter(|_| of.contains(&state));
        Some(Self {
            state,
            ingress,
            routed,
            confirmed: step_of(&[State::Confirmed]),
            dead_letter: step_of(&[State::DeadLettered, State::Discarded]),
            lane,
            note,
            redrives: redrives.and_then(|count| count.parse().ok()).unwrap_or_default(),
            trace,
            history: lines.filter_map(PastDeadLetter::read).collect(),
            result: None,
            code: None,
            errors: None,
        })
    }
}

impl PastDeadLetter {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Self {
            event: words.next()?,
            code: words.next()?,
            stream: words.next()?,
            dead_letter: words.next()?,
            at: words.next()?,
            ingress: words.next()?,
            delivery_count: words.next()?.parse().ok(),
        })
    }
}

impl<E: Execute> Queue<'_, E> {
    /// The status of a message; `None` when the queue does not know it, or its record has expired.
    ///
    /// A message added by plain `XADD` is known from the moment it is routed.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn status(&mut self, id: &str) -> Result<Option<MessageStatus>, QueueError> {
        let mut reply = self.run(&STATUS, "failed to look the message up", None, &[id.into()])?;
        let Some(mut status) = MessageStatus::parse(&reply.text()?) else { return Ok(None) };
        status.result = Some(reply.bytes()?).filter(|result| !result.is_empty());
        (status.code, status.errors) = (reply.optional()?, reply.optional()?);
        Ok(Some(status))
    }
}
