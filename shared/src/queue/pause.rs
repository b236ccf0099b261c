//! Pausing a stream: its orders wait, for maintenance or while a downstream is in trouble, and everybody sees since when and why.
//!
//! A pause is an entry in Redis, whose id says since when. A claim that begins while it is there hands nothing out; one that was about to
//! read a long batch has it still. Enqueueing, commits of what is in flight, redrives and look-ups go on. The bell of a paused stream counts as rung, so nobody is started to find nothing to do.
//!
//! Guarantee: pausing and resuming move no order. What was claimed before is committed or redelivered as ever, and a pause that was
//! lost, or ended by itself, is found by the next tick.

use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Queue;
use super::execute::{Execute, QueueError, Reply, Value};
use super::keys::Stream;
use super::look::time_of;
use super::scripts::{Call, PAUSE, RESUME};

/// The longest time after which a pause may end by itself, in seconds: a year.
pub const MAX_PAUSE_S: u32 = 31_536_000;

/// What somebody says of a pause: 1 to 200 characters without blanks at its ends, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark(String);

/// A pause that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRequest {
    /// Why.
    pub reason: Remark,
    /// Who says so.
    pub by: Option<Remark>,
    /// After how many seconds it ends by itself, up to [`MAX_PAUSE_S`]; `None` for never.
    pub for_s: Option<u32>,
}

/// A pause that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Since when, in Unix ms by the clock of Redis; as RFC 3339 in JSON.
    #[serde(rename = "since", serialize_with = "as_time")]
    pub since_ms: i64,
    /// Why.
    pub reason: String,
    /// Who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it ends by itself, in Unix ms; as RFC 3339 in JSON.
    #[serde(
        rename = "until",
        serialize_with = "as_optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub until_ms: Option<i64>,
}

impl Remark {
    /// The most characters.
    pub const MOST: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Remark {
    type Err = &'static str;

    /// Reads a remark; blanks around it do not count.
    ///
    /// # Errors
    /// Says what was expected.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.chars().count() {
            1..=Self::MOST if !text.chars().any(char::is_control) => Ok(Self(text.to_owned())),
            _ => Err("expected 1 to 200 characters, none of them a control character"),
        }
    }
}

impl Pause {
    /// Since when, as RFC 3339.
    pub fn since(&self) -> String {
        time(self.since_ms)
    }

    /// When it ends by itself, as RFC 3339.
    pub fn until(&self) -> Option<String> {
        self.until_ms.map(time)
    }

    /// Takes since, until, reason and by from a reply; all are empty where there is no pause.
    pub(super) fn read(reply: &mut Reply) -> Result<Option<Self>, QueueError> {
        let (since, until) = (reply.text()?, reply.text()?);
        let (reason, by) = (reply.text()?, reply.text()?);
        if since.is_empty() {
            return Ok(None);
        }
        let number = |text: &str| text.parse().map_err(|_| reply.unexpected("a time", None));
        let until_ms = if until.is_empty() { 0 } else { number(&until)? };
        Ok(Some(Self {
            since_ms: number(&since)?,
            reason,
            by: Some(by).filter(|by| !by.is_empty()),
            until_ms: Some(until_ms).filter(|until_ms| *until_ms > 0),
        }))
    }
}

/// A time in Unix ms as RFC 3339; a number that is no time stays a number.
fn time(ms: i64) -> String {
    let ms = ms.to_string();
    time_of(&ms).unwrap_or(ms)
}

fn as_time<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time(*ms))
}

fn as_optional_time<S: Serializer>(ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    ms.map(time).serialize(serializer)
}

impl<E: Execute> Queue<'_, E> {
    /// Pauses a stream at once: nothing more of it is claimed. One that is paused already keeps since when; reason, who and end
    /// become those of this request.
    ///
    /// # Errors
    /// When Redis fails; then it is unknown whether the stream is paused, and asking again is safe.
    pub fn pause(&mut self, stream: Stream, request: &PauseRequest) -> Result<Pause, QueueError> {
        let mut call = Call::new();
        call.key(self.keys.pause(stream)).key(self.keys.bell(stream));
        let by = request.by.as_ref().map_or("", Remark::as_str);
        let for_ms = request.for_s.map_or(0, |seconds| i64::from(seconds) * 1_000);
        call.arg(request.reason.as_str()).arg(by).arg(for_ms);
        let mut reply = PAUSE.run(self.redis, call, "failed to pause")?;
        let pause = Pause::read(&mut reply)?;
        pause.ok_or_else(|| reply.unexpected("a pause", None))
    }

    /// Ends a stream's pause and rings its bell; `false` when it was not paused.
    ///
    /// # Errors
    /// When Redis fails; asking again is safe.
    pub fn resume(&mut self, stream: Stream) -> Result<bool, QueueError> {
        let mut call = Call::new();
        call.key(self.keys.pause(stream)).key(self.keys.bell(stream));
        call.arg(self.keys.channel(stream)).arg(self.settings.bell_ms);
        Ok(RESUME.run(self.redis, call, "failed to resume")?.int()? == 1)
    }

    /// The pause of a stream; `None` when it is not paused.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn pause_of(&mut self, stream: Stream) -> Result<Option<Pause>, QueueError> {
        let what = "failed to look for a pause";
        let arguments =
            [self.keys.pause(stream).into(), "-".into(), "+".into(), "COUNT".into(), 1_i64.into()];
        let values = self
            .redis
            .execute("XRANGE", &arguments)
            .map_err(|source| QueueError::Redis { what, source })?;
        // Some hosts report nothing as an empty list, others as one nil.
        let mut found =
            Reply::new(what, values.into_iter().filter(|value| *value != Value::Nil).collect());
        let mut fields = ["since", "until", "reason", "by"].map(|name| (name, Vec::new()));
        if !found.is_empty() {
            let id = found.text()?;
            fields[0].1 = id.split('-').next().unwrap_or_default().into();
        }
        while !found.is_empty() {
            let (name, value) = (found.text()?, found.bytes()?);
            if let Some(field) = fields[1..].iter_mut().find(|field| field.0 == name) {
                field.1 = value;
            }
        }
        let values = fields.map(|(_, value)| Value::Bytes(value));
        Pause::read(&mut Reply::new(what, values.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_a_line_of_1_to_200_characters() {
        for good in ["x", "Möbel & \"Glas\" 🏭", &"ä".repeat(200)] {
            assert_eq!(good.parse::<Remark>().unwrap().as_str(), good);
        }
        assert_eq!("  a b \n".parse::<Remark>().unwrap().as_str(), "a b");
        for bad in ["", "  \t", &"ä".repeat(201), "a\nb", "a\u{1b}[2J", "a\0", "\u{85}a\u{7f}b"] {
            assert!(bad.parse::<Remark>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pause_tells_its_times_as_rfc_3339_and_leaves_out_what_it_has_not() {
        let pause =
            Pause { since_ms: 1_700_000_000_000, reason: "r".into(), by: None, until_ms: None };
        let json = serde_json::to_string(&pause).unwrap();
        assert_eq!(json, r#"{"since":"2023-11-14T22:13:20.000Z","reason":"r"}"#);
        let pause = Pause { by: Some("Ada".into()), until_ms: Some(1_700_000_001_500), ..pause };
        assert_eq!(
            serde_json::to_value(&pause).unwrap()["until"],
            serde_json::json!("2023-11-14T22:13:21.500Z")
        );
    }
}
