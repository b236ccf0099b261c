//! The metrics page: names, types, and where each number comes from.
//!
//! Redis keeps every number, so all instances give the same answer and none is lost with an
//! instance. `docs/operate.md` describes the metrics in the same words.

use std::collections::BTreeMap;
use std::fmt::Write;

use orders::Lane;
use queue::{BATCH_BOUNDS, SAFE_POLICY, Stats, StreamStats, WAIT_BOUNDS_MS};

use crate::{Host, Result, response};

/// Name, type, description, and what writes the samples.
type Family = (&'static str, &'static str, &'static str, fn(&mut Page<'_>));

/// All metrics, in the order of the page.
#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    ("orders_stream_entries", "gauge", "entries; one in a lane holds a batch", |it| it.entries()),
    ("orders_stream_messages", "gauge", "orders waiting or in flight",
        |it| it.streams(|it| it.messages as f64)),
    ("orders_stream_oldest_age_seconds", "gauge", "age of the oldest entry, or 0",
        |it| it.streams(|it| it.oldest_ms as f64 / 1e3)),
    ("orders_stream_paused", "gauge", "1 while the stream is paused",
        |it| it.streams(|it| it.paused.is_some().into())),
    ("orders_stream_added_total", "counter", "entries ever added by any program",
        |it| it.streams(|it| it.added as f64)),
    ("orders_applied_total", "counter", "orders taken out of a stream",
        |it| it.pairs(&it.stats.totals, "applied_", ["stream", "consumer"])),
    ("orders_routed_total", "counter", "orders put into a lane", |it| it.lanes("routed")),
    ("orders_confirmed_total", "counter", "orders confirmed", |it| it.lanes("confirmed")),
    ("orders_dead_lettered_total", "counter", "orders dead-lettered there",
        |it| it.pairs(it.counters, "dead:", ["stream", "code"])),
    ("orders_duplicates_total", "counter",
        "copies dropped because the order had been routed before", |it| it.total("duplicates")),
    ("orders_redriven_total", "counter", "dead letters put back", |it| it.total("redriven")),
    ("orders_discarded_total", "counter", "dead letters discarded", |it| it.total("discarded")),
    ("orders_redelivered_total", "counter", "deliveries after the first",
        |it| it.counts("redelivered")),
    ("orders_superseded_total", "counter", "outcomes superseded by another drain",
        |it| it.counts("superseded")),
    ("orders_vanished_total", "counter", "entries removed by other programs; must stay 0",
        |it| it.streams(|it| it.vanished as f64)),
    ("orders_clock_steps_total", "counter", "steps back of the clock of Redis",
        |it| it.counts("clock_steps")),
    ("orders_drains_total", "counter", "drains that found work", |it| it.counts("drains")),
    ("orders_drains_out_of_time_total", "counter", "drains that spent drain_budget_ms",
        |it| it.counts("out_of_time")),
    ("orders_batch_size", "histogram", "orders in a committed batch",
        |it| it.histograms("batch", "stream", &BATCH_BOUNDS, 1.0)),
    ("orders_wait_seconds", "histogram", "time of an order in its stream until its claim",
        |it| it.histograms("wait", "stream", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_end_to_end_seconds", "histogram", "time from ingress to the last claim",
        |it| it.histograms("done", "lane", &WAIT_BOUNDS_MS, 1e3)),
    ("orders_confirmations", "gauge", "confirmations that are kept",
        |it| it.add(&[], it.stats.results as f64)),
    ("orders_dead_letters", "gauge", "dead letters that are kept",
        |it| it.add(&[], it.stats.dead_letters as f64)),
    ("orders_redis_may_evict", "gauge", "1 if Redis may evict orders, absent if unknown",
        |it| if let Some(may_evict) = it.may_evict { it.add(&[], may_evict.into()) }),
];

/// The name and type of every metric.
pub fn families() -> impl Iterator<Item = (&'static str, &'static str)> {
    FAMILIES.iter().map(|(name, kind, ..)| (*name, *kind))
}

/// The page, in the Prometheus text format. It rings no bell, because a scrape must not change what
/// it measures.
pub(crate) fn page<H: Host>(host: &H) -> Result {
    let (stats, counters, policy) =
        host.with_queue(|queue| Ok((queue.stats()?, queue.counters()?, queue.eviction_policy())))?;
    let may_evict = policy.map(|policy| policy != SAFE_POLICY);
    let (text, name) = (String::new(), "");
    let mut page = Page { text, name, stats: &stats, counters: &counters, may_evict };
    for (name, kind, help, write) in FAMILIES {
        // Writing to a string cannot fail.
        let _ = writeln!(page.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        page.name = name;
        write(&mut page);
    }
    Ok(response::new("text/plain; version=0.0.4; charset=utf-8", page.text.into_bytes()))
}

/// The page so far, and the numbers for it. With the crate `prometheus-client`, the component is 38
/// KiB larger.
struct Page<'a> {
    text: String,
    /// The metric whose samples are being written.
    name: &'static str,
    stats: &'a Stats,
    counters: &'a BTreeMap<String, u64>,
    /// Whether Redis may evict keys when it is full; `None` if it is unknown.
    may_evict: Option<bool>,
}

impl Page<'_> {
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

    fn streams(&mut self, figure: fn(&StreamStats) -> f64) {
        self.stats.streams.iter().for_each(|(name, it)| self.add(&[("stream", name)], figure(it)));
    }

    fn entries(&mut self) {
        for (name, it) in &self.stats.streams {
            let waiting = it.length.saturating_sub(it.pending);
            self.add(&[("stream", name), ("state", "waiting")], waiting as f64);
            self.add(&[("stream", name), ("state", "pending")], it.pending as f64);
        }
    }

    fn total(&mut self, name: &str) {
        self.add(&[], get(&self.stats.totals, name) as f64);
    }

    /// `<what>_<lane>` in the totals.
    fn lanes(&mut self, what: &str) {
        for lane in Lane::NAMES {
            self.add(&[("lane", lane)], get(&self.stats.totals, &format!("{what}_{lane}")) as f64);
        }
    }

    /// `<what>:<stream>` in the counters.
    fn counts(&mut self, what: &str) {
        for stream in self.stats.streams.keys() {
            self.add(&[("stream", stream)], get(self.counters, &format!("{what}:{stream}")) as f64);
        }
    }

    /// `<what>:<stream>:<bound>` in the counters, where each value is in one bucket.
    fn histograms(&mut self, what: &str, label: &str, bounds: &[i64], unit: f64) {
        let (counters, names) = (self.counters, self.stats.streams.keys());
        for name in names.filter(|name| label == "stream" || Lane::NAMES.contains(name)) {
            let field = |which: &str| get(counters, &format!("{what}:{name}:{which}"));
            let mut count = 0;
            for bound in bounds {
                count += field(&bound.to_string());
                let bound = (*bound as f64 / unit).to_string();
                self.add_part("_bucket", &[(label, name), ("le", &bound)], count as f64);
            }
            count += field("inf");
            self.add_part("_bucket", &[(label, name), ("le", "+Inf")], count as f64);
            self.add_part("_sum", &[(label, name)], field("sum") as f64 / unit);
            self.add_part("_count", &[(label, name)], count as f64);
        }
    }
}

fn get(counts: &BTreeMap<String, u64>, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or_default()
}
