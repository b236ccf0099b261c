//! What the figures of a report consist of. The comments are the descriptions of its JSON schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Orders that were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The status and code of the answer, or that there was none.
    pub answer: String,
    /// How many.
    pub orders: u64,
    /// How many of them were processed anyway: an answer may be lost after the order was written.
    pub processed_anyway: u64,
}

/// The orders that did not end as expected, at most [`Failures::KEPT`] of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Found nowhere.
    pub lost: Vec<String>,
    /// Found more than once.
    pub confirmed_twice: Vec<String>,
    /// Found, but not as expected.
    pub wrong: Vec<Wrong>,
}

/// An order that did not end as expected.
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
    /// Of those, orders that were sent more than 100 ms late.
    pub sent_late: u64,
    /// Orders that entered ingress.
    pub arrived: u64,
    /// Orders confirmed.
    pub confirmed: u64,
    /// Orders dead-lettered.
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
}

/// Redis's clock against this machine's, sampled every 30 seconds. Latencies from due to confirmed
/// are the difference of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// How often it was sampled after the release.
    pub samples: u64,
    /// The largest difference since the release in ms, beyond what the time of an answer explains.
    pub drift_ms: f64,
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

impl Sample {
    /// Orders in all streams.
    pub(crate) fn waiting(&self) -> u64 {
        self.ingress + self.simple + self.complex
    }
}

impl Failures {
    /// How many orders of each kind are named, so that a report stays readable when all are lost.
    pub const KEPT: usize = 1_000;
}
