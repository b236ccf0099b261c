//! Dead letters: look at them, put them back (redrive) or throw them away (discard).
//!
//! A letter is named by its entry id in the stream of dead letters. What changes one is a script that also deletes it, so doing it
//! twice is harmless: the second call finds it gone. What happened to an order is kept in its state, see [`PastDeath`].

use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::execute::{Execute, QueueError, Reply};
use super::keys::Stream;
use super::look::time_of;
use super::scripts::{Call, DISCARD, LETTERS, REDRIVE};
use super::{Queue, entry_id};
use crate::order::MAX_ORDER_BYTES;

/// Letters looked at in one call of the script.
const LOOKS: u32 = 200;
/// Calls of the script in one [`Queue::dead_letters`]; a filter that matches seldom gives a short page and a `next`.
const MOST_CALLS: usize = 50;

/// The entry id of a dead letter: `<ms>-<number>`.
///
/// Nothing else can get into a command by way of an id that a user gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LetterId(String);

impl LetterId {
    /// Reads an id; `None` when it is not two numbers, or not a time.
    pub fn parse(text: &str) -> Option<Self> {
        let (ms, _) = entry_id::numbers(text)?;
        (ms < 1 << 53).then(|| Self(text.to_owned()))
    }

    /// The id as Redis writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which letters are meant; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Set aside with this code.
    pub code: Option<String>,
    /// Of this order.
    pub order: Option<Uuid>,
    /// Set aside at least so many seconds ago, by the clock of Redis.
    pub older_than_s: Option<u32>,
}

/// Some letters, oldest first.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterPage {
    /// Those that match.
    pub dead_letters: Vec<DeadLetter>,
    /// Where to go on; `None` at the end. There may be one although nothing follows, and before it nothing may match.
    pub next: Option<String>,
}

/// A dead letter, as it is told to a user.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its entry id.
    pub id: String,
    /// Why it was set aside, as a stable code.
    pub code: String,
    /// All errors, each with `code`, `path` and `message`.
    pub errors: Json,
    /// The stream it failed in: `ingress`, `simple` or `complex`.
    pub stream: String,
    /// The order's identity, where it could be read.
    pub order_id: Option<Uuid>,
    /// How often it was delivered, the last time it was tried.
    pub delivery_count: u64,
    /// How often it had been redriven before.
    pub redrives: u64,
    /// When the order came into ingress, as RFC 3339.
    pub queued_at: Option<String>,
    /// When it was set aside.
    pub dead_lettered_at: Option<String>,
    /// Length of the order; `None` when the entry had no field `order`.
    pub order_bytes: Option<u64>,
    /// The order as it was sent, where it was asked for and is not too long; bytes that are not UTF-8 are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// What else stood in the entry, as name, value, name, value; where it was asked for and is not too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Json>,
}

/// What became of a letter that was to be redriven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Redrive {
    /// It is back in the stream it failed in, and its bell was rung.
    Redriven {
        /// The stream's short name.
        stream: String,
        /// Its entry id there.
        entry: String,
        /// How often it was redriven, this time included.
        redrives: u64,
    },
    /// Another copy of the order was routed or confirmed meanwhile: the letter is deleted and counted as a duplicate.
    Duplicate,
    /// There is no such letter, or not any more. Nothing was changed.
    Gone,
    /// The entry had no field `order`, so there is nothing to put back. Nothing was changed.
    NoOrder,
    /// The letter does not name a stream that is drained: somebody else wrote it. Nothing was changed.
    UnknownStream,
}

/// An event in the life of an order that was a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PastDeath<'a> {
    /// What became of the letter: `redriven`, `duplicate` or `discarded`.
    pub event: &'a str,
    /// When.
    pub at: Option<String>,
    /// The code the order had been set aside with.
    pub code: &'a str,
    /// The stream it had failed in.
    pub stream: &'a str,
    /// The entry id that the letter had.
    pub dead_letter: &'a str,
    /// When the order had been set aside.
    pub dead_lettered_at: Option<String>,
    /// When that copy of the order had come into ingress.
    pub queued_at: Option<String>,
    /// How often it had been delivered.
    pub delivery_count: Option<u64>,
}

impl<'a> PastDeath<'a> {
    /// Reads the field `history` of an order's state, oldest first. A line that is none is left out.
    pub(super) fn read_all(history: &'a str) -> Vec<Self> {
        history.lines().filter_map(Self::read).collect()
    }

    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut word = || words.next();
        let (event, code, stream, dead_letter) = (word()?, word()?, word()?, word()?);
        let (at, ingress, delivery_count) = (word()?, word()?, word()?);
        Some(Self {
            event,
            at: time_of(at),
            code,
            stream,
            dead_letter,
            dead_lettered_at: time_of(dead_letter),
            queued_at: time_of(ingress),
            delivery_count: delivery_count.parse().ok(),
        })
    }
}

impl<E: Execute> Queue<'_, E> {
    /// Up to `most` letters that match, oldest first, without the orders' texts; from the one after `after` on.
    ///
    /// It looks at 10,000 letters at most, so that no filter keeps Redis or the caller busy for long.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn dead_letters(
        &mut self,
        filter: &LetterFilter,
        after: Option<&LetterId>,
        most: u32,
    ) -> Result<LetterPage, QueueError> {
        let mut page = LetterPage { next: after.map(|id| id.0.clone()), ..LetterPage::default() };
        for _ in 0..MOST_CALLS {
            let room = i64::from(most) - page.dead_letters.len() as i64;
            if room <= 0 {
                return Ok(page);
            }
            let from = page.next.as_ref().map_or_else(|| "-".to_owned(), |id| format!("({id}"));
            let (next, letters) = self.look_through(filter, &from, "+", room, 0)?;
            page.dead_letters.extend(letters);
            page.next = next;
            if page.next.is_none() {
                return Ok(page);
            }
        }
        Ok(page)
    }

    /// One letter with the order's text, unless that is longer than an order may be; `None` when it is gone.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn dead_letter(&mut self, id: &LetterId) -> Result<Option<DeadLetter>, QueueError> {
        self.look_at(id, MAX_ORDER_BYTES as i64)
    }

    /// The errors of a letter; `None` when it is gone.
    pub(super) fn errors_of(&mut self, id: &LetterId) -> Result<Option<Json>, QueueError> {
        Ok(self.look_at(id, 0)?.map(|letter| letter.errors))
    }

    fn look_at(&mut self, id: &LetterId, longest: i64) -> Result<Option<DeadLetter>, QueueError> {
        let any = LetterFilter::default();
        let (_, letters) = self.look_through(&any, id.as_str(), id.as_str(), 1, longest)?;
        Ok(letters.into_iter().next())
    }

    /// Puts a letter back to the stream it failed in; from ingress it starts anew, in a lane it keeps the time it was queued at.
    ///
    /// # Errors
    /// When Redis fails. Doing it again is safe.
    pub fn redrive(&mut self, id: &LetterId) -> Result<Redrive, QueueError> {
        // Entries never change, so what was read here still holds when the script runs, or the letter is gone.
        let Some(letter) = self.look_at(id, 0)? else { return Ok(Redrive::Gone) };
        let state = letter.order_id.map(|order| self.keys.state(order));
        let keys = &self.keys;
        let mut call = Call::new();
        call.key(keys.dead_letters());
        for stream in Stream::ALL {
            call.key(keys.stream(stream));
        }
        for stream in Stream::ALL {
            call.key(keys.bell(stream));
        }
        call.key(keys.totals());
        if let Some(state) = &state {
            call.key(state);
        }
        call.arg(id.as_str());
        for stream in Stream::ALL {
            call.arg(keys.channel(stream));
        }
        call.arg(self.settings.bell_ms);
        let mut reply = REDRIVE.run(self.redis, call, "failed to redrive a dead letter")?;
        Ok(match reply.text()?.as_str() {
            "redriven" => Redrive::Redriven {
                stream: reply.text()?,
                entry: reply.text()?,
                redrives: reply.count()?,
            },
            "duplicate" => Redrive::Duplicate,
            "gone" => Redrive::Gone,
            "no_order" => Redrive::NoOrder,
            "unknown_stream" => Redrive::UnknownStream,
            _ => return Err(reply.unexpected("an outcome", None)),
        })
    }

    /// Deletes a letter for good; `false` when it was gone. The order's state says so and is kept for the retention.
    ///
    /// # Errors
    /// When Redis fails. Doing it again is safe.
    pub fn discard(&mut self, id: &LetterId) -> Result<bool, QueueError> {
        let Some(letter) = self.look_at(id, 0)? else { return Ok(false) };
        let state = letter.order_id.map(|order| self.keys.state(order));
        let mut call = Call::new();
        call.key(self.keys.dead_letters()).key(self.keys.totals());
        if let Some(state) = &state {
            call.key(state);
        }
        call.arg(id.as_str()).arg(i64::from(self.settings.retention_s) * 1000);
        let mut reply = DISCARD.run(self.redis, call, "failed to discard a dead letter")?;
        Ok(reply.int()? == 1)
    }

    fn look_through(
        &mut self,
        filter: &LetterFilter,
        from: &str,
        to: &str,
        most: i64,
        longest: i64,
    ) -> Result<(Option<String>, Vec<DeadLetter>), QueueError> {
        let order = filter.order.map(|order| order.to_string()).unwrap_or_default();
        let age_ms =
            filter.older_than_s.map(|s| (u64::from(s) * 1000).to_string()).unwrap_or_default();
        let mut call = Call::new();
        call.key(self.keys.dead_letters()).arg(from).arg(to).arg(LOOKS).arg(most);
        call.arg(filter.code.as_deref().unwrap_or_default()).arg(&order).arg(&age_ms).arg(longest);
        let mut reply = LETTERS.run(self.redis, call, "failed to look at the dead letters")?;
        let next = Some(reply.text()?).filter(|id| !id.is_empty());
        let mut letters = Vec::new();
        while !reply.is_empty() {
            letters.push(letter(&mut reply)?);
        }
        Ok((next, letters))
    }
}

/// Takes one letter; anybody may have written it, so nothing in it is relied on.
fn letter(reply: &mut Reply) -> Result<DeadLetter, QueueError> {
    let mut text = || Ok(String::from_utf8_lossy(&reply.bytes()?).into_owned());
    let (id, code, errors, stream, _entry) = (text()?, text()?, text()?, text()?, text()?);
    let (ingress, delivery_count, redrives, order_id) = (text()?, text()?, text()?, text()?);
    let order_bytes = u64::try_from(reply.int()?).ok();
    let order = reply.bytes()?;
    let fields = reply.bytes()?;
    Ok(DeadLetter {
        dead_lettered_at: time_of(&id),
        queued_at: time_of(&ingress),
        errors: serde_json::from_str(&errors).unwrap_or_default(),
        // Not read from the order: that may be what killed its instance, and such a letter must not be out of reach.
        order_id: Uuid::try_parse(&order_id).ok(),
        delivery_count: delivery_count.parse().unwrap_or_default(),
        redrives: redrives.parse().unwrap_or_default(),
        order_bytes,
        order: (!order.is_empty()).then(|| String::from_utf8_lossy(&order).into_owned()),
        fields: serde_json::from_slice(&fields).ok(),
        id,
        code,
        stream,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_letter_is_two_numbers_and_nothing_else() {
        for good in ["0-1", "1763692800000-0", "9007199254740991-18446744073709551615"] {
            assert_eq!(LetterId::parse(good).expect(good).as_str(), good);
        }
        for bad in [
            "",
            "-",
            "+",
            "(1-0",
            "1",
            "1-",
            "-1",
            "1-0 ",
            "+1-0",
            "1--0",
            "9007199254740992-0",
            "1-2-3",
            "a-b",
        ] {
            assert_eq!(LetterId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn history_is_read_line_by_line_and_what_is_no_event_is_left_out() {
        let past = PastDeath::read_all(
            "redriven max_deliveries simple 2000-0 3000-1 1000-0 6\nnonsense\n",
        );
        assert_eq!(past.len(), 1);
        assert_eq!(
            (past[0].event, past[0].code, past[0].stream),
            ("redriven", "max_deliveries", "simple")
        );
        assert_eq!(past[0].at.as_deref(), Some("1970-01-01T00:00:03.000Z"));
        assert_eq!(past[0].dead_lettered_at.as_deref(), Some("1970-01-01T00:00:02.000Z"));
        assert_eq!(past[0].queued_at.as_deref(), Some("1970-01-01T00:00:01.000Z"));
        assert_eq!(past[0].delivery_count, Some(6));
    }
}
