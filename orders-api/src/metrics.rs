//! The metrics page: names, types, and where each number comes from.
//!
//! Redis keeps every number, so all instances give the same answer and none is lost with an
//! instance. Only `docs/operate.md` describes the metrics; [`help`] reads it.

use std::collections::BTreeMap;
use std::fmt::Error;

use http::StatusCode;
use orders::Lane;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType::{self, Counter, Gauge, Histogram};
use prometheus_client::registry::Registry;
use queue::{BATCH_BOUNDS, Stats, StreamStats, WAIT_BOUNDS_MS};

use crate::operations::SAFE_POLICY;
use crate::{Host, Result, response, with_queue};

/// The data of the page.
#[derive(Debug)]
struct Snapshot {
    stats: Stats,
    counters: BTreeMap<String, u64>,
    /// Whether Redis may evict keys when it is full; `None` if it is unknown.
    may_evict: Option<bool>,
}

/// Name, type, and what writes the samples.
type Family = (&'static str, MetricType, fn(&Snapshot, &mut Samples<'_>));

/// All metrics, in the order of the page.
#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    ("orders_stream_entries", Gauge, Snapshot::entries),
    ("orders_stream_messages", Gauge, |it, to| it.streams(to, |it| it.messages as f64)),
    ("orders_stream_oldest_age_seconds", Gauge,
        |it, to| it.streams(to, |it| it.oldest_ms as f64 / 1e3)),
    ("orders_stream_paused", Gauge,
        |it, to| it.streams(to, |it| it.paused.is_some().into())),
    ("orders_stream_added_total", Counter, |it, to| it.streams(to, |it| it.added as f64)),
    ("orders_applied_total", Counter, Snapshot::applied),
    ("orders_routed_total", Counter, |it, to| it.lanes(to, "routed")),
    ("orders_confirmed_total", Counter, |it, to| it.lanes(to, "confirmed")),
    ("orders_dead_lettered_total", Counter, Snapshot::dead_lettered),
    ("orders_duplicates_total", Counter, |it, to| it.total(to, "duplicates")),
    ("orders_redriven_total", Counter, |it, to| it.total(to, "redriven")),
    ("orders_discarded_total", Counter, |it, to| it.total(to, "discarded")),
    ("orders_redelivered_total", Counter, |it, to| it.counts(to, "redelivered")),
    ("orders_superseded_total", Counter, |it, to| it.counts(to, "superseded")),
    ("orders_vanished_total", Counter, |it, to| it.streams(to, |it| it.vanished as f64)),
    ("orders_clock_steps_total", Counter, |it, to| it.counts(to, "clock_steps")),
    ("orders_drains_total", Counter, |it, to| it.counts(to, "drains")),
    ("orders_drains_out_of_time_total", Counter, |it, to| it.counts(to, "out_of_time")),
    ("orders_batch_entries", Histogram,
        |it, to| it.histograms(to, "batch", "stream", &BATCH_BOUNDS, 1.0)),
    ("orders_wait_seconds", Histogram,
        |it, to| it.histograms(to, "wait", "stream", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_end_to_end_seconds", Histogram,
        |it, to| it.histograms(to, "done", "lane", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_confirmations", Gauge, |it, to| to.add([], it.stats.results as f64)),
    ("orders_dead_letters", Gauge, |it, to| to.add([], it.stats.dead_letters as f64)),
    ("orders_redis_may_evict", Gauge,
        |it, to| it.may_evict.into_iter().for_each(|it| to.add([], it.into()))),
];

/// The name and type of every metric.
pub fn families() -> impl Iterator<Item = (&'static str, &'static str)> {
    FAMILIES.iter().map(|(name, kind, _)| (*name, kind.as_str()))
}

/// The description of a metric: the last column of its row in the docs.
fn help(name: &str) -> &'static str {
    let rows = include_str!("../../docs/operate.md").lines();
    let mut rows = rows.filter(|row| row.starts_with(&format!("| `{name}` |")));
    rows.next().and_then(|row| row.rsplit('|').nth(1)).unwrap_or_default().trim()
}

/// The page, in the Prometheus text format. It rings no bell, because a scrape must not change what
/// it measures.
pub(crate) fn page<H: Host>(host: &H) -> Result {
    let snapshot = with_queue(host, |queue| {
        let (stats, counters) = (queue.stats()?, queue.counters()?);
        let may_evict = queue.eviction_policy().map(|policy| policy != SAFE_POLICY);
        Ok(Snapshot { stats, counters, may_evict })
    })?;
    let mut registry = Registry::default();
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(response::new(StatusCode::OK, CONTENT_TYPE, text.into_bytes()))
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        for (name, kind, write) in FAMILIES {
            // The encoder adds the suffix again.
            let stem = name.strip_suffix("_total").unwrap_or(name);
            let metric = encoder.encode_descriptor(stem, help(name), None, *kind)?;
            write(self, &mut Samples { metric, kind: *kind });
        }
        Ok(())
    }
}

/// Takes the samples of one family.
struct Samples<'a> {
    metric: MetricEncoder<'a>,
    kind: MetricType,
}

impl Samples<'_> {
    fn add<const N: usize>(&mut self, labels: [(&str, &str); N], value: f64) {
        let Ok(mut sample) = self.metric.encode_family(&labels) else { return };
        let _ = match self.kind {
            Counter => sample.encode_counter::<NoLabelSet, _, f64>(&(value as u64), None),
            // Whole numbers have no decimal point.
            _ if value.fract() == 0.0 => sample.encode_gauge(&(value as u64)),
            _ => sample.encode_gauge(&value),
        };
    }
}

impl Snapshot {
    fn streams(&self, to: &mut Samples<'_>, figure: fn(&StreamStats) -> f64) {
        self.stats.streams.iter().for_each(|(name, it)| to.add([("stream", name)], figure(it)));
    }

    fn entries(&self, to: &mut Samples<'_>) {
        for (name, it) in &self.stats.streams {
            let waiting = it.length.saturating_sub(it.pending);
            to.add([("stream", name), ("state", "waiting")], waiting as f64);
            to.add([("stream", name), ("state", "pending")], it.pending as f64);
        }
    }

    fn applied(&self, to: &mut Samples<'_>) {
        for (stream, shares) in self.stats.shares() {
            for (consumer, count) in shares {
                to.add([("stream", stream), ("consumer", consumer)], count as f64);
            }
        }
    }

    /// `dead:<stream>:<code>` in the counters.
    fn dead_lettered(&self, to: &mut Samples<'_>) {
        for (name, count) in &self.counters {
            let name = name.strip_prefix("dead:").and_then(|name| name.split_once(':'));
            if let Some((stream, code)) = name {
                to.add([("stream", stream), ("code", code)], *count as f64);
            }
        }
    }

    fn total(&self, to: &mut Samples<'_>, name: &str) {
        to.add([], get(&self.stats.totals, name) as f64);
    }

    /// `<what>_<lane>` in the totals.
    fn lanes(&self, to: &mut Samples<'_>, what: &str) {
        for lane in Lane::NAMES {
            to.add([("lane", lane)], get(&self.stats.totals, &format!("{what}_{lane}")) as f64);
        }
    }

    /// `<what>:<stream>` in the counters.
    fn counts(&self, to: &mut Samples<'_>, what: &str) {
        for stream in self.stats.streams.keys() {
            to.add([("stream", stream)], get(&self.counters, &format!("{what}:{stream}")) as f64);
        }
    }

    /// `<what>:<stream>:<bound>` in the counters, where each value is in one bucket.
    fn histograms(&self, to: &mut Samples<'_>, what: &str, label: &str, bounds: &[i64], unit: f64) {
        let names = self.stats.streams.keys();
        for name in names.filter(|name| label == "stream" || Lane::NAMES.contains(name)) {
            let field = |which: &str| get(&self.counters, &format!("{what}:{name}:{which}"));
            let bucket = |bound: &i64| (*bound as f64 / unit, field(&bound.to_string()));
            let mut buckets: Vec<(f64, u64)> = bounds.iter().map(bucket).collect();
            buckets.push((f64::INFINITY, field("inf")));
            let (sum, count) = (field("sum") as f64 / unit, buckets.iter().map(|it| it.1).sum());
            let labels = [(label, *name)];
            let Ok(mut sample) = to.metric.encode_family(&labels) else { return };
            let _ = sample.encode_histogram::<NoLabelSet>(sum, count, &buckets, None);
        }
    }
}

fn get(counts: &BTreeMap<String, u64>, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or_default()
}
