//! How a queue is used: its name, its lanes and its limits.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::keys::Stream;

/// The name of a queue or of a consumer: 1 to 64 ASCII letters, digits, `-`, `_` or `.`.
///
/// A configured name cannot bring any other character into a key or channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Cow<'static, str>);

/// A text that is not a [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct InvalidName;

/// What messages, ids and results are called in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Field of an ingress entry that holds the message.
    pub message: &'static str,
    /// Field of a result and of a dead letter that holds the message's id.
    pub id: &'static str,
    /// Field of an entry in the results that holds the result.
    pub result: &'static str,
    /// Last part of the key of the results.
    pub results: &'static str,
}

/// How a queue is used; the same for every program that shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name, part of every key and channel.
    pub queue: Name,
    /// The lanes that messages are routed to.
    pub lanes: &'static [&'static str],
    /// What things are called in Redis.
    pub words: Words,
    /// The name this program drains under. One for all replicas is enough: entries are told apart
    /// by id, ownership by idle time. [`Stats::shares`](crate::Stats::shares) says which name did
    /// how much.
    pub consumer: Name,
    /// Most messages claimed at once, 1 to 1,000; a claim from a lane can exceed it by one entry.
    pub batch_size: u32,
    /// How long an entry may be pending before it is delivered again, in ms.
    pub claim_idle_ms: u32,
    /// Deliveries, the first included, after which an entry is dead-lettered.
    pub max_deliveries: u32,
    /// How long one drain may last before it hands over to the next, in ms.
    pub drain_budget_ms: u32,
    /// How long one ring suppresses further rings, in ms.
    pub bell_ms: u32,
    /// How long a result is kept, in seconds; a record is kept for one to two of it.
    pub retention_s: u32,
    /// How long a drain waits for more work when a busy stream is empty, in ms; 0 for not at all.
    pub linger_ms: u32,
    /// Longest message in bytes; a longer one is dead-lettered unread.
    pub max_message_bytes: usize,
}

impl Name {
    /// A name that is part of the program.
    ///
    /// # Panics
    /// When it is not a name; in a constant that is an error of the compiler.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_name(name), "not a valid name");
        Self(Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        if is_name(name) { Ok(Self(name.to_owned().into())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

const fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'_' | b'.')) {
            return false;
        }
        at += 1;
    }
    1 <= at && at <= 64
}

impl Default for Words {
    fn default() -> Self {
        Self { message: "message", id: "message_id", result: "result", results: "results" }
    }
}

impl Settings {
    /// The defaults, for a queue with these lanes.
    pub fn new(queue: Name, lanes: &'static [&'static str]) -> Self {
        Self {
            queue,
            lanes,
            words: Words::default(),
            consumer: Name::from_static("spin"),
            batch_size: 200,
            claim_idle_ms: 5_000,
            max_deliveries: 5,
            drain_budget_ms: 5_000,
            bell_ms: 1_000,
            retention_s: 86_400,
            linger_ms: 20,
            max_message_bytes: 64 * 1024,
        }
    }

    /// Reads the settings that are variables, each by its name here; `get` asks the host for one.
    ///
    /// # Errors
    /// Names the first variable that is absent or wrong.
    pub fn read<E: fmt::Display>(
        self,
        get: impl Fn(&str) -> Result<String, E>,
    ) -> Result<Self, SettingError> {
        let queue = text(&get, "queue")?;
        Ok(Self {
            queue: queue.parse().map_err(|error| SettingError {
                name: "queue",
                fault: format!("{error}, found {queue:?}"),
            })?,
            batch_size: number(&get, "batch_size", 1..=1_000)?,
            claim_idle_ms: number(&get, "claim_idle_ms", 10..=86_400_000)?,
            max_deliveries: number(&get, "max_deliveries", 1..=1_000)?,
            drain_budget_ms: number(&get, "drain_budget_ms", 1..=600_000)?,
            bell_ms: number(&get, "bell_ms", 1..=60_000)?,
            retention_s: number(&get, "retention_s", 1..=31_536_000)?,
            linger_ms: number(&get, "linger_ms", 0..=1_000)?,
            ..self
        })
    }

    /// The streams that are drained, in the order messages pass them.
    pub fn streams(&self) -> impl Iterator<Item = Stream> + use<> {
        std::iter::once(Stream::Ingress).chain(self.lanes.iter().copied().map(Stream::Lane))
    }
}

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable {name}: {fault}")]
pub struct SettingError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it.
    pub fault: String,
}

impl SettingError {
    /// A variable whose value is not what is expected.
    pub fn wrong(name: &'static str, expected: &str, found: &str) -> Self {
        Self { name, fault: format!("expected {expected}, found {found:?}") }
    }
}

/// Reads a variable.
///
/// # Errors
/// When the host does not give it.
pub fn text<E: fmt::Display>(
    get: impl Fn(&str) -> Result<String, E>,
    name: &'static str,
) -> Result<String, SettingError> {
    get(name).map_err(|error| SettingError { name, fault: error.to_string() })
}

/// Reads a variable that is a whole number.
///
/// # Errors
/// When the host does not give it, or it is not a number in its range.
pub fn number<E: fmt::Display>(
    get: impl Fn(&str) -> Result<String, E>,
    name: &'static str,
    range: RangeInclusive<u32>,
) -> Result<u32, SettingError> {
    let found = text(get, name)?;
    match found.trim().parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            Err(SettingError::wrong(name, &expected, &found))
        }
    }
}
