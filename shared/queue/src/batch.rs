//! One batch: claimed by `claim.lua`, decided, committed by `commit.lua`. The headers of the
//! scripts describe arguments and replies.

use std::rc::Rc;

use crate::Queue;
use crate::counters;
use crate::entry_id::milliseconds;
use crate::error::QueueError;
use crate::execute::{Argument, Execute, Reply, Value};
use crate::keys::Stream;
use crate::message::{Message, Outcome, Payload};
use crate::scripts::{CLAIM, COMMIT};
use crate::trace::TraceParent;

/// What a claim handed out.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    /// Time since the last claim that handed something out, or a tick after it, in ms.
    pub(crate) since_ms: i64,
    /// Pending entries that somebody had deleted.
    pub(crate) vanished: u64,
    /// Overdue entries that were split into one for each message.
    pub(crate) split: u64,
    pub(crate) messages: Vec<Message>,
}

/// What a commit did, in messages.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    pub(crate) applied: u64,
    pub(crate) superseded: u64,
    pub(crate) routed: u64,
    pub(crate) confirmed: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) duplicates: u64,
    /// Nothing is left in the stream.
    pub(crate) is_stream_empty: bool,
    /// [`Message::entry`] of what another drain had committed.
    pub(crate) superseded_entries: Vec<usize>,
}

impl<E: Execute> Queue<'_, E> {
    /// The next batch; empty when nothing is waiting and nothing overdue, or the stream is paused.
    /// Then the bell stays silent for `hold_ms`.
    pub(crate) fn claim(
        &mut self,
        stream: Stream,
        is_first: bool,
        hold_ms: u32,
    ) -> Result<Claimed, QueueError> {
        let longest = self.settings.max_message_bytes as i64;
        let arguments = [
            self.settings.batch_size.into(),
            longest.into(),
            i64::from(is_first).into(),
            hold_ms.into(),
        ];
        let mut reply = self.run(&CLAIM, "failed to claim", Some(stream), &arguments)?;
        let decided_at_ms = reply.int()?;
        let mut claimed = Claimed {
            since_ms: reply.int()?,
            vanished: reply.count()?,
            split: reply.count()?,
            messages: Vec::new(),
        };
        let delivery_count = reply.int()?;
        let (mut entry, mut entry_id) = (0, Rc::from(""));
        while !reply.is_empty() {
            let id = reply.text()?;
            if !id.is_empty() {
                entry += usize::from(!claimed.messages.is_empty());
                entry_id = Rc::from(id);
            }
            let (ingress_id, trace) = label(&reply.text()?, &entry_id);
            claimed.messages.push(Message {
                entry,
                entry_id: Rc::clone(&entry_id),
                delivery_count,
                ingress_id,
                payload: payload(&mut reply)?,
                trace,
                decided_at_ms,
            });
        }
        Ok(claimed)
    }

    /// Applies the outcome of each message of a batch. If the stream is empty afterwards, its
    /// bell stays silent for `hold_ms`.
    pub(crate) fn commit(
        &mut self,
        stream: Stream,
        messages: &[Message],
        outcomes: &[Outcome],
        hold_ms: u32,
    ) -> Result<Commit, QueueError> {
        let Some(first) = messages.first() else { return Ok(Commit::default()) };
        let entries: Vec<&str> = messages
            .chunk_by(|one, next| one.entry == next.entry)
            .map(|messages| &*messages[0].entry_id)
            .collect();
        let metrics = counters::of_batch(stream, messages, outcomes);
        let mut rows: Vec<Row<'_>> = Vec::with_capacity(messages.len());
        let mut entry = None;
        for (message, outcome) in messages.iter().zip(outcomes) {
            let is_route = matches!(outcome, Outcome::Route { .. });
            assert!(!is_route || stream == Stream::Ingress, "only ingress is routed from");
            let is_same_entry = entry.replace(message.entry) == Some(message.entry);
            rows.push(self.row(message, outcome, if is_same_entry { "+" } else { "" }));
        }
        let mut arguments: Vec<Argument<'_>> = vec![
            (first.delivery_count - 1).into(),
            (entries.len() as i64).into(),
            (metrics.len() as i64).into(),
            hold_ms.into(),
        ];
        arguments.extend(entries.iter().copied().map(Argument::from));
        for (field, by) in &metrics {
            arguments.extend([Argument::from(field), Argument::Int(*by)]);
        }
        for row in &rows {
            let [verb, id, label, note] =
                [&row.verb, row.id, &row.label, &row.note].map(Argument::from);
            arguments.extend([verb, id, label, note, row.body.into()]);
        }
        let mut reply = self.run(&COMMIT, "failed to commit", Some(stream), &arguments)?;
        let mut commit = Commit {
            applied: reply.count()?,
            superseded: reply.count()?,
            routed: reply.count()?,
            confirmed: reply.count()?,
            dead_lettered: reply.count()?,
            duplicates: reply.count()?,
            is_stream_empty: reply.int()? == 1,
            superseded_entries: Vec::new(),
        };
        while !reply.is_empty() {
            let place = usize::try_from(reply.int()? - 1).unwrap_or_default();
            commit.superseded_entries.push(first.entry + place);
        }
        Ok(commit)
    }

    fn row<'m>(&self, message: &'m Message, outcome: &'m Outcome, same: &str) -> Row<'m> {
        let own = message.ingress_id == *message.entry_id;
        let label = match &message.trace {
            Some(trace) => format!("{} {trace}", message.ingress_id),
            None if own => String::new(),
            None => message.ingress_id.clone(),
        };
        let body = match &message.payload {
            Payload::Body(body) => body.as_slice(),
            Payload::TooLong(_) | Payload::Missing => &[],
        };
        let (verb, id, note, body) = match outcome {
            Outcome::Route { id, lane, note } => {
                let number = self.keys.number(Stream::Lane(lane));
                (format!("{same}{number}"), id.as_str(), word(note), body)
            }
            Outcome::Confirm { id, result } => {
                (format!("{same}confirm"), id.as_str(), String::new(), result.as_slice())
            }
            Outcome::DeadLetter { id, code, errors } => (
                format!("{same}dead"),
                id.as_deref().unwrap_or(""),
                code.clone(),
                errors.as_slice(),
            ),
        };
        Row { verb, id, label, note, body }
    }
}

/// One message as the commit takes it.
struct Row<'m> {
    verb: String,
    id: &'m str,
    label: String,
    note: String,
    body: &'m [u8],
}

/// Makes a note one word of a record.
fn word(note: &str) -> String {
    if note.is_empty() {
        return "-".into();
    }
    note.replace(|character: char| character.is_whitespace() || character == '\0', "_")
}

/// Entry id in ingress and trace of a message. Any producer may have written the label, so an
/// invalid entry id or trace is ignored.
fn label(label: &str, entry_id: &str) -> (String, Option<TraceParent>) {
    let (ingress_id, trace) = label.split_once(' ').unwrap_or((label, ""));
    let is_id = milliseconds(ingress_id).is_some();
    let ingress_id = if is_id { ingress_id } else { entry_id };
    (ingress_id.to_owned(), TraceParent::parse(trace.as_bytes()))
}

fn payload(reply: &mut Reply) -> Result<Payload, QueueError> {
    match reply.value()? {
        Value::Bytes(body) => Ok(Payload::Body(body)),
        Value::Int(length) => {
            Ok(usize::try_from(length).map_or(Payload::Missing, Payload::TooLong))
        }
        other => Err(reply.unexpected("a message", Some(&other))),
    }
}
