//! The contents of the streams at one moment, and the totals.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Queue;
use crate::error::QueueError;
use crate::execute::Execute;
use crate::pause::Pause;
use crate::scripts::STATS;

/// A snapshot of the whole queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The streams that are drained, by name.
    pub streams: BTreeMap<&'static str, StreamStats>,
    /// Results that are kept at the moment.
    pub results: u64,
    /// Dead letters that are kept.
    pub dead_letters: u64,
    /// Counters since the queue was created: `routed_<lane>`, `confirmed_<lane>`,
    /// `dead_lettered_<stream>`, `duplicates`, `redriven`, `discarded`, and
    /// `applied_<stream>:<consumer>`, the messages of a stream that a consumer's commits took out
    /// of it. Values that are not counts are left out.
    pub totals: BTreeMap<String, u64>,
}

/// One stream that is drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamStats {
    /// Entries waiting or in flight; an entry of a lane holds a batch.
    pub length: u64,
    /// Messages waiting or in flight.
    pub messages: u64,
    /// Entries delivered and not acked.
    pub pending: u64,
    /// Age of the oldest entry in ms; 0 when there is none.
    pub oldest_ms: u64,
    /// Entries that any program ever added; from 0 again if the stream is deleted.
    pub added: u64,
    /// Entries that were deleted or trimmed by somebody else: added, never acked, and gone.
    pub vanished: u64,
    /// Since when it is paused and why; absent in JSON when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
}

/// Totals that are internal to the queue.
const INTERNAL: [&str; 3] = ["entries_", "undone_", "waiting_"];

impl Stats {
    /// How many messages each consumer took out of each stream, by the names of stream and
    /// consumer. A stream that was never drained is absent. Duplicates and dead letters count as
    /// well.
    pub fn shares(&self) -> BTreeMap<&str, BTreeMap<&str, u64>> {
        let mut shares: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (name, count) in &self.totals {
            let share = name.strip_prefix("applied_").and_then(|share| share.split_once(':'));
            if let Some((stream, consumer)) = share {
                shares.entry(stream).or_default().insert(consumer, *count);
            }
        }
        shares
    }

    /// Messages that wait or are in flight, in all streams.
    pub fn backlog(&self) -> u64 {
        self.streams.values().map(|stream| stream.messages).sum()
    }
}

impl<E: Execute> Queue<'_, E> {
    /// Reads all streams and totals at one moment.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn stats(&mut self) -> Result<Stats, QueueError> {
        let mut reply = self.run(&STATS, "failed to read the statistics", None, &[])?;
        let mut streams = BTreeMap::new();
        for stream in self.settings.streams() {
            let stats = StreamStats {
                length: reply.count()?,
                messages: reply.count()?,
                pending: reply.count()?,
                oldest_ms: reply.count()?,
                added: reply.count()?,
                vanished: 0,
                paused: Some(reply.text()?).filter(|it| !it.is_empty()).map(|it| Pause::read(&it)),
            };
            streams.insert(stream.as_str(), stats);
        }
        let (results, dead_letters) = (reply.count()?, reply.count()?);
        let (mut totals, mut internal) = (BTreeMap::new(), BTreeMap::new());
        while !reply.is_empty() {
            let (name, value) = (reply.text()?, reply.text()?);
            if let Ok(count) = value.parse::<u64>() {
                let is_internal = INTERNAL.iter().any(|prefix| name.starts_with(prefix));
                if is_internal { &mut internal } else { &mut totals }.insert(name, count);
            }
        }
        for (name, stats) in &mut streams {
            let of =
                |what: &str| internal.get(&format!("{what}_{name}")).copied().unwrap_or_default();
            stats.vanished =
                stats.added.saturating_sub(of("entries") + of("undone") + stats.length);
        }
        Ok(Stats { streams, results, dead_letters, totals })
    }
}
