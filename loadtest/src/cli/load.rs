//! The shapes of load, each with what it takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;
use queue::QueueName;

use super::{Generated, factor, hours, http_url, minutes, queue_name, rate, seconds};
use crate::report::{Arrivals, Door};

/// The shapes of load. All are open loop: an order's latency counts from the moment it was due.
#[derive(Debug, Subcommand)]
pub enum Load {
    /// Sends a burst of orders at once, waits, and verifies every one. Exit code 1 when one is
    /// lost, doubled or wrong.
    Burst(BurstOptions),
    /// Sends orders at a constant rate.
    Steady(SteadyOptions),
    /// Sends a day's orders, or several days', squeezed into minutes: troughs at zero, steep peaks.
    Wave(WaveOptions),
    /// Sends nothing, then many orders within a short time, again and again.
    Spikes(SpikesOptions),
    /// Sends orders at a constant rate for hours, and looks whether anything grows.
    Soak(SoakOptions),
    /// Sends the orders of a file at the times they were placed, faster if wanted.
    Replay(ReplayOptions),
}

/// What is tested, how it is reached, and where the report goes.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Through which door orders are sent.
    #[arg(long, value_enum, default_value = "redis")]
    pub via: Door,
    /// Connections at once that orders are sent by [default: 1 by redis, 8 by http]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub connections: Option<u16>,
    /// The most orders in one pipeline or request [default: 1000 by redis, 100 by http]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: Option<u32>,
    /// The API, for --via http.
    #[arg(long, default_value = "http://127.0.0.1:3000", value_parser = http_url)]
    pub http_url: String,
    /// The token of the API, where it wants one.
    #[arg(long, env = "API_TOKEN", hide_env_values = true)]
    pub api_token: Option<String>,
    /// Redis, as redis://host:port. By http too: results are read there.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    pub redis_url: String,
    /// Name of the queue.
    #[arg(long, default_value = "orders", value_parser = queue_name)]
    pub queue: QueueName,
    /// The threshold that the app routes by.
    #[arg(long, default_value_t = DEFAULT_COMPLEXITY_THRESHOLD)]
    pub complexity_threshold: u32,
    /// Process id of the app: its CPU time and memory, with those of its children, are reported.
    #[arg(long)]
    pub app_pid: Option<i32>,
    /// Where local-runtime tells how long its instances take to start.
    #[arg(long)]
    pub instance_starts_url: Option<String>,
    /// Writes the report here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Writes the report here as one HTML page.
    #[arg(long)]
    pub html: Option<PathBuf>,
    /// Gives up when nothing has moved for so many seconds; what is missing then is lost.
    #[arg(long, default_value_t = 30)]
    pub patience_s: u64,
}

/// Generated orders at a rate.
#[derive(Debug, Args)]
pub struct Paced {
    /// How orders are spaced within the rate.
    #[arg(long, value_enum, default_value = "even")]
    pub arrivals: Arrivals,
    /// What to send.
    #[command(flatten)]
    pub generated: Generated,
    /// Where to.
    #[command(flatten)]
    pub target: Target,
}

/// `loadtest burst`
#[derive(Debug, Args)]
pub struct BurstOptions {
    /// How many orders.
    #[arg(long, default_value_t = 10_000)]
    pub orders: u64,
    /// What to send.
    #[command(flatten)]
    pub generated: Generated,
    /// Sends the lines of this file instead, broken ones too; blank lines are skipped.
    #[arg(long, conflicts_with_all = ["orders", "seed", "prescriptions", "mutated", "run"])]
    pub file: Option<PathBuf>,
    /// Hands all orders over beforehand, and lets them become visible in one instant, as scheduled
    /// messages do.
    #[arg(long, conflicts_with_all = ["via", "connections", "batch"])]
    pub scheduled: bool,
    /// Where to.
    #[command(flatten)]
    pub target: Target,
}

/// `loadtest steady`
#[derive(Debug, Args)]
pub struct SteadyOptions {
    /// Orders a second.
    #[arg(long, value_parser = rate)]
    pub rate: f64,
    /// For how many seconds.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub duration_s: f64,
    /// How, what and where to.
    #[command(flatten)]
    pub paced: Paced,
}

/// `loadtest wave`
#[derive(Debug, Args)]
pub struct WaveOptions {
    /// How many minutes a day is squeezed into.
    #[arg(long, default_value = "2", value_parser = minutes)]
    pub minutes: f64,
    /// How many days.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub days: u32,
    /// Orders of one day [default: those of the day's curve]
    #[arg(long)]
    pub orders: Option<u64>,
    /// The day's curve, a CSV file with the header time,orders_per_minute [default: the one in
    /// loadtest/shapes/day.csv]
    #[arg(long)]
    pub day: Option<PathBuf>,
    /// How, what and where to.
    #[command(flatten)]
    pub paced: Paced,
}

/// `loadtest spikes`
#[derive(Debug, Args)]
pub struct SpikesOptions {
    /// How many spikes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub times: u32,
    /// Orders of one spike.
    #[arg(long, default_value_t = 10_000)]
    pub orders: u64,
    /// Seconds that the orders of a spike are spread over.
    #[arg(long, default_value = "60", value_parser = seconds)]
    pub within_s: f64,
    /// Quiet seconds between two spikes.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub pause_s: f64,
    /// How, what and where to.
    #[command(flatten)]
    pub paced: Paced,
}

/// `loadtest soak`
#[derive(Debug, Args)]
pub struct SoakOptions {
    /// For how many hours.
    #[arg(long, value_parser = hours)]
    pub hours: f64,
    /// Orders a second.
    #[arg(long, default_value = "100", value_parser = rate)]
    pub rate: f64,
    /// How, what and where to.
    #[command(flatten)]
    pub paced: Paced,
}

/// `loadtest replay`
#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// The orders, one on each line, each with a placedAt.
    pub file: PathBuf,
    /// How many times faster than they were placed.
    #[arg(long, default_value = "1", value_parser = factor)]
    pub speed: f64,
    /// Where to.
    #[command(flatten)]
    pub target: Target,
}

impl Load {
    /// What is tested.
    pub fn target(&self) -> &Target {
        match self {
            Self::Burst(BurstOptions { target, .. })
            | Self::Replay(ReplayOptions { target, .. }) => target,
            Self::Steady(SteadyOptions { paced, .. })
            | Self::Wave(WaveOptions { paced, .. })
            | Self::Spikes(SpikesOptions { paced, .. })
            | Self::Soak(SoakOptions { paced, .. }) => &paced.target,
        }
    }
}
