//! The figures of a run. Its JSON form, described by `docs/report.schema.json`, is what `--json`
//! writes and `compare` reads.
//!
//! - this file: the figures of a run, each with its unit and what it is measured from and to
//! - [`parts`]: what they consist of
//! - [`text`]: for the terminal
//! - [`page`]: one HTML file
//!
//! Latency counts from the moment an order was due, whether or not it could be sent then: a system
//! that stalls its senders cannot hide it. All times of the queue are Redis's.

mod distribution;
pub mod page;
mod parts;
mod shape;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
pub(crate) mod units;
mod verdict;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
pub use parts::{
    AppAndRedis, Bucket, Clock, Failures, Host, InstanceStartUs, Interval, IntervalLatency, Lanes,
    Latency, Rejected, Sample, Setting, Share, Timeline, Wrong,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use shape::{Arrivals, Door, Shape, Via};

use crate::input;
use units::{count, digits};

/// The report of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format: raised when a field is removed or changes its meaning.
    pub report_version: u32,
    /// Version of loadtest.
    pub loadtest_version: String,
    /// When the orders were released, by the clock of Redis: all times of a run count from then.
    /// The first order may be due later.
    pub started_at: DateTime<Utc>,
    /// When orders were due.
    pub shape: Shape,
    /// How they were sent.
    pub via: Via,
    /// Seed of the generated orders; none for a file.
    pub seed: Option<u64>,
    /// The run number mixed into identities; none for a file.
    pub run: Option<u64>,
    /// The file that was sent, if it was one.
    pub file: Option<String>,
    /// Share of orders with a prescription; none for a file.
    pub prescriptions: Option<f64>,
    /// Share of orders that were broken at random; none for a file.
    pub mutated: Option<f64>,
    /// Name of the queue.
    pub queue: String,
    /// The threshold that lanes were checked with.
    pub complexity_threshold: u32,
    /// Whether a stop was asked for before all orders were sent and done.
    pub interrupted: bool,

    /// Orders sent.
    pub orders: u64,
    /// Orders found with the expected confirmation.
    pub confirmed: u64,
    /// Orders found as dead letters with the expected code.
    pub dead_lettered: u64,
    /// Invalid orders that the API refused with the expected code; 0 through Redis,
    /// which accepts all.
    pub refused: u64,
    /// Orders that were neither accepted nor refused for their content, by answer, such as 429 or
    /// 503. Nothing was promised for them.
    pub rejected: Vec<Rejected>,
    /// Copies of orders beyond the first.
    pub duplicate_deliveries: u64,
    /// Orders found neither among the results nor in the queue.
    pub lost: u64,
    /// Orders that were not done when the waiting ended: still in the queue, or unknown because
    /// Redis did not answer any more or had dropped an earlier confirmation.
    pub late: u64,
    /// Orders found more than once.
    pub confirmed_twice: u64,
    /// Orders with another outcome, lane or confirmation than expected.
    pub wrong: u64,
    /// The orders behind `lost`, `confirmed_twice` and `wrong`.
    pub failures: Failures,
    /// Confirmed orders by lane.
    pub lanes: Lanes,
    /// Orders routed and confirmed by each consumer during the run, by the queue's own count.
    pub shares: Vec<Share>,

    /// Seconds from the release until the last order was acknowledged by the queue.
    pub enqueue_s: f64,
    /// Seconds from the release to the last confirmation or dead letter, by the clock of Redis.
    pub total_s: f64,
    /// Orders done, copies included, divided by `total_s`. Unless the shape is a burst, this is the
    /// pace of the shape.
    pub orders_per_s: f64,
    /// From the moment an order was due to its confirmation, in ms.
    pub latency_ms: Latency,
    /// How the latencies are distributed: orders by upper bound.
    pub latency_histogram: Vec<Bucket>,
    /// From ingress to confirmation of an order, in ms by stream ids.
    pub queue_latency_ms: Latency,
    /// From the moment an order was due until the queue had acknowledged it, in ms.
    pub send_latency_ms: Latency,
    /// CPU seconds from release until all was done.
    pub cpu_s: AppAndRedis,
    /// Peak resident memory in MiB.
    pub rss_mib: AppAndRedis,
    /// Time from event to an instance that is ready, in microseconds; none if the runtime does not
    /// report it.
    pub instance_start_us: Option<InstanceStartUs>,
    /// Instances started; none if the runtime does not report it.
    pub instance_starts: Option<u64>,
    /// Bells that were rung again because nothing moved for a second.
    pub tick_rings: u64,
    /// Orders in the streams before the release; they disturb the figures.
    pub backlog_before: u64,
    /// How the clock of Redis and that of this machine moved against each other.
    pub clock: Clock,

    /// What happened in each interval.
    pub timeline: Timeline,
    /// What was seen at moments of the run.
    pub samples: Vec<Sample>,

    /// Version of Redis.
    pub redis_version: String,
    /// Settings of Redis that decide what a figure means, such as `appendonly`; empty if it does
    /// not report them.
    pub redis_settings: Vec<Setting>,
    /// Processors of this machine.
    pub cores: usize,
    /// This machine.
    pub host: Host,
}

impl Report {
    /// The version of the format that this program writes.
    pub const VERSION: u32 = 3;

    /// Whether no order is lost, confirmed twice or wrong.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.confirmed_twice == 0 && self.wrong == 0
    }

    /// Whether every order was accepted, and done as expected.
    pub fn is_success(&self) -> bool {
        self.is_clean() && self.late == 0 && self.rejected_orders() == 0
    }

    /// Orders that the app spent its time and CPU on, copies included.
    pub fn done(&self) -> u64 {
        (self.confirmed + self.dead_lettered + self.duplicate_deliveries).min(self.orders)
    }

    pub(crate) fn rejected_orders(&self) -> u64 {
        self.rejected.iter().map(|kind| kind.orders).sum()
    }

    /// Orders that are redriven or of other producers, and that the app took out of the streams, by
    /// the queue's own count. A few may be of the moments before and after the run.
    pub(crate) fn foreign(&self) -> u64 {
        let of = |is_ingress: bool| -> u64 {
            let shares = self.shares.iter().filter(|one| (one.stream == "ingress") == is_ingress);
            shares.map(|share| share.orders).sum()
        };
        let taken = of(true).max(of(false));
        let foreign =
            taken.saturating_sub(self.orders.saturating_sub(self.refused) + self.backlog_before);
        if foreign > self.orders / 100 { foreign } else { 0 }
    }

    /// Orders that another run had confirmed: they have no latency.
    pub(crate) fn confirmed_before(&self) -> u64 {
        if self.latency_ms.max == 0.0 {
            return self.confirmed;
        }
        // A report may be without its histogram.
        let measured: u64 = self.latency_histogram.iter().map(|bucket| bucket.orders).sum();
        if measured == 0 { 0 } else { self.confirmed.saturating_sub(measured) }
    }

    /// Whether nothing was measured, for all orders had been confirmed by an earlier run.
    pub(crate) fn is_all_copies(&self) -> bool {
        self.confirmed > 0 && self.confirmed_before() == self.confirmed
    }

    /// Microseconds of CPU for each order done.
    pub(crate) fn us_per_order(&self, cpu_s: f64) -> Option<f64> {
        (self.done() > 0).then(|| cpu_s * 1e6 / self.done() as f64)
    }

    pub(crate) fn source(&self) -> String {
        match (&self.file, self.seed) {
            (Some(file), _) => format!("from {file}"),
            (None, Some(seed)) => format!("generated with seed {seed}"),
            (None, None) => "of unknown origin".into(),
        }
    }

    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".into());
        let or_unknown =
            |value: &str| if value.is_empty() { "unknown".to_owned() } else { value.to_owned() };
        let share =
            |share: Option<f64>| or_none(share.map(|share| format!("{} %", digits(share * 100.0))));
        let rows = [
            ("shape", self.shape.in_words()),
            ("sent", self.via.in_words()),
            ("orders", self.source()),
            ("run number", or_none(self.run.map(|run| run.to_string()))),
            ("with a prescription", share(self.prescriptions)),
            ("broken at random", share(self.mutated)),
            ("queue", self.queue.clone()),
            ("complexity threshold", self.complexity_threshold.to_string()),
            ("loadtest", self.loadtest_version.clone()),
            ("Redis", or_unknown(&self.redis_version)),
            ("processor", or_unknown(&self.host.cpu)),
            ("architecture", or_unknown(&self.host.architecture)),
            ("cores", self.cores.to_string()),
            ("memory", format!("{} MiB", count(self.host.memory_mib))),
            ("kernel", or_unknown(&self.host.kernel)),
        ];
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads the JSON form.
    pub fn read(path: &Path) -> Result<Self> {
        let report = Self::parse(&input::read(path)?);
        report.with_context(|| format!("failed to read the report {}", path.display()))
    }

    fn parse(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct VersionOnly {
            report_version: u32,
        }
        // First the version alone, because another version has other fields.
        let VersionOnly { report_version: found } = serde_json::from_str(json)?;
        let known = Self::VERSION;
        ensure!(found == known, "report_version is {found}, this program reads {known}");
        let mut json = serde_json::Deserializer::from_str(json);
        let report = serde_path_to_error::deserialize(&mut json)?;
        json.end()?;
        let field = below_zero(&serde_json::to_value(&report)?, "");
        if let Some(field) = field {
            bail!("{}: expected a number, zero or more", field.trim_start_matches('.'));
        }
        Ok(report)
    }
}

/// The path of a figure below zero, if there is one.
fn below_zero(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Number(figure) => (figure.as_f64()? < 0.0).then(|| path.to_owned()),
        Value::Array(values) => (0..)
            .zip(values)
            .find_map(|(place, value)| below_zero(value, &format!("{path}[{place}]"))),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| below_zero(value, &format!("{path}.{name}")))
        }
        _ => None,
    }
}
