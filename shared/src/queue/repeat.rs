//! Requests that say they are repetitions: the header `Idempotency-Key`.
//!
//! Orders need no such key: one that is sent twice is routed once. What a key adds is the same *answer* for the same request, and a refusal
//! where a client uses one key for two requests. The record of a key holds a fingerprint of the request and, once it was
//! answered, what the answer cannot be made from again.
//!
//! Crash window: an instance that dies between its record and its answer leaves a record without one. It lapses after [`LEASE_MS`], and
//! the repetition is carried out again, which is safe because its orders are recognised.

use uuid::Uuid;

use super::Queue;
use super::execute::{Execute, QueueError, Value};
use super::partition::partition_of;

/// How long a request may be under way before its repetition is carried out as well.
const LEASE_MS: i64 = 10_000;
/// The longest key.
const LONGEST: usize = 255;
/// Of the name-based UUIDs of keys and requests.
const NAMESPACE: Uuid = Uuid::from_u128(0x3f0c_9d57_6d0e_4b1c_9a53_2f8e_7f2b_6a11);

/// A key that a client gave, as a name that is safe in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatKey(Uuid);

/// What tells one request, or answer, from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(Uuid);

/// What is known of a request with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is the first: it is to be carried out, and noted with [`Queue::answered`] or given up with [`Queue::give_up`].
    First,
    /// It was answered, with this backlog.
    Answered {
        /// The number that the answer gave.
        backlog: u64,
    },
    /// It is being carried out.
    UnderWay,
    /// The key came with another request.
    Other,
}

impl RepeatKey {
    /// Reads the header: a string in quotes as RFC 9651 writes it, or the same without quotes; 1 to 255 characters of ASCII.
    pub fn parse(header: &str) -> Option<Self> {
        let header = header.trim_ascii();
        let key = match header.strip_prefix('"') {
            Some(rest) => unquoted(rest.strip_suffix('"')?)?,
            None => header
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"')
                .then(|| header.to_owned())?,
        };
        (1..=LONGEST).contains(&key.len()).then(|| Self(Uuid::new_v5(&NAMESPACE, key.as_bytes())))
    }
}

impl RepeatKey {
    /// The partition that holds its record.
    pub fn partition(self, partitions: usize) -> usize {
        partition_of(self.0, partitions)
    }
}

/// The text between the quotes of a string of RFC 9651.
fn unquoted(quoted: &str) -> Option<String> {
    let mut key = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '\\' => characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            ' '..='~' if character != '"' => character,
            _ => return None,
        });
    }
    Some(key)
}

impl Fingerprint {
    /// Of a body with this content type.
    pub fn of(content_type: &str, body: &[u8]) -> Self {
        Self(Uuid::new_v5(&Uuid::new_v5(&NAMESPACE, content_type.as_bytes()), body))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<E: Execute> Queue<'_, E> {
    /// Notes that a request is under way, unless its key is known.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn begin(&mut self, key: RepeatKey, request: Fingerprint) -> Result<Repeat, QueueError> {
        let fingerprint = request.to_string();
        let record = self.keys.repeat(key.0);
        let arguments = [
            (&record).into(),
            (&fingerprint).into(),
            "NX".into(),
            "GET".into(),
            "PX".into(),
            LEASE_MS.into(),
        ];
        let what = "failed to note an idempotency key";
        let reply = self
            .redis
            .execute("SET", &arguments)
            .map_err(|source| QueueError::Redis { what, source })?;
        let known = match reply.first() {
            Some(Value::Bytes(known)) => String::from_utf8_lossy(known),
            Some(Value::Status(known)) => known.into(),
            // Some hosts report nothing as an empty list, others as one nil.
            _ => return Ok(Repeat::First),
        };
        Ok(match known.strip_prefix(&fingerprint) {
            None => Repeat::Other,
            Some(answer) => match answer.trim_start().parse() {
                Ok(backlog) => Repeat::Answered { backlog },
                Err(_) => Repeat::UnderWay,
            },
        })
    }

    /// Notes what a request was answered with; it is kept for the retention.
    ///
    /// # Errors
    /// When Redis fails; then the repetition is carried out again.
    pub fn answered(
        &mut self,
        key: RepeatKey,
        request: Fingerprint,
        backlog: u64,
    ) -> Result<(), QueueError> {
        let record = self.keys.repeat(key.0);
        let value = format!("{request} {backlog}");
        let arguments =
            [(&record).into(), (&value).into(), "PX".into(), self.settings.retention_ms().into()];
        let what = "failed to note the answer to an idempotency key";
        self.redis
            .execute("SET", &arguments)
            .map(drop)
            .map_err(|source| QueueError::Redis { what, source })
    }

    /// Forgets a request of which nothing was written, so that it can be repeated at once.
    ///
    /// # Errors
    /// When Redis fails; then the record lapses by itself.
    pub fn give_up(&mut self, key: RepeatKey) -> Result<(), QueueError> {
        let record = self.keys.repeat(key.0);
        let what = "failed to forget an idempotency key";
        self.redis
            .execute("DEL", &[(&record).into()])
            .map(drop)
            .map_err(|source| QueueError::Redis { what, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_with_quotes_and_without() {
        let key = RepeatKey::parse("8e03978e-40d5").unwrap();
        for same in ["\"8e03978e-40d5\"", "  8e03978e-40d5 ", " \"8e03978e-40d5\""] {
            assert_eq!(RepeatKey::parse(same), Some(key), "{same}");
        }
        for other in ["8e03978e-40d6", "\"8e03978e-40d5 \"", "8E03978E-40D5"] {
            assert_ne!(RepeatKey::parse(other).unwrap(), key, "{other}");
        }
        assert_eq!(
            RepeatKey::parse(r#""a\"b\\""#),
            Some(RepeatKey(Uuid::new_v5(&NAMESPACE, br#"a"b\"#)))
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for good in ["x".repeat(255), format!("\"{}\"", "x".repeat(255))] {
            assert!(RepeatKey::parse(&good).is_some());
        }
        let long = "x".repeat(256);
        let quoted = format!("\"{long}\"");
        for bad in [
            "", "\"\"", "\"", "a b", "\"a", "a\"", "\"a\"b\"", r#""a\b""#, "\"a\\\"", "k\u{e9}y",
            &long, &quoted,
        ] {
            assert_eq!(RepeatKey::parse(bad), None, "{bad}");
        }
    }
}
