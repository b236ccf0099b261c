//! The names in Redis: keys, bell channels, the consumer group. Scripts get the keys from here, and
//! have channels and group in `common/head.lua`.

use std::slice;

use crate::settings::Settings;

/// The consumer group of every stream that is drained.
pub const GROUP: &str = "workers";

/// A stream that messages wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The stream of new messages: one entry for each.
    Ingress,
    /// The stream of routed messages: one entry for each batch.
    Lane(&'static str),
}

impl Stream {
    /// The name: the last part of key and channel.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Lane(name) => name,
        }
    }
}

/// The keys of one queue. They share a hash tag, so that every script stays on one node of a
/// cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// In the order of [`OF_QUEUE`].
    of_queue: Vec<String>,
    /// For each stream, as all fields below.
    messages: Vec<String>,
    bells: Vec<String>,
    pauses: Vec<String>,
    unanswered: Vec<String>,
    streams: Vec<Stream>,
    channels: Vec<String>,
}

/// The keys of the queue, by their names in scripts.
const OF_QUEUE: [&str; 7] =
    ["format", "index", "index:previous", "results", "dead-letters", "totals", "metrics"];

impl Keys {
    /// The keys of the queue that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        let queue = &settings.queue;
        let streams: Vec<Stream> = settings.streams().collect();
        let each = |kind: &str| {
            streams.iter().map(|stream| format!("{{{queue}}}:{kind}{}", stream.as_str())).collect()
        };
        let name = |name| if name == "results" { settings.words.results } else { name };
        Self {
            of_queue: OF_QUEUE.map(|of| format!("{{{queue}}}:{}", name(of))).into(),
            messages: each(""),
            bells: each("bell:"),
            pauses: each("pause:"),
            unanswered: each("unanswered:"),
            channels: streams.iter().map(|stream| format!("{queue}.{}", stream.as_str())).collect(),
            streams,
        }
    }

    /// The keys that a script lists under this name; `stream` is the one that the call is about.
    pub(crate) fn named(&self, name: &str, stream: Option<Stream>) -> &[String] {
        let at = || self.position(stream.expect("the call is about a stream"));
        match name {
            "streams" => &self.messages,
            "bells" => &self.bells,
            "pauses" => &self.pauses,
            "bell" => slice::from_ref(&self.bells[at()]),
            "pause" => slice::from_ref(&self.pauses[at()]),
            "unanswered" => slice::from_ref(&self.unanswered[at()]),
            _ => {
                let at = OF_QUEUE.iter().position(|of| *of == name);
                slice::from_ref(&self.of_queue[at.expect("a key of the queue")])
            }
        }
    }

    /// The number of a stream in scripts, from 1.
    pub(crate) fn number(&self, stream: Stream) -> i64 {
        self.position(stream) as i64 + 1
    }

    /// The stream itself.
    pub fn stream(&self, stream: Stream) -> &str {
        &self.messages[self.position(stream)]
    }

    /// Exists while a ring of a stream's bell suppresses further rings.
    pub fn bell(&self, stream: Stream) -> &str {
        &self.bells[self.position(stream)]
    }

    /// Exists while a stream is paused: since when in Unix ms, a blank, the reason.
    pub fn pause(&self, stream: Stream) -> &str {
        &self.pauses[self.position(stream)]
    }

    /// Ticks in a row that found work and a rung bell, and that no claim followed, and the time of
    /// the last; kept for two minutes.
    pub fn unanswered(&self, stream: Stream) -> &str {
        &self.unanswered[self.position(stream)]
    }

    /// The pub/sub channel of a stream's bell.
    pub fn channel(&self, stream: Stream) -> &str {
        &self.channels[self.position(stream)]
    }

    /// The hash with the version of the data, and when the index was rotated.
    pub fn format(&self) -> &str {
        &self.of_queue[0]
    }

    /// The hash with a record for each message, by id.
    pub fn index(&self) -> &str {
        &self.of_queue[1]
    }

    /// The generation of the index before this one.
    pub fn previous_index(&self) -> &str {
        &self.of_queue[2]
    }

    /// The stream of results.
    pub fn results(&self) -> &str {
        &self.of_queue[3]
    }

    /// The stream of dead letters.
    pub fn dead_letters(&self) -> &str {
        &self.of_queue[4]
    }

    /// The hash of counters that the queue itself needs.
    pub fn totals(&self) -> &str {
        &self.of_queue[5]
    }

    /// The hash of histograms and counters by cause.
    pub fn metrics(&self) -> &str {
        &self.of_queue[6]
    }

    /// # Panics
    /// When the queue has no such lane: the program names one that its settings do not have.
    fn position(&self, stream: Stream) -> usize {
        let found = self.streams.iter().position(|known| *known == stream);
        found.unwrap_or_else(|| panic!("the queue has no lane {:?}", stream.as_str()))
    }
}
