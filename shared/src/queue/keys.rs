//! Every name in Redis: keys, bell channels, consumer groups. None is made anywhere else.

use std::fmt;

use uuid::Uuid;

/// The name of a queue: 1 to 64 letters, digits, `-`, `_` or `.`.
///
/// Nothing else can get into a key or channel by way of the variable `queue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueName(String);

/// The name that a program drains under, in every group: `spin` for the components. The alphabet is that of a [`QueueName`].
///
/// One name for all replicas is enough: entries are told apart by id, ownership by idle time. It says in `{orders}:totals` who
/// did how much, see [`Stats::shares`](super::Stats::shares).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerName(String);

/// A stream that orders wait in and that one component drains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Where orders come in; drained by `distributor`.
    Ingress,
    /// Where simple orders wait; drained by `receiver-simple`.
    Simple,
    /// Where complex orders wait; drained by `receiver-complex`.
    Complex,
}

/// Where a routed order waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Quick to fulfil.
    Simple,
    /// Needs calculation and planning.
    Complex,
}

/// The keys of one queue. They share a hash tag, so that every script stays on one node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    queue: QueueName,
    streams: [String; 3],
    bells: [String; 3],
    channels: [String; 3],
    pauses: [String; 3],
    confirmations: String,
    dead_letters: String,
    totals: String,
    metrics: String,
}

impl QueueName {
    /// The most characters.
    pub(crate) const LONGEST: usize = 64;

    /// Reads a name; `None` when it is empty, too long or has a character that is not allowed.
    pub fn parse(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<queue>-<suffix>`; the caller sees to the alphabet and the length.
    pub(super) fn joined(queue: &Self, suffix: &str) -> Self {
        Self(format!("{queue}-{suffix}"))
    }
}

impl ConsumerName {
    /// Reads a name; `None` when it is empty, too long or has a character that is not allowed.
    pub fn parse(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ConsumerName {
    fn default() -> Self {
        Self("spin".into())
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=QueueName::LONGEST).contains(&text.len()) && text.bytes().all(allowed)
}

impl Default for QueueName {
    fn default() -> Self {
        Self("orders".into())
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Stream {
    /// All streams that are drained, in the order orders pass them.
    pub const ALL: [Self; 3] = [Self::Ingress, Self::Simple, Self::Complex];

    /// The short name, also the last part of key and channel.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Simple => "simple",
            Self::Complex => "complex",
        }
    }

    /// The stream with this short name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == name)
    }

    /// The consumer group, named after the component that drains the stream.
    pub fn group(self) -> &'static str {
        match self {
            Self::Ingress => "distributor",
            Self::Simple => "receiver-simple",
            Self::Complex => "receiver-complex",
        }
    }
}

impl Lane {
    /// Both lanes.
    pub const ALL: [Self; 2] = [Self::Simple, Self::Complex];

    /// `simple` or `complex`.
    pub fn as_str(self) -> &'static str {
        Stream::from(self).as_str()
    }
}

impl From<Lane> for Stream {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Simple => Self::Simple,
            Lane::Complex => Self::Complex,
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Keys {
    /// The keys of a queue.
    pub fn new(queue: QueueName) -> Self {
        let key = |name: &str| format!("{{{queue}}}:{name}");
        let streams = Stream::ALL.map(|stream| key(stream.as_str()));
        let bells = Stream::ALL.map(|stream| key(&format!("bell:{}", stream.as_str())));
        let channels = Stream::ALL.map(|stream| format!("{queue}.{}", stream.as_str()));
        let pauses = Stream::ALL.map(|stream| key(&format!("pause:{}", stream.as_str())));
        Self {
            streams,
            bells,
            channels,
            pauses,
            confirmations: key("confirmations"),
            dead_letters: key("dead-letters"),
            totals: key("totals"),
            metrics: key("metrics"),
            queue,
        }
    }

    /// The stream itself.
    pub fn stream(&self, stream: Stream) -> &str {
        &self.streams[stream as usize]
    }

    /// The mark that a stream's bell has been rung and not yet been heard.
    pub fn bell(&self, stream: Stream) -> &str {
        &self.bells[stream as usize]
    }

    /// The pub/sub channel of a stream's bell.
    pub fn channel(&self, stream: Stream) -> &str {
        &self.channels[stream as usize]
    }

    /// What is there while a stream is paused: a stream of one entry, so that KEDA can ask for its length as it does for the others.
    pub fn pause(&self, stream: Stream) -> &str {
        &self.pauses[stream as usize]
    }

    /// The stream of confirmations.
    pub fn confirmations(&self) -> &str {
        &self.confirmations
    }

    /// The stream of dead letters.
    pub fn dead_letters(&self) -> &str {
        &self.dead_letters
    }

    /// The hash of counters.
    pub fn totals(&self) -> &str {
        &self.totals
    }

    /// The hash of what is measured: histograms, and counters by cause.
    pub fn metrics(&self) -> &str {
        &self.metrics
    }

    /// The hash that says how far an order is.
    pub fn state(&self, order: Uuid) -> String {
        self.of_id("}:state:", order)
    }

    /// The record of an idempotency key.
    pub(super) fn repeat(&self, key: Uuid) -> String {
        self.of_id("}:idempotency:", key)
    }

    /// Written by hand: it is done for every order.
    fn of_id(&self, kind: &str, id: Uuid) -> String {
        let mut buffer = Uuid::encode_buffer();
        let id = id.hyphenated().encode_lower(&mut buffer);
        let queue = self.queue.as_str();
        let mut key = String::with_capacity(1 + queue.len() + kind.len() + id.len());
        key.push('{');
        key.push_str(queue);
        key.push_str(kind);
        key.push_str(id);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_share_the_queues_hash_tag_and_channels_its_name() {
        let keys = Keys::new(QueueName::default());
        assert_eq!(keys.stream(Stream::Ingress), "{orders}:ingress");
        assert_eq!(keys.stream(Lane::Complex.into()), "{orders}:complex");
        assert_eq!(keys.bell(Stream::Simple), "{orders}:bell:simple");
        assert_eq!(keys.channel(Stream::Simple), "orders.simple");
        assert_eq!(keys.pause(Stream::Complex), "{orders}:pause:complex");
        assert_eq!(keys.confirmations(), "{orders}:confirmations");
        assert_eq!(keys.dead_letters(), "{orders}:dead-letters");
        assert_eq!(keys.totals(), "{orders}:totals");
        assert_eq!(keys.metrics(), "{orders}:metrics");
        let id = Uuid::from_u128(0xABC);
        assert_eq!(keys.state(id), "{orders}:state:00000000-0000-0000-0000-000000000abc");
        assert_eq!(keys.repeat(id), "{orders}:idempotency:00000000-0000-0000-0000-000000000abc");
    }

    #[test]
    fn a_name_cannot_carry_anything_into_a_key() {
        for good in ["orders", "a", "Orders-2_x.y", &"a".repeat(64)] {
            assert!(
                QueueName::parse(good).is_some() && ConsumerName::parse(good).is_some(),
                "{good}"
            );
        }
        for bad in ["", "a b", "a}b", "{a}", "a:b", "a\r\nFLUSHALL", "ä", &"a".repeat(65)] {
            assert!(QueueName::parse(bad).is_none() && ConsumerName::parse(bad).is_none(), "{bad}");
        }
    }
}
