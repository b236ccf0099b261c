//! The log of a worker: a line of JSON for each drain, dead letter and traced message.
//!
//! A line has codes, streams, entry ids, message ids and traces, and nothing else of a message.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;
use strum::{EnumString, IntoStaticStr};

use crate::{Batch, Message, Outcome, SettingError, Stream, Tally, TraceParent, settings};

/// Maximum number of traces in the line of one drain.
const MAX_TRACES: usize = 16;

/// Which lines are written: those of a level and of all more severe ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Level {
    /// Errors only, which the program around the drain writes.
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
    ///
    /// # Errors
    /// When the host does not give it, or it is not a level.
    pub fn read<E: Display>(get: impl Fn(&str) -> Result<String, E>) -> Result<Self, SettingError> {
        let name = "log_level";
        let found = settings::text(get, name)?;
        let expected = "error, warn, info or debug";
        found.trim().parse().map_err(|_| SettingError::wrong(name, expected, &found))
    }
}

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    level: &'a str,
    component: &'a str,
    stream: &'a str,
    #[serde(flatten)]
    event: Event<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event<'a> {
    DeadLettered {
        entry_id: &'a str,
        id: Option<&'a str>,
        code: &'a str,
        delivery_count: i64,
        trace_id: Option<&'a str>,
    },
    Routed(Traced<'a>),
    Confirmed(Traced<'a>),
    Drained {
        elapsed_ms: u64,
        oldest_wait_ms: i64,
        tally: &'a Tally,
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        trace_ids: &'a BTreeSet<String>,
    },
}

#[derive(Serialize)]
struct Traced<'a> {
    lane: &'a str,
    entry_id: &'a str,
    id: &'a str,
    wait_ms: i64,
    traceparent: &'a str,
}

/// The log of one drain.
#[derive(Debug)]
pub struct Log {
    print: fn(&str),
    level: Level,
    component: &'static str,
    stream: Stream,
    oldest_wait_ms: i64,
    traces: BTreeSet<String>,
}

impl Log {
    /// The log of a drain of `stream` by `component`; `print` writes a line.
    pub fn new(print: fn(&str), level: Level, component: &'static str, stream: Stream) -> Self {
        Self { print, level, component, stream, oldest_wait_ms: 0, traces: BTreeSet::new() }
    }

    /// Writes the lines of a committed batch; often none.
    pub fn batch(&mut self, batch: &Batch<'_>) {
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
                    Event::DeadLettered {
                        entry_id: &message.entry_id,
                        id: id.as_deref(),
                        code,
                        delivery_count: message.delivery_count,
                        trace_id: message.trace.as_ref().map(TraceParent::trace_id),
                    },
                ),
                Outcome::Route { id, lane, .. } => self.traced(Event::Routed, message, id, lane),
                Outcome::Confirm { id, .. } => {
                    self.traced(Event::Confirmed, message, id, self.stream.as_str());
                }
            }
        }
    }

    /// Writes the line of the drain.
    pub fn end(&self, tally: &Tally, elapsed: Duration) {
        let level = if tally.is_idle() { Level::Debug } else { Level::Info };
        let elapsed_ms = elapsed.as_millis() as u64;
        let oldest_wait_ms = self.oldest_wait_ms;
        self.write(
            level,
            Event::Drained { elapsed_ms, oldest_wait_ms, tally, trace_ids: &self.traces },
        );
    }

    fn traced<'a>(
        &self,
        event: fn(Traced<'a>) -> Event<'a>,
        message: &'a Message,
        id: &'a str,
        lane: &'a str,
    ) {
        let Some(trace) = &message.trace else { return };
        let (entry_id, wait_ms) = (&*message.entry_id, message.wait_ms());
        let traceparent = trace.as_str();
        self.write(Level::Debug, event(Traced { lane, entry_id, id, wait_ms, traceparent }));
    }

    fn write(&self, level: Level, event: Event<'_>) {
        if level > self.level {
            return;
        }
        let (level, stream) = (level.into(), self.stream.as_str());
        let line = Line { level, component: self.component, stream, event };
        // All keys are strings, so this cannot fail.
        (self.print)(&serde_json::to_string(&line).unwrap_or_default());
    }
}
