//! What `loadtest scaling` is told.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::report::Arrivals;

/// `loadtest scaling`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("curve").required(true).args(["shape", "spike", "rate"]))]
pub struct ScalingOptions {
    /// When orders come.
    #[command(flatten)]
    pub curve: CurveOptions,
    /// How fast the components are.
    #[command(flatten)]
    pub speed: SpeedOptions,
    /// Which settings of KEDA are tried, all with all.
    #[command(flatten)]
    pub tried: Tried,
    /// The assumptions.
    #[command(flatten)]
    pub assumed: Assumptions,
    /// Writes the result here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Writes the result here as one HTML page.
    #[arg(long)]
    pub html: Option<PathBuf>,
}

/// An arrival curve.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct CurveOptions {
    /// A day's curve, a CSV file with the header time,orders_per_minute.
    #[arg(long)]
    pub shape: Option<PathBuf>,
    /// The day's rates are multiplied by this.
    #[arg(long, default_value_t = 1.0, value_parser = positive, allow_negative_numbers = true)]
    pub multiply: f64,
    /// So many orders in one spike.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub spike: Option<u32>,
    /// Seconds that the orders of the spike are spread over; 0 for all at once.
    #[arg(long, default_value_t = 0.0, value_parser = zero_or_more, allow_negative_numbers = true)]
    pub within_s: f64,
    /// A constant rate, in orders a second.
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// For how many seconds the rate lasts.
    #[arg(long, default_value_t = 600.0, value_parser = positive, allow_negative_numbers = true)]
    pub duration_s: f64,
    /// How orders are spaced within the rate. Evenly spaced ones may keep step with the looks of KEDA and the HPA.
    #[arg(long, value_enum, default_value = "random")]
    pub arrivals: Arrivals,
    /// Seed of orders that are spaced at random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
}

/// How fast the components are. Three numbers stand for distributor, receiver-simple and receiver-complex.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct SpeedOptions {
    /// Report of a burst with CPU of the app, as `loadtest burst --app-pid PID --json FILE` writes it.
    #[arg(long, required_unless_present = "orders_per_s")]
    pub report: Option<PathBuf>,
    /// Orders a second of one replica, instead of what the report says: one number for all components, or three.
    #[arg(long, value_delimiter = ',', value_parser = positive, allow_negative_numbers = true)]
    pub orders_per_s: Vec<f64>,
    /// How the CPU time of the app in the report is divided: that of one order in each of the three components, in proportion.
    #[arg(long, value_delimiter = ',', default_value = "14,23,43", value_parser = positive, allow_negative_numbers = true)]
    pub cpu_weights: Vec<f64>,
    /// How the CPU time of Redis is divided: that of enqueueing, and of one order in each of the three components, in proportion.
    #[arg(long, value_delimiter = ',', default_value = "5,46,54,72", value_parser = positive, allow_negative_numbers = true)]
    pub redis_weights: Vec<f64>,
    /// CPU time of Redis for an order in microseconds, all steps together [default: the report's; without one Redis is no limit]
    #[arg(long, value_parser = zero_or_more, allow_negative_numbers = true)]
    pub redis_us: Option<f64>,
    /// Processors that one replica may use, as its CPU limit says; it has one thread.
    #[arg(long, default_value_t = 1.0, value_parser = share, allow_negative_numbers = true)]
    pub replica_cpu: f64,
    /// Share of orders that are complex, 0 to 1 [default: the report's; without one 0.317, that of the generated orders]
    #[arg(long, value_parser = crate::cli::share, allow_negative_numbers = true)]
    pub complex_share: Option<f64>,
}

/// Settings that are tried.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct Tried {
    /// `streamLength`: entries of a stream for each replica.
    #[arg(long, value_delimiter = ',', default_value = "100,500,2000", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub stream_length: Vec<u64>,
    /// `pollingInterval`, in seconds.
    #[arg(long, value_delimiter = ',', default_value = "5,15,30", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub polling_s: Vec<u32>,
    /// `minReplicaCount`.
    #[arg(long, value_delimiter = ',', default_value = "0,1", value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub min_replicas: Vec<u32>,
}

/// What is the same for all that is tried.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct Assumptions {
    /// `maxReplicaCount` of each component.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_replicas: u32,
    /// `minReplicaCount` of the distributor alone [default: that of the others]
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub distributor_min_replicas: Option<u32>,
    /// `idleReplicaCount`; KEDA allows 0 only, and a minimum above it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=0))]
    pub idle_replicas: Option<u32>,
    /// `cooldownPeriod`, in seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub cooldown_s: u32,
    /// Seconds from the wish for a pod until it hears bells; add those of a node where one must come first.
    #[arg(long, default_value_t = 2.0, value_parser = zero_or_more, allow_negative_numbers = true)]
    pub start_s: f64,
    /// Seconds from then to its first probe, which is its first tick and makes it ready.
    #[arg(long, default_value_t = 1.0, value_parser = zero_or_more, allow_negative_numbers = true)]
    pub ready_s: f64,
    /// Seconds between two ticks of a pod: the period of its probe.
    #[arg(long, default_value_t = 10.0, value_parser = positive, allow_negative_numbers = true)]
    pub tick_s: f64,
    /// How long an order may take; what is recommended keeps to it.
    #[arg(long, default_value_t = 60.0, value_parser = positive, allow_negative_numbers = true)]
    pub goal_s: f64,
    /// Seconds after the curve that still count: replicas stay for a while.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub observe_s: u32,
    /// The model's step in ms, which is also the least time an order takes in a component.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub step_ms: u64,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= 1e9);
    number.ok_or_else(|| "expected a number above 0".into())
}

fn zero_or_more(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| (0.0..=86_400.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 86400".into())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= 1.0);
    number.ok_or_else(|| "expected a number above 0, up to 1".into())
}
