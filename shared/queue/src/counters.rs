//! The counters in `{queue}:metrics`: waits, batches, drains and failures.
//!
//! A field is `<what>:<stream>` or `<what>:<stream>:<which>`. A histogram has one field for each
//! bucket that was ever hit, named after its upper bound in ms or messages, `inf` for the last, and
//! `sum`; a value is counted in one bucket only. If another drain committed a part of a batch, the
//! batch counts in no histogram.

use std::collections::BTreeMap;

use crate::Queue;
use crate::error::QueueError;
use crate::execute::Execute;
use crate::keys::Stream;
use crate::message::{Message, Outcome};

/// Upper bounds of waits, in ms. One more bucket holds values above the last.
pub const WAIT_BOUNDS_MS: [i64; 17] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
    1_800_000,
];

/// Upper bounds of batches, in messages.
pub const BATCH_BOUNDS: [i64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/// Values put into buckets.
struct Histogram {
    bounds: &'static [i64],
    buckets: Vec<i64>,
    sum: i64,
}

impl Histogram {
    fn new(bounds: &'static [i64]) -> Self {
        Self { bounds, buckets: vec![0; bounds.len() + 1], sum: 0 }
    }

    /// A value falls into the first bucket whose bound it does not exceed.
    fn add(&mut self, value: i64) {
        self.buckets[self.bounds.partition_point(|bound| *bound < value)] += 1;
        self.sum += value;
    }

    /// The fields to be raised, and by how much.
    fn into_fields(self, what: &str, stream: Stream, fields: &mut Vec<(String, i64)>) {
        let names = self.bounds.iter().map(i64::to_string).chain(["inf".into(), "sum".into()]);
        let counts = self.buckets.iter().chain([&self.sum]);
        let hit = names.zip(counts).filter(|(_, count)| **count > 0);
        fields.extend(hit.map(|(le, count)| (format!("{what}:{}:{le}", stream.as_str()), *count)));
    }
}

/// What the commit of a batch adds to the histograms.
pub(crate) fn of_batch(
    stream: Stream,
    messages: &[Message],
    outcomes: &[Outcome],
) -> Vec<(String, i64)> {
    let [mut wait, mut done] = [(); 2].map(|()| Histogram::new(&WAIT_BOUNDS_MS));
    let mut batch = Histogram::new(&BATCH_BOUNDS);
    batch.add(messages.len() as i64);
    for (message, outcome) in messages.iter().zip(outcomes) {
        wait.add(message.wait_ms());
        if matches!(outcome, Outcome::Confirm { .. }) {
            done.add(message.decided_at_ms - message.queued_at_ms());
        }
    }
    let mut fields = Vec::new();
    batch.into_fields("batch", stream, &mut fields);
    wait.into_fields("wait", stream, &mut fields);
    done.into_fields("done", stream, &mut fields);
    fields
}

impl<E: Execute> Queue<'_, E> {
    /// The fields of `{queue}:metrics`; values that are not counts are left out.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn counters(&mut self) -> Result<BTreeMap<String, u64>, QueueError> {
        let (what, metrics) = ("failed to read the metrics", self.keys.metrics());
        let mut reply = Self::command(self.redis, what, "HGETALL", &[metrics.into()])?;
        let mut counters = BTreeMap::new();
        while !reply.is_empty() {
            let (name, value) = (reply.text()?, reply.text()?);
            if let Ok(count) = value.parse() {
                counters.insert(name, count);
            }
        }
        Ok(counters)
    }

    /// Counts a drain that ended before its stream was empty. A refusal does not end the drain.
    pub(crate) fn count_out_of_time(&mut self, stream: Stream) {
        let field = format!("out_of_time:{}", stream.as_str());
        let arguments = [self.keys.metrics().into(), (&field).into(), 1_i64.into()];
        self.redis.execute("HINCRBY", &arguments).ok();
    }
}

#[cfg(test)]
mod tests;
