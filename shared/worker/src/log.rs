//! The log of a worker: a line of JSON for each drain, dead letter and traced message.
//!
//! A line has codes, streams, entry ids, message ids and traces, and nothing else of a message.

use std::collections::BTreeSet;
use std::time::Duration;

use queue::{Batch, Message, Outcome, SettingError, Stream, Tally};
use serde_json::{Value, json};
use strum::{EnumString, IntoStaticStr};

use crate::variable;

/// Maximum number of traces in the line of one drain.
const MAX_TRACES: usize = 16;

/// Which lines are written: those of a level and of all more severe ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Level {
    /// Errors only, which Spin writes.
    Error,
    /// Also dead letters.
    Warn,
    /// Also drains that found work.
    Info,
    /// Also drains that found nothing, and each traced message.
    Debug,
}

impl Level {
    /// Reads `log_level`.
    pub(crate) fn read() -> Result<Self, SettingError> {
        let name = "log_level";
        let found = queue::settings::text(variable, name)?;
        let expected = "error, warn, info or debug";
        found.parse().map_err(|_| SettingError::wrong(name, expected, &found))
    }
}

/// The log of one drain.
pub(crate) struct Log {
    level: Level,
    component: &'static str,
    stream: Stream,
    oldest_wait_ms: i64,
    traces: BTreeSet<String>,
}

impl Log {
    pub(crate) fn new(level: Level, component: &'static str, stream: Stream) -> Self {
        Self { level, component, stream, oldest_wait_ms: 0, traces: BTreeSet::new() }
    }

    /// Writes the lines of a committed batch; often none.
    pub(crate) fn batch(&mut self, batch: &Batch<'_>) {
        // Messages are in the order of their entries, so the first is the oldest.
        let oldest = batch.messages.first().map_or(0, Message::wait_ms);
        self.oldest_wait_ms = self.oldest_wait_ms.max(oldest);
        for (message, outcome) in batch.applied() {
            if let Some(trace) = &message.trace
                && self.traces.len() < MAX_TRACES
            {
                self.traces.insert(trace.trace_id().to_owned());
            }
            match outcome {
                Outcome::DeadLetter { id, code, .. } => self.write(
                    Level::Warn,
                    "dead_lettered",
                    json!({ "entry_id": &*message.entry_id, "id": id, "code": code,
                        "delivery_count": message.delivery_count,
                        "trace_id": message.trace.as_ref().map(queue::TraceParent::trace_id) }),
                ),
                Outcome::Route { id, lane, .. } => self.traced(message, "routed", id, lane),
                Outcome::Confirm { id, .. } => {
                    self.traced(message, "confirmed", id, self.stream.as_str());
                }
            }
        }
    }

    /// Writes the line of the drain.
    pub(crate) fn end(&self, tally: &Tally, elapsed: Duration) {
        let level = if tally.is_idle() { Level::Debug } else { Level::Info };
        let mut line = json!({
            "elapsed_ms": elapsed.as_millis() as u64,
            "oldest_wait_ms": self.oldest_wait_ms,
            "tally": tally,
        });
        if !self.traces.is_empty() {
            line["trace_ids"] = json!(self.traces);
        }
        self.write(level, "drained", line);
    }

    fn traced(&self, message: &Message, event: &str, id: &str, lane: &str) {
        let Some(trace) = &message.trace else { return };
        let line = json!({ "lane": lane, "entry_id": &*message.entry_id, "id": id,
            "wait_ms": message.wait_ms(), "traceparent": trace.as_str() });
        self.write(Level::Debug, event, line);
    }

    fn write(&self, level: Level, event: &str, mut line: Value) {
        if level > self.level {
            return;
        }
        let level: &str = level.into();
        line["level"] = level.into();
        line["event"] = event.into();
        line["component"] = self.component.into();
        line["stream"] = self.stream.as_str().into();
        println!("{line}");
    }
}
