//! The figures of a run. Its JSON form, described by `docs/report.schema.json`, is what `--json`
//! writes and `compare` reads.
//!
//! - this file: the figures, each with its unit and from where to where it was taken
//! - [`text`]: for the terminal
//! - [`page`]: one HTML file
//!
//! Latency counts from the moment an order was due, whether or not it could be sent then: a system
//! that stalls its senders cannot hide it. All times of the queue are Redis's.

mod distribution;
pub mod page;
mod shape;
pub mod text;
pub(crate) mod units;
mod verdict;
mod words;

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use shape::{Arrivals, Door, Shape, Via};

/// The report of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format: raised when a field changes its meaning or goes.
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
    /// Orders found with the confirmation they must have.
    pub confirmed: u64,
    /// Orders found as dead letters with the code they must have.
    pub dead_lettered: u64,
    /// Broken orders that the API refused with the code they must have; 0 by Redis, which refuses
    /// none.
    pub refused: u64,
    /// Orders that were answered with something else than an acceptance or a refusal for cause,
    /// such as 429 or 503, by answer. Nothing was promised for them.
    pub not_taken: Vec<NotTaken>,
    /// Copies of orders beyond the first.
    pub duplicates: u64,
    /// Orders found nowhere among the results.
    pub lost: u64,
    /// Of those, orders that the queue still had when the waiting came to its end: waiting or under
    /// way.
    pub unfinished: u64,
    /// Orders found more than once.
    pub doubled: u64,
    /// Orders with another fate, lane or confirmation than they must have.
    pub wrong: u64,
    /// The orders behind `lost`, `doubled` and `wrong`.
    pub failures: Failures,
    /// Confirmed orders by lane.
    pub lanes: Lanes,
    /// Orders routed and confirmed by each consumer during the run, by the queue's own count: who
    /// did the work where Wasm and containers share it.
    pub shares: Vec<Share>,

    /// Seconds from the release until the last order was acknowledged by the queue.
    pub enqueue_s: f64,
    /// Seconds from the release to the last confirmation or dead letter, by the clock of Redis.
    pub total_s: f64,
    /// Orders done, copies included, by `total_s`. Where the shape sets the pace, this is that
    /// pace.
    pub orders_per_s: f64,
    /// From the moment an order was due to its confirmation, in ms.
    pub latency_ms: Latency,
    /// How the latencies are distributed: orders by upper bound.
    pub latency_histogram: Vec<Bucket>,
    /// From ingress to confirmation of an order, in ms by stream ids.
    pub queue_latency_ms: Latency,
    /// From the moment an order was due until the queue had acknowledged it, in ms: high where the
    /// senders or the front door cannot keep up.
    pub send_latency_ms: Latency,
    /// CPU seconds from release until all was done.
    pub cpu_s: AppAndRedis,
    /// The most resident memory in MiB meanwhile.
    pub rss_mib: AppAndRedis,
    /// Time from event to an instance that is ready, in microseconds; none where the runtime does
    /// not tell.
    pub instance_start_us: Option<InstanceStartUs>,
    /// Instances started; none where the runtime does not tell.
    pub instance_starts: Option<u64>,
    /// Bells that had to be rung again because nothing moved for a second.
    pub metronome_rings: u64,
    /// Orders in the streams before the release; they disturb the figures.
    pub backlog_before: u64,

    /// What happened in each interval.
    pub timeline: Timeline,
    /// What was seen at moments of the run.
    pub samples: Vec<Sample>,

    /// Version of Redis.
    pub redis_version: String,
    /// Settings of Redis that decide what a figure means, such as `appendonly`; empty where it does
    /// not tell.
    pub redis_settings: Vec<Setting>,
    /// Processors of this machine.
    pub cores: usize,
    /// This machine.
    pub host: Host,
}

/// Orders that were not taken in for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotTaken {
    /// The status and code of the answer, or that there was none.
    pub answer: String,
    /// How many.
    pub orders: u64,
    /// How many of them were found done all the same: an answer may be lost after the order was
    /// written.
    pub done_all_the_same: u64,
}

/// The orders that are not where they must be, at most [`Failures::KEPT`] of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Found nowhere.
    pub lost: Vec<String>,
    /// Found more than once.
    pub doubled: Vec<String>,
    /// Found, but not as they must be.
    pub wrong: Vec<Wrong>,
}

/// An order that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Its identity, or its position in what was sent.
    pub order: String,
    /// What is wrong.
    pub why: String,
}

/// Confirmed orders by lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lanes {
    /// By receiver-simple.
    pub simple: u64,
    /// By receiver-complex.
    pub complex: u64,
}

/// What one consumer did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its name, such as `spin` or `conventional`.
    pub consumer: String,
    /// The stream: `ingress`, `simple` or `complex`.
    pub stream: String,
    /// Orders it has done there.
    pub orders: u64,
}

/// Percentiles in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
    /// Mean.
    pub mean: f64,
}

/// One step of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The longest latency counted here in ms; the bucket begins where the one before ends.
    pub up_to_ms: f64,
    /// Orders.
    pub orders: u64,
}

/// One figure for each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppAndRedis {
    /// The app with its children; none without `--app-pid`.
    pub app: Option<f64>,
    /// The server.
    pub redis: f64,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceStartUs {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// What happened, interval by interval; the intervals are as long as a few hundred of them need to
/// be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Length of an interval in ms.
    pub interval_ms: u64,
    /// The intervals from the start on, quiet ones too.
    pub intervals: Vec<Interval>,
}

/// What happened in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Orders that were due.
    pub due: u64,
    /// Orders that entered ingress.
    pub arrived: u64,
    /// Orders confirmed.
    pub confirmed: u64,
    /// Orders set aside as dead letters.
    pub dead_lettered: u64,
    /// Latency of the orders that were due here, in ms; none when there were none, or none was
    /// confirmed.
    pub latency_ms: Option<IntervalLatency>,
}

/// Percentiles of one interval in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalLatency {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

/// What was seen at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Seconds since the release.
    pub at_s: f64,
    /// Orders in ingress, waiting or in flight.
    pub ingress: u64,
    /// Orders in the simple lane.
    pub simple: u64,
    /// Orders in the complex lane.
    pub complex: u64,
    /// CPU of the app since the sample before, in cores; none without `--app-pid`.
    pub app_cores: Option<f64>,
    /// CPU of Redis since the sample before, in cores.
    pub redis_cores: f64,
    /// Resident memory of the app in MiB; none without `--app-pid`.
    pub app_rss_mib: Option<f64>,
    /// Memory of Redis in MiB: resident where it runs on this machine, else that of its data.
    pub redis_rss_mib: f64,
    /// Instances started since the release; none where the runtime does not tell.
    pub instance_starts: Option<u64>,
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The processor's name; empty where the system does not tell.
    pub cpu: String,
    /// `x86_64`, `aarch64`, ...
    pub architecture: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Kernel and its version.
    pub kernel: String,
}

impl Report {
    /// The version of the format that this program writes.
    pub const VERSION: u32 = 2;

    /// Whether every order is where it must be.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong == 0
    }

    /// Whether every order was taken in, and is where it must be.
    pub fn is_success(&self) -> bool {
        self.is_clean() && self.turned_away() == 0
    }

    /// Entries that the app has dealt with: what its time and its CPU went into. Orders that were
    /// refused, not taken in or lost cost it nothing, and copies cost it as much as an order does.
    pub fn done(&self) -> u64 {
        // An order that was confirmed before the run counts as confirmed, and as a duplicate as
        // well.
        (self.confirmed + self.dead_lettered + self.duplicates).min(self.orders)
    }

    /// Of the orders sent, those that were answered with something else than an acceptance or a
    /// refusal for cause.
    pub(crate) fn turned_away(&self) -> u64 {
        self.not_taken.iter().map(|kind| kind.orders).sum()
    }

    /// So many seconds of CPU for each entry that was dealt with, in microseconds; none where none
    /// was.
    pub(crate) fn us_per_order(&self, cpu_s: f64) -> Option<f64> {
        (self.done() > 0).then(|| cpu_s * 1e6 / self.done() as f64)
    }

    /// Reads the JSON form.
    ///
    /// # Errors When the file cannot be read or is no report of this version; the text names the
    /// file and the field.
    pub fn read(path: &Path) -> Result<Self> {
        let what = || format!("failed to read the report {}", path.display());
        let text = std::fs::read(path).with_context(what)?;
        // First the version alone: another one may have other fields, and that is not what is wrong
        // with it.
        let version: VersionOnly = serde_json::from_slice(&text).with_context(what)?;
        if version.report_version != Self::VERSION {
            let (found, known) = (version.report_version, Self::VERSION);
            let context = format!("report_version is {found}, this program reads {known}");
            return Err(anyhow::Error::msg(context)).with_context(what);
        }
        let mut json = serde_json::Deserializer::from_slice(&text);
        let report = serde_path_to_error::deserialize(&mut json).with_context(what)?;
        json.end().with_context(what)?;
        Ok(report)
    }
}

/// The field that says how to read the others.
#[derive(Deserialize)]
struct VersionOnly {
    report_version: u32,
}

impl Failures {
    /// The most orders named of each kind: a report stays readable when all is lost. The counts are
    /// of all.
    pub const KEPT: usize = 1_000;
}
