//! What the figures of a report consist of. The comments are the descriptions of its JSON schema.

#![allow(missing_docs, reason = "a field without a comment is what its name says")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Orders that were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The status and code of the answer, or that there was none.
    pub answer: String,
    pub orders: u64,
    /// How many of them were processed anyway: an answer may be lost after the order was written.
    pub processed_anyway: u64,
}

/// The orders that did not end as expected, at most [`Failures::KEPT`] of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    pub lost: Vec<String>,
    pub confirmed_twice: Vec<String>,
    pub wrong: Vec<Wrong>,
}

/// An order that did not end as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Its identity, or its position in what was sent.
    pub order: String,
    pub why: String,
}

/// Confirmed orders by lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lanes {
    pub simple: u64,
    pub complex: u64,
}

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
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
    pub mean: f64,
}

/// One step of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The longest latency counted here in ms; the bucket begins where the one before ends.
    pub up_to_ms: f64,
    pub orders: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppAndRedis {
    /// The app with its children; none without `--app-pid`.
    pub app: Option<f64>,
    pub redis: f64,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceStartUs {
    pub p50: u64,
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
    /// Orders that were confirmed, without those that another run had confirmed.
    pub confirmed: u64,
    /// Orders whose last outcome is the expected dead letter.
    pub dead_lettered: u64,
    /// Latency of the orders that were due here, in ms; none if no such order was
    /// confirmed.
    pub latency_ms: Option<IntervalLatency>,
}

/// Percentiles of one interval in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalLatency {
    pub p50: f64,
    pub p99: f64,
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
    pub simple: u64,
    pub complex: u64,
    /// CPU of the app since the sample before, in cores; none without `--app-pid`.
    pub app_cores: Option<f64>,
    /// CPU of Redis since the sample before, in cores.
    pub redis_cores: f64,
    /// Resident memory of the app in MiB; none without `--app-pid`.
    pub app_rss_mib: Option<f64>,
    /// Resident memory of Redis in MiB, as it reports it.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The processor's name; empty if the system does not report it.
    pub cpu: String,
    /// `x86_64`, `aarch64`, ...
    pub architecture: String,
    pub memory_mib: u64,
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
