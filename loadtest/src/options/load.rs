//! The shapes of load. All are open loop: an order's latency counts from the moment it was due.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Command, FromArgMatches, Subcommand};
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, MAX_COMPLEXITY_THRESHOLD};
use queue::Name;

use super::{Generated, named_by_errors, parse};
use crate::report::{Arrivals, Door};

/// A load with its options.
#[allow(missing_docs, reason = "the comment of a field is the help of its flag")]
#[derive(Debug, Subcommand)]
pub enum Load {
    /// Sends orders all at once and verifies every one.
    #[command(after_help = "Examples:
  loadtest burst --orders 10000 --app-pid $(pidof local-runtime)
  loadtest burst --via http --http-url http://127.0.0.1:3000 --json report.json")]
    Burst {
        /// How many orders.
        #[arg(long, default_value_t = 10_000)]
        orders: u64,
        /// Sends the lines of this file instead, invalid ones too; blank lines are skipped.
        #[arg(long, conflicts_with_all = ["orders", "seed", "prescriptions", "mutated", "run"])]
        file: Option<PathBuf>,
        #[command(flatten)]
        generated: Generated,
        #[command(flatten)]
        target: Target,
    },
    /// Sends orders at a constant rate. Runs of some hours show whether memory grows.
    #[command(after_help = "Examples:
  loadtest steady --rate 500 --duration 60s
  loadtest steady --rate 100 --duration 8h --html soak.html")]
    Steady {
        /// Orders a second.
        #[arg(long, value_parser = parse::rate)]
        rate: f64,
        /// How long to send.
        #[arg(long, default_value = "30s", value_parser = parse::duration)]
        duration: Duration,
        #[command(flatten)]
        paced: Paced,
    },
    /// Sends orders at the rates of a day, in less time.
    #[command(after_help = "Examples:
  loadtest curve --compress 720x
  loadtest curve --curve day.csv --compress 60x --orders 50000 --arrivals random")]
    Curve {
        /// The day's curve, a CSV file with the header time,orders_per_minute [default: the
        /// built-in loadtest/shapes/day.csv]
        #[arg(long)]
        curve: Option<PathBuf>,
        /// How many times faster than real time: with 60x, a day takes 24 minutes.
        #[arg(long, default_value = "720x", value_parser = parse::factor)]
        compress: f64,
        /// How many days.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        days: u32,
        /// Orders of one day [default: those of the curve]
        #[arg(long, value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
        orders: Option<u64>,
        #[command(flatten)]
        paced: Paced,
    },
    /// Sends the orders of a file at the times they were placed, or faster.
    #[command(after_help = "Examples:
  loadtest generate --placed-over 60s --out orders.ndjson && loadtest replay orders.ndjson
  loadtest replay orders.ndjson --speed 10x")]
    Replay {
        /// The orders, one on each line, each with a placedAt.
        file: PathBuf,
        /// How many times faster than the orders were placed.
        #[arg(long, default_value = "1x", value_parser = parse::factor)]
        speed: f64,
        #[command(flatten)]
        target: Target,
    },
}

/// What is tested, how it is reached, and what is reported.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub struct Target {
    /// Sends orders to Redis by XADD, or to the HTTP API by POST /orders.
    #[arg(long, value_enum, default_value = "redis")]
    pub(crate) via: Door,
    /// Concurrent connections for sending [default: 1 with redis, 8 with http]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) connections: Option<u16>,
    /// Maximum number of orders in one pipeline or request [default: 1000 with redis, 100 with
    /// http]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: Option<u32>,
    /// URL of the API, for --via http.
    #[arg(long, default_value = "http://127.0.0.1:3000", value_parser = parse::http_url)]
    pub(crate) http_url: String,
    /// Token of the API, if it requires one.
    #[arg(long, env = "API_TOKEN", hide_env_values = true)]
    pub(crate) api_token: Option<String>,
    /// URL of Redis, as redis://host:port. Results are read there, also with --via http.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    pub(crate) redis_url: String,
    /// Name of the queue.
    #[arg(long, default_value = "orders")]
    pub(crate) queue: Name,
    /// Complexity threshold of the app.
    #[arg(long, default_value_t = DEFAULT_COMPLEXITY_THRESHOLD,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_COMPLEXITY_THRESHOLD)))]
    pub(crate) complexity_threshold: u32,
    /// Starts even if no distributor listens, for an app that is scaled from zero.
    #[arg(long)]
    pub(crate) from_zero: bool,
    /// Gives up after this time without progress; orders that still wait are reported as late.
    #[arg(long, default_value = "30s", value_parser = parse::duration)]
    pub(crate) patience: Duration,
    /// Process id of the app. Its CPU time and memory are reported, with those of its children.
    #[arg(long, help_heading = "Report")]
    pub(crate) app_pid: Option<i32>,
    /// URL at which local-runtime reports how long its instances take to start.
    #[arg(long, help_heading = "Report")]
    pub(crate) instance_starts_url: Option<String>,
    /// Writes the report to this file as JSON.
    #[arg(long, help_heading = "Report")]
    pub(crate) json: Option<PathBuf>,
    /// Writes the report to this file as an HTML page.
    #[arg(long, help_heading = "Report")]
    pub(crate) html: Option<PathBuf>,
}

/// Generated orders at a rate.
#[derive(Debug, Args)]
pub struct Paced {
    /// How orders are spaced within the rate.
    #[arg(long, value_enum, default_value = "even")]
    pub(crate) arrivals: Arrivals,
    #[command(flatten)]
    pub(crate) generated: Generated,
    #[command(flatten)]
    pub(crate) target: Target,
}

impl Load {
    /// Reads the arguments of a load, such as `burst --orders 10`.
    pub fn parse<I: IntoIterator<Item = T>, T: Into<OsString> + Clone>(
        arguments: I,
    ) -> clap::error::Result<Self> {
        let command = Self::augment_subcommands(Command::new("loadtest").no_binary_name(true));
        Self::from_arg_matches(&named_by_errors(command).try_get_matches_from(arguments)?)
    }

    /// The flag of the file that is read, and its path.
    pub(crate) fn input(&self) -> (&'static str, Option<&Path>) {
        match self {
            Self::Burst { file, .. } => ("--file", file.as_deref()),
            Self::Steady { .. } => ("", None),
            Self::Curve { curve, .. } => ("--curve", curve.as_deref()),
            Self::Replay { file, .. } => ("FILE", Some(file)),
        }
    }

    pub(crate) fn target(&self) -> &Target {
        match self {
            Self::Burst { target, .. } | Self::Replay { target, .. } => target,
            Self::Steady { paced, .. } | Self::Curve { paced, .. } => &paced.target,
        }
    }
}
