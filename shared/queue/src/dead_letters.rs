//! Dead letters: look at them, put them back (redrive) or delete them for good (discard).
//!
//! A dead letter is named by its entry id in the stream of dead letters. Redrive and discard delete
//! it in the same script, so a second call is harmless: it finds nothing.

use serde::Serialize;

use crate::Queue;
use crate::entry_id::EntryId;
use crate::error::QueueError;
use crate::execute::{Execute, Reply};
use crate::scripts::{DISCARD, LETTERS, REDRIVE};

/// Dead letters that one call of the script reads.
const LOOKS: u32 = 200;
/// Calls of the script for one page; a filter that seldom matches gives a short page and a `next`.
const MAX_CALLS: usize = 50;

/// A filter of dead letters; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Dead-lettered with this code.
    pub code: Option<String>,
    /// The dead letter of the message with this id.
    pub id: Option<String>,
    /// Dead-lettered at least so many seconds ago, by the clock of Redis.
    pub older_than_s: Option<u32>,
}

/// A page of dead letters, oldest first.
#[derive(Debug, Default)]
pub struct DeadLetterPage {
    /// The dead letters that match.
    pub dead_letters: Vec<DeadLetter>,
    /// The dead letter to continue after; `None` at the end. The next page may be empty.
    pub next: Option<EntryId>,
}

/// A dead letter. Any producer may have written it, so unexpected values become `None` or 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its entry id.
    pub entry_id: String,
    /// The stable code of the reason.
    pub code: String,
    /// All errors as JSON.
    pub errors: String,
    /// The stream it failed in.
    pub stream: String,
    /// The entry id in ingress.
    pub ingress: String,
    /// How often it was delivered, the last time it was tried.
    pub delivery_count: u64,
    /// How often it had been redriven before.
    pub redrives: u64,
    /// The message's id, where it could be read.
    pub id: Option<String>,
    /// Its trace, as W3C `traceparent`.
    pub trace: Option<String>,
    /// Length of the message; `None` when the entry had none.
    pub bytes: Option<u64>,
    /// The message, if it was asked for and is not too long.
    pub body: Option<Vec<u8>>,
    /// The other fields of the entry, as a JSON array of names and values, if asked for.
    pub fields: Option<String>,
}

/// The result of a redrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Redrive {
    /// It is back in the stream it failed in, and its bell was rung.
    Redriven {
        /// The stream's name.
        stream: String,
        /// Its entry id there.
        entry: String,
        /// How often it was redriven, this time included.
        redrives: u64,
    },
    /// Another copy of the message was routed or confirmed meanwhile, so the dead letter was
    /// deleted.
    Duplicate,
    /// There is no such dead letter, or it is gone. Nothing was changed.
    Gone,
    /// The dead letter holds no message to put back. Nothing was changed.
    NoMessage,
    /// The dead letter names no stream of this queue, because another program wrote it. Nothing was
    /// changed.
    UnknownStream,
}

impl<E: Execute> Queue<'_, E> {
    /// Up to `most` dead letters that match, oldest first, without their messages, beginning after
    /// `after`.
    ///
    /// It reads at most 10,000 dead letters, so that no filter keeps Redis or the caller busy for
    /// long.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn dead_letters(
        &mut self,
        filter: &Filter,
        after: Option<EntryId>,
        most: u32,
    ) -> Result<DeadLetterPage, QueueError> {
        let mut page = DeadLetterPage { dead_letters: Vec::new(), next: after };
        for _ in 0..MAX_CALLS {
            let room = i64::from(most) - page.dead_letters.len() as i64;
            if room <= 0 {
                break;
            }
            let from = page.next.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
            let (next, letters) = self.look_through(filter, (&from, "+"), room, 0)?;
            page.dead_letters.extend(letters);
            page.next = next;
            if next.is_none() {
                break;
            }
        }
        Ok(page)
    }

    /// One dead letter with its message, unless that is longer than a message may be; `None` when
    /// it is gone.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn dead_letter(&mut self, id: EntryId) -> Result<Option<DeadLetter>, QueueError> {
        let (id, longest) = (id.to_string(), self.settings.max_message_bytes as i64);
        let (_, letters) = self.look_through(&Filter::default(), (&id, &id), 1, longest)?;
        Ok(letters.into_iter().next())
    }

    /// Puts a dead letter back into the stream where it failed. In ingress it gets a new time of
    /// queueing; in a lane it keeps the old one.
    ///
    /// # Errors
    /// When Redis fails. Doing it again is safe.
    pub fn redrive(&mut self, id: EntryId) -> Result<Redrive, QueueError> {
        let id = id.to_string();
        let mut reply =
            self.run(&REDRIVE, "failed to redrive a dead letter", None, &[(&id).into()])?;
        Ok(match reply.text()?.as_str() {
            "redriven" => Redrive::Redriven {
                stream: reply.text()?,
                entry: reply.text()?,
                redrives: reply.count()?,
            },
            "duplicate" => Redrive::Duplicate,
            "gone" => Redrive::Gone,
            "no_message" => Redrive::NoMessage,
            "unknown_stream" => Redrive::UnknownStream,
            _ => return Err(reply.unexpected("an outcome", None)),
        })
    }

    /// Deletes a dead letter; `false` when it was gone. The message's record keeps a note of it.
    ///
    /// # Errors
    /// When Redis fails. Doing it again is safe.
    pub fn discard(&mut self, id: EntryId) -> Result<bool, QueueError> {
        let id = id.to_string();
        Ok(self.run(&DISCARD, "failed to discard a dead letter", None, &[(&id).into()])?.int()?
            == 1)
    }

    fn look_through(
        &mut self,
        filter: &Filter,
        (from, to): (&str, &str),
        most: i64,
        longest: i64,
    ) -> Result<(Option<EntryId>, Vec<DeadLetter>), QueueError> {
        let age_ms =
            filter.older_than_s.map(|s| (u64::from(s) * 1000).to_string()).unwrap_or_default();
        let [code, id] = [&filter.code, &filter.id].map(|text| text.as_deref().unwrap_or_default());
        let arguments = [
            from.into(),
            to.into(),
            LOOKS.into(),
            most.into(),
            code.into(),
            id.into(),
            (&age_ms).into(),
            longest.into(),
        ];
        let mut reply =
            self.run(&LETTERS, "failed to look at the dead letters", None, &arguments)?;
        let next = EntryId::parse(&reply.text()?);
        let mut letters = Vec::new();
        while !reply.is_empty() {
            letters.push(letter(&mut reply)?);
        }
        Ok((next, letters))
    }
}

fn letter(reply: &mut Reply) -> Result<DeadLetter, QueueError> {
    let (entry_id, code, errors) = (reply.text()?, reply.text()?, reply.text()?);
    let (stream, ingress) = (reply.text()?, reply.text()?);
    let [delivery_count, redrives] =
        [reply.text()?, reply.text()?].map(|count| count.parse().unwrap_or_default());
    let (id, trace) = (reply.optional()?, reply.optional()?);
    let bytes = u64::try_from(reply.int()?).ok();
    let (body, fields) = (Some(reply.bytes()?).filter(|body| !body.is_empty()), reply.optional()?);
    Ok(DeadLetter {
        entry_id,
        code,
        errors,
        stream,
        ingress,
        delivery_count,
        redrives,
        id,
        trace,
        bytes,
        body,
        fields,
    })
}
