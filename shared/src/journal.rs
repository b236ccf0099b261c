//! What a worker writes into its log: a line of JSON for each drain, for each dead letter, and for each traced order.
//!
//! A line names codes, streams, entry ids, order ids and traces. It never holds anything of an order but its id: no name, no text,
//! no value. There is no time in it either; who collects logs stamps them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::queue::{Batch, DeadLetterReason, Entry, Outcome, Stream, Tally};

/// The traces that the line of one drain names at most.
pub const MOST_TRACES: usize = 16;

/// How much is written: a level and all that are graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What keeps a component from working. It is written by whoever runs the component.
    Error,
    /// Dead letters as well.
    Warn,
    /// Drains that did something as well.
    Info,
    /// Drains that found nothing and each traced order as well.
    Debug,
}

impl LogLevel {
    /// Every level, the gravest first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// The name of the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The level with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// The journal of one drain.
#[derive(Debug)]
pub struct Journal {
    level: LogLevel,
    stream: Stream,
    oldest_wait_ms: i64,
    traces: BTreeSet<String>,
}

impl Journal {
    /// Begins the journal of a drain.
    pub fn new(level: LogLevel, stream: Stream) -> Self {
        Self { level, stream, oldest_wait_ms: 0, traces: BTreeSet::new() }
    }

    /// The lines of a committed batch, each with its end; often none.
    pub fn batch(&mut self, batch: &Batch<'_>) -> String {
        // Handed out in the order of their ids, so the first is the oldest.
        let oldest = batch.entries.first().map_or(0, |entry| batch.wait_ms(entry));
        self.oldest_wait_ms = self.oldest_wait_ms.max(oldest);
        let mut lines = String::new();
        for (entry, outcome) in batch.applied() {
            let line = match outcome {
                Outcome::DeadLetter { order, reason } if self.level >= LogLevel::Warn => {
                    self.dead_letter(entry, order.map(|order| order.to_string()), reason)
                }
                Outcome::Route { lane, order, .. } if entry.trace.is_some() => {
                    self.traced(entry, &order.to_string(), "routed", lane.as_str(), batch)
                }
                Outcome::Confirm { order, .. } if entry.trace.is_some() => {
                    self.traced(entry, &order.to_string(), "confirmed", self.stream.as_str(), batch)
                }
                _ => None,
            };
            if let Some(trace) = &entry.trace
                && self.traces.len() < MOST_TRACES
            {
                self.traces.insert(trace.trace_id().to_owned());
            }
            if let Some(line) = line {
                lines += &line.to_string();
                lines.push('\n');
            }
        }
        lines
    }

    /// The line of the drain; `None` when it is too slight for the level.
    pub fn end(self, tally: &Tally, elapsed: Duration) -> Option<String> {
        let level = if tally.is_idle() { LogLevel::Debug } else { LogLevel::Info };
        if self.level < level {
            return None;
        }
        let mut line = json!({
            "level": level.as_str(),
            "event": "drained",
            "component": self.stream.group(),
            "stream": self.stream.as_str(),
            "elapsed_ms": elapsed.as_millis() as u64,
            "oldest_wait_ms": self.oldest_wait_ms,
            "tally": tally,
        });
        if !self.traces.is_empty() {
            line["trace_ids"] = json!(self.traces);
        }
        Some(line.to_string())
    }

    fn dead_letter(
        &self,
        entry: &Entry,
        order: Option<String>,
        reason: &DeadLetterReason,
    ) -> Option<Value> {
        let mut line = json!({
            "level": LogLevel::Warn.as_str(),
            "event": "dead_lettered",
            "component": self.stream.group(),
            "stream": self.stream.as_str(),
            "entry_id": entry.entry_id,
            "order_id": order,
            "code": reason.code(),
            "delivery_count": entry.delivery_count,
        });
        if let Some(trace) = &entry.trace {
            line["trace_id"] = json!(trace.trace_id());
        }
        Some(line)
    }

    fn traced(
        &self,
        entry: &Entry,
        order: &str,
        event: &str,
        lane: &str,
        batch: &Batch<'_>,
    ) -> Option<Value> {
        let trace = entry.trace.as_ref().filter(|_| self.level >= LogLevel::Debug)?;
        Some(json!({
            "level": LogLevel::Debug.as_str(),
            "event": event,
            "component": self.stream.group(),
            "lane": lane,
            "entry_id": entry.entry_id,
            "order_id": order,
            "wait_ms": batch.wait_ms(entry),
            "traceparent": trace.as_str(),
        }))
    }
}
