//! Every name in Redis: keys, bell channels, the consumer group. No other module builds names.

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
    /// The keys in the order in which scripts take them: [`QUEUE_KEYS`], then [`STREAM_KEYS`] of
    /// each stream.
    all: Vec<String>,
    streams: Vec<Stream>,
    channels: Vec<String>,
}

const QUEUE_KEYS: usize = 7;
const STREAM_KEYS: usize = 4;

impl Keys {
    /// The keys of the queue that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        let queue = &settings.queue;
        let streams: Vec<Stream> = settings.streams().collect();
        let of_queue = [
            "format",
            "index",
            "index:previous",
            settings.words.results,
            "dead-letters",
            "totals",
            "metrics",
        ];
        let mut keys: Vec<String> =
            of_queue.iter().map(|name| format!("{{{queue}}}:{name}")).collect();
        for name in streams.iter().map(|stream| stream.as_str()) {
            keys.extend(
                ["", "bell:", "pause:", "unanswered:"]
                    .map(|kind| format!("{{{queue}}}:{kind}{name}")),
            );
        }
        let channels =
            streams.iter().map(|stream| format!("{queue}.{}", stream.as_str())).collect();
        Self { all: keys, streams, channels }
    }

    /// All keys, as every script takes them.
    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    /// The number of a stream in scripts, from 1.
    pub(crate) fn number(&self, stream: Stream) -> i64 {
        self.position(stream) as i64 + 1
    }

    /// The streams that are drained, ingress first.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The stream itself.
    pub fn stream(&self, stream: Stream) -> &str {
        self.of_stream(stream, 0)
    }

    /// Exists while a ring of a stream's bell suppresses further rings.
    pub fn bell(&self, stream: Stream) -> &str {
        self.of_stream(stream, 1)
    }

    /// Exists while a stream is paused: since when in Unix ms, a blank, the reason.
    pub fn pause(&self, stream: Stream) -> &str {
        self.of_stream(stream, 2)
    }

    /// Rings of ticks that no claim has followed, for two minutes.
    pub fn unanswered(&self, stream: Stream) -> &str {
        self.of_stream(stream, 3)
    }

    /// The pub/sub channel of a stream's bell.
    pub fn channel(&self, stream: Stream) -> &str {
        &self.channels[self.position(stream)]
    }

    /// The hash with the version of the data, and when the index was rotated.
    pub fn format(&self) -> &str {
        &self.all[0]
    }

    /// The hash with a record for each message, by id.
    pub fn index(&self) -> &str {
        &self.all[1]
    }

    /// The generation of the index before this one.
    pub fn previous_index(&self) -> &str {
        &self.all[2]
    }

    /// The stream of results.
    pub fn results(&self) -> &str {
        &self.all[3]
    }

    /// The stream of dead letters.
    pub fn dead_letters(&self) -> &str {
        &self.all[4]
    }

    /// The hash of counters that the queue itself needs.
    pub fn totals(&self) -> &str {
        &self.all[5]
    }

    /// The hash of histograms and counters by cause.
    pub fn metrics(&self) -> &str {
        &self.all[6]
    }

    fn of_stream(&self, stream: Stream, key: usize) -> &str {
        &self.all[QUEUE_KEYS + STREAM_KEYS * self.position(stream) + key]
    }

    /// # Panics
    /// When the queue has no such lane: the program names one that its settings do not have.
    fn position(&self, stream: Stream) -> usize {
        let found = self.streams.iter().position(|known| *known == stream);
        found.unwrap_or_else(|| panic!("the queue has no lane {:?}", stream.as_str()))
    }
}
