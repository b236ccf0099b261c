//! The newest messages over all streams.

use crate::Queue;
use crate::entry_id::{milliseconds, numbers};
use crate::error::QueueError;
use crate::execute::Execute;
use crate::keys::Stream;
use crate::message_status::{MessageStatus, State};
use crate::scripts::RECENT;

/// One message of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// Its state.
    pub state: State,
    /// The entry of that state: in a stream, of its result, or of its dead letter.
    pub entry_id: String,
    /// The id it had in ingress.
    pub ingress: Option<String>,
    /// Its lane, once it has one.
    pub lane: Option<String>,
    /// Its id; `None` if it has none, or while it waits, because the queue does not read messages.
    pub id: Option<String>,
    /// The message while it waits, unless it is too long.
    pub body: Option<Vec<u8>>,
    /// The code of its dead letter.
    pub code: Option<String>,
    /// Its note, once it is confirmed or dead-lettered.
    pub note: Option<String>,
}

impl<E: Execute> Queue<'_, E> {
    /// Up to `most` messages, by their last step, newest first.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn recent(&mut self, most: u32) -> Result<Vec<Recent>, QueueError> {
        let longest = self.settings.max_message_bytes as i64;
        let arguments = [most.into(), longest.into()];
        let mut reply = self.run(&RECENT, "failed to list messages", None, &arguments)?;
        let streams: Vec<Stream> = self.settings.streams().collect();
        let mut rows = Vec::new();
        while !reply.is_empty() {
            let number = reply.int()?;
            let (entry_id, id) = (reply.text()?, reply.optional()?);
            let record = MessageStatus::parse(&reply.text()?);
            let (detail, body) = (reply.optional()?, reply.bytes()?);
            let stream = usize::try_from(number - 1).ok().and_then(|at| streams.get(at));
            let state = match (stream, number) {
                (Some(Stream::Ingress), _) => State::Queued,
                (Some(Stream::Lane(_)), _) => State::Routed,
                (None, 0) => State::Confirmed,
                (None, _) => State::DeadLettered,
            };
            let (ingress, code) = match stream {
                // Any program may have written to a lane.
                Some(_) => (detail.filter(|id| milliseconds(id).is_some()), None),
                None => (record.as_ref().and_then(|record| record.ingress.clone()), detail),
            };
            let lane = match stream {
                Some(Stream::Lane(name)) => Some((*name).to_owned()),
                _ => record.as_ref().and_then(|record| record.lane.clone()),
            };
            let body = Some(body).filter(|body| !body.is_empty());
            let note = record.and_then(|record| record.note);
            rows.push(Recent { state, entry_id, ingress, lane, id, body, code, note });
        }
        rows.sort_by_cached_key(|row| std::cmp::Reverse(numbers(&row.entry_id)));
        rows.truncate(most as usize);
        Ok(rows)
    }
}
