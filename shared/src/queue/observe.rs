//! What is counted beside `{orders}:totals`: waits, batches, drains and what went wrong, in the hash `{orders}:metrics`.
//!
//! A field is `<what>:<stream>` or `<what>:<stream>:<which>`. A histogram has one field for each bucket that was ever hit, named after
//! its upper bound in ms or entries, `inf` for the last, and `sum`; a value is counted in one bucket only.
//!
//! The waits of a batch are put into buckets here and added by the commit in a few calls, whatever the batch holds. Each entry
//! is counted once, by the commit that applied it: where some of a batch had lapsed, the script counts the others itself.

use std::collections::BTreeMap;

use super::batch::{Row, TimedBatch};
use super::execute::{Execute, QueueError};
use super::keys::Stream;
use super::look::Stats;
use super::{Queue, milliseconds};

/// Upper bounds of waits, in ms. Above the last there is one bucket more.
pub const WAIT_BOUNDS_MS: [i64; 17] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
    1_800_000,
];

/// Upper bounds of batches, in entries. `batch_size` is 1,000 at most.
pub const BATCH_BOUNDS: [i64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/// One look at everything that can be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measures {
    /// The streams and totals.
    pub stats: Stats,
    /// The fields of `{orders}:metrics`.
    pub counters: BTreeMap<String, u64>,
}

/// The name of the bucket that a value falls into: the first bound that it does not exceed.
pub(super) fn bucket(bounds: &[i64], value: i64) -> String {
    bounds.get(index(bounds, value)).map_or_else(|| "inf".to_owned(), i64::to_string)
}

fn index(bounds: &[i64], value: i64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}

/// Waits put into buckets.
#[derive(Default)]
struct Waits {
    buckets: [i64; WAIT_BOUNDS_MS.len() + 1],
    sum_ms: i64,
}

impl Waits {
    fn add(&mut self, wait_ms: i64) {
        self.buckets[index(&WAIT_BOUNDS_MS, wait_ms)] += 1;
        self.sum_ms += wait_ms;
    }

    /// The fields of the hash to be raised, and by how much.
    fn into_fields(self, what: &str, stream: Stream, fields: &mut Vec<(String, i64)>) {
        let stream = stream.as_str();
        let names = WAIT_BOUNDS_MS.iter().map(i64::to_string).chain(["inf".to_owned()]);
        let hit = names.zip(self.buckets).filter(|(_, count)| *count > 0);
        fields.extend(hit.map(|(le, count)| (format!("{what}:{stream}:{le}"), count)));
        if self.sum_ms > 0 {
            fields.push((format!("{what}:{stream}:sum"), self.sum_ms));
        }
    }
}

/// What the commit of a batch adds to the histograms when none of its entries has lapsed.
pub(super) fn waits(batch: &TimedBatch<'_>, rows: &[Row<'_>]) -> Vec<(String, i64)> {
    let (mut wait, mut done) = (Waits::default(), Waits::default());
    for row in rows {
        let since = |entry_id: &str| Some((batch.decided_at_ms - milliseconds(entry_id)?).max(0));
        let in_stream = since(&row.entry.entry_id).unwrap_or_default();
        wait.add(in_stream);
        if row.is_confirmed() {
            // Somebody who puts orders straight into a lane may write anything as the id they had in ingress.
            done.add(since(&row.entry.ingress_id).unwrap_or(in_stream));
        }
    }
    let mut fields = Vec::new();
    wait.into_fields("wait", batch.stream, &mut fields);
    done.into_fields("done", batch.stream, &mut fields);
    fields
}

impl<E: Execute> Queue<'_, E> {
    /// Looks at streams and counters. It rings no bell.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn measures(&mut self) -> Result<Measures, QueueError> {
        let stats = self.stats()?;
        let metrics = self.keys.metrics().to_owned();
        let mut reply =
            self.look_up("failed to read the metrics", "HGETALL", &[(&metrics).into()])?;
        let mut counters = BTreeMap::new();
        while !reply.is_empty() {
            let name = reply.text()?;
            let count = reply.text()?.parse().map_err(|_| reply.unexpected("a counter", None))?;
            counters.insert(name, count);
        }
        Ok(Measures { stats, counters })
    }

    /// Counts a drain that ended before its stream was empty.
    pub(super) fn count_out_of_time(&mut self, stream: Stream) -> Result<(), QueueError> {
        let field = format!("out_of_time:{}", stream.as_str());
        let metrics = self.keys.metrics().to_owned();
        let what = "failed to count a drain";
        self.look_up(what, "HINCRBY", &[(&metrics).into(), (&field).into(), 1_i64.into()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
        for (wait_ms, le) in [(0, "1"), (1, "1"), (2, "2"), (3, "5"), (1_800_000, "1800000")] {
            assert_eq!(bucket(&WAIT_BOUNDS_MS, wait_ms), le);
        }
        assert_eq!(bucket(&WAIT_BOUNDS_MS, 1_800_001), "inf");
        assert_eq!(
            (bucket(&BATCH_BOUNDS, 200), bucket(&BATCH_BOUNDS, 201)),
            ("200".into(), "500".into())
        );
        assert!(WAIT_BOUNDS_MS.is_sorted() && BATCH_BOUNDS.is_sorted());
    }
}
