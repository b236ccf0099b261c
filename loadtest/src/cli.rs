//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shared::queue::QueueName;
use shared::settings::DEFAULT_COMPLEXITY_THRESHOLD;

/// Replays bursts of orders and proves what became of each one.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes orders as NDJSON, the same for the same seed.
    Generate(GenerateOptions),
    /// Sends a burst of orders, waits, and verifies every one. Exit code 1 when one is lost, doubled or wrong.
    Burst(BurstOptions),
    /// Runs the app under load, breaks it at random moments, and verifies every order. Exit code 1 when one is lost, doubled or wrong.
    Chaos(ChaosOptions),
}

/// What the generated orders are like.
#[derive(Debug, Clone, Copy, Args)]
pub struct Recipe {
    /// How many orders.
    #[arg(long, default_value_t = 10_000)]
    pub orders: usize,
    /// Seed of the random numbers.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Share of orders with a prescription, 0 to 1; 0 gives the published reference's plain orders.
    #[arg(long, default_value_t = 0.3, value_parser = share)]
    pub prescriptions: f64,
    /// Share of orders that are broken at random, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub mutated: f64,
}

/// `loadtest generate`
#[derive(Debug, Args)]
pub struct GenerateOptions {
    /// What to make.
    #[command(flatten)]
    pub recipe: Recipe,
    /// Where to write; standard output when absent.
    #[arg(long, short)]
    pub out: Option<PathBuf>,
}

/// `loadtest burst`
#[derive(Debug, Args)]
pub struct BurstOptions {
    /// What to send.
    #[command(flatten)]
    pub recipe: Recipe,
    /// Sends the lines of this file instead, broken ones too; blank lines are skipped.
    #[arg(long, conflicts_with_all = ["orders", "seed", "prescriptions", "mutated", "run"])]
    pub file: Option<PathBuf>,
    /// Number mixed into the identities of generated orders, so that a burst can be repeated against a queue that has seen the seed;
    /// by default taken from the clock.
    #[arg(long)]
    pub run: Option<u64>,
    /// Redis, as redis://host:port.
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
    /// Gives up when nothing has moved for so many seconds; what is missing then is lost.
    #[arg(long, default_value_t = 30)]
    pub patience_s: u64,
}

/// `loadtest chaos`
#[derive(Debug, Args)]
pub struct ChaosOptions {
    /// How often something is broken; the kinds of faults are dealt from a shuffled deck of twenty.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub kills: u32,
    /// Seed of what is broken when, and of the orders.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// The least number of orders: the load goes on after the last kill until so many were sent.
    #[arg(long, default_value_t = 0)]
    pub orders: u64,
    /// How many orders are sent in a second, all producers together.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub orders_per_s: u32,
    /// Processes of each worker.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub replicas: u32,
    /// Writes the report here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// What runs the app; by default `local-runtime` beside this program.
    #[arg(long)]
    pub runtime_program: Option<PathBuf>,
    /// The application.
    #[arg(long, default_value = "spin.toml")]
    pub manifest: PathBuf,
}

fn queue_name(text: &str) -> Result<QueueName, String> {
    QueueName::parse(text).ok_or_else(|| "expected 1 to 64 letters, digits, '-', '_' or '.'".into())
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}
