//! The metrics page: names, types, and where each number comes from.
//!
//! Redis keeps every number, so all instances give the same answer and none is lost with an
//! instance. `docs/operate.md` describes the metrics in the same words.

use std::collections::BTreeMap;
use std::fmt::Write;

use http::StatusCode;
use orders::Lane;
use queue::{BATCH_BOUNDS, Stats, StreamStats, WAIT_BOUNDS_MS};

use crate::operations::SAFE_POLICY;
use crate::{Host, Result, response};

/// The data of the page.
struct Snapshot {
    stats: Stats,
    counters: BTreeMap<String, u64>,
    /// Whether Redis may evict keys when it is full; `None` if it is unknown.
    may_evict: Option<bool>,
}

/// Name, type, description, and what writes the samples.
type Family = (&'static str, &'static str, &'static str, fn(&Snapshot, &mut Samples<'_>));

/// All metrics, in the order of the page.
#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    ("orders_stream_entries", "gauge", "entries; one in a lane holds a batch", Snapshot::entries),
    ("orders_stream_messages", "gauge", "orders waiting or in flight",
        |it, to| it.streams(to, |it| it.messages as f64)),
    ("orders_stream_oldest_age_seconds", "gauge", "age of the oldest entry, or 0",
        |it, to| it.streams(to, |it| it.oldest_ms as f64 / 1e3)),
    ("orders_stream_paused", "gauge", "1 while the stream is paused",
        |it, to| it.streams(to, |it| it.paused.is_some().into())),
    ("orders_stream_added_total", "counter", "entries ever added by any program",
        |it, to| it.streams(to, |it| it.added as f64)),
    ("orders_applied_total", "counter", "orders taken out of a stream",
        |it, to| to.pairs(&it.stats.totals, "applied_", ["stream", "consumer"])),
    ("orders_routed_total", "counter", "orders put into a lane", |it, to| it.lanes(to, "routed")),
    ("orders_confirmed_total", "counter", "orders confirmed", |it, to| it.lanes(to, "confirmed")),
    ("orders_dead_lettered_total", "counter", "orders dead-lettered there",
        |it, to| to.pairs(&it.counters, "dead:", ["stream", "code"])),
    ("orders_duplicates_total", "counter",
        "copies dropped because the order had been routed before",
        |it, to| it.total(to, "duplicates")),
    ("orders_redriven_total", "counter", "dead letters put back",
        |it, to| it.total(to, "redriven")),
    ("orders_discarded_total", "counter", "dead letters discarded",
        |it, to| it.total(to, "discarded")),
    ("orders_redelivered_total", "counter", "deliveries after the first",
        |it, to| it.counts(to, "redelivered")),
    ("orders_superseded_total", "counter", "outcomes superseded by another drain",
        |it, to| it.counts(to, "superseded")),
    ("orders_vanished_total", "counter", "entries removed by other programs; must stay 0",
        |it, to| it.streams(to, |it| it.vanished as f64)),
    ("orders_clock_steps_total", "counter", "steps back of the clock of Redis",
        |it, to| it.counts(to, "clock_steps")),
    ("orders_drains_total", "counter", "drains that found work", |it, to| it.counts(to, "drains")),
    ("orders_drains_out_of_time_total", "counter", "drains that spent drain_budget_ms",
        |it, to| it.counts(to, "out_of_time")),
    ("orders_batch_entries", "histogram", "orders in a committed batch",
        |it, to| it.histograms(to, "batch", "stream", &BATCH_BOUNDS, 1.0)),
    ("orders_wait_seconds", "histogram", "time of an order in its stream until its claim",
        |it, to| it.histograms(to, "wait", "stream", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_end_to_end_seconds", "histogram", "time from ingress to the last claim",
        |it, to| it.histograms(to, "done", "lane", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_confirmations", "gauge", "confirmations that are kept",
        |it, to| to.add(&[], it.stats.results as f64)),
    ("orders_dead_letters", "gauge", "dead letters that are kept",
        |it, to| to.add(&[], it.stats.dead_letters as f64)),
    ("orders_redis_may_evict", "gauge", "1 if Redis may evict orders, absent if unknown",
        |it, to| it.may_evict.into_iter().for_each(|it| to.add(&[], it.into()))),
];

/// The name and type of every metric.
pub fn families() -> impl Iterator<Item = (&'static str, &'static str)> {
    FAMILIES.iter().map(|(name, kind, ..)| (*name, *kind))
}

/// The page, in the Prometheus text format. It rings no bell, because a scrape must not change what
/// it measures.
pub(crate) fn page<H: Host>(host: &H) -> Result {
    let snapshot = host.with_queue(|queue| {
        let (stats, counters) = (queue.stats()?, queue.counters()?);
        let may_evict = queue.eviction_policy().map(|policy| policy != SAFE_POLICY);
        Ok(Snapshot { stats, counters, may_evict })
    })?;
    let mut text = String::new();
    for (name, kind, help, write) in FAMILIES {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        write(&snapshot, &mut Samples { text: &mut text, name });
    }
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(response::new(StatusCode::OK, content_type, text.into_bytes()))
}

/// Takes the samples of one family. With the crate `prometheus-client`, the component is 38 KiB
/// larger.
struct Samples<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Samples<'_> {
    fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        self.add_part("", labels, value);
    }

    /// A histogram consists of samples with suffixes.
    fn add_part(&mut self, suffix: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.text, "{}{label}=\"{text}\"", if at == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// `<prefix><first>:<second>` in the counts.
    fn pairs(&mut self, counts: &BTreeMap<String, u64>, prefix: &str, labels: [&str; 2]) {
        for (name, count) in counts {
            let pair = name.strip_prefix(prefix).and_then(|name| name.split_once(':'));
            if let Some((first, second)) = pair {
                self.add(&[(labels[0], first), (labels[1], second)], *count as f64);
            }
        }
    }
}

impl Snapshot {
    fn streams(&self, to: &mut Samples<'_>, figure: fn(&StreamStats) -> f64) {
        self.stats.streams.iter().for_each(|(name, it)| to.add(&[("stream", name)], figure(it)));
    }

    fn entries(&self, to: &mut Samples<'_>) {
        for (name, it) in &self.stats.streams {
            let waiting = it.length.saturating_sub(it.pending);
            to.add(&[("stream", name), ("state", "waiting")], waiting as f64);
            to.add(&[("stream", name), ("state", "pending")], it.pending as f64);
        }
    }

    fn total(&self, to: &mut Samples<'_>, name: &str) {
        to.add(&[], get(&self.stats.totals, name) as f64);
    }

    /// `<what>_<lane>` in the totals.
    fn lanes(&self, to: &mut Samples<'_>, what: &str) {
        for lane in Lane::NAMES {
            to.add(&[("lane", lane)], get(&self.stats.totals, &format!("{what}_{lane}")) as f64);
        }
    }

    /// `<what>:<stream>` in the counters.
    fn counts(&self, to: &mut Samples<'_>, what: &str) {
        for stream in self.stats.streams.keys() {
            to.add(&[("stream", stream)], get(&self.counters, &format!("{what}:{stream}")) as f64);
        }
    }

    /// `<what>:<stream>:<bound>` in the counters, where each value is in one bucket.
    fn histograms(&self, to: &mut Samples<'_>, what: &str, label: &str, bounds: &[i64], unit: f64) {
        let names = self.stats.streams.keys();
        for name in names.filter(|name| label == "stream" || Lane::NAMES.contains(name)) {
            let field = |which: &str| get(&self.counters, &format!("{what}:{name}:{which}"));
            let mut count = 0;
            for bound in bounds {
                count += field(&bound.to_string());
                let bound = (*bound as f64 / unit).to_string();
                to.add_part("_bucket", &[(label, name), ("le", &bound)], count as f64);
            }
            count += field("inf");
            to.add_part("_bucket", &[(label, name), ("le", "+Inf")], count as f64);
            to.add_part("_sum", &[(label, name)], field("sum") as f64 / unit);
            to.add_part("_count", &[(label, name)], count as f64);
        }
    }
}

fn get(counts: &BTreeMap<String, u64>, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or_default()
}
