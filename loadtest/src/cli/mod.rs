//! The command line.
//!
//! - this file: commands, and what several of them take
//! - [`load`]: the shapes of load

mod load;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use queue::QueueName;

use crate::cold_start::options::ColdStartOptions;
use crate::cost::options::CostOptions;
use crate::versus::options::VersusOptions;
pub use load::{
    BurstOptions, Load, Paced, ReplayOptions, SoakOptions, SpikesOptions, SteadyOptions, Target,
    WaveOptions,
};

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
    /// Sends orders by a shape, waits, and verifies every one. Exit code 1 when one is lost,
    /// doubled, wrong or not taken in.
    #[command(flatten)]
    Load(Load),
    /// Runs the app under load, breaks it at random moments, and verifies every order. Exit code 1
    /// when one is lost, doubled or wrong.
    Chaos(ChaosOptions),
    /// Sets reports side by side: medians, spreads and ratios to the first.
    Compare(crate::compare::CompareOptions),
    /// Tells what a day's load costs on rented nodes, and which part of a saving has which cause.
    Cost(CostOptions),
    /// Runs Wasm and the always-on service in turn and sets them side by side. Exit code 1 when an
    /// order is lost, doubled or wrong.
    Versus(VersusOptions),
    /// Measures cold starts: of an instance, of a process, and from no process to the first
    /// confirmation.
    ColdStart(ColdStartOptions),
}

/// What the generated orders are like.
#[derive(Debug, Clone, Copy, Args)]
pub struct Recipe {
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

/// Generated orders of a run.
#[derive(Debug, Clone, Copy, Args)]
pub struct Generated {
    /// What they are like.
    #[command(flatten)]
    pub recipe: Recipe,
    /// Number mixed into the identities of generated orders, so that a burst can be repeated
    /// against a queue that has seen the seed; by default taken from the clock.
    #[arg(long)]
    pub run: Option<u64>,
}

/// `loadtest generate`
#[derive(Debug, Args)]
pub struct GenerateOptions {
    /// How many orders.
    #[arg(long, default_value_t = 10_000)]
    pub orders: u64,
    /// What to make.
    #[command(flatten)]
    pub recipe: Recipe,
    /// Gives every order a placedAt, at random within so many seconds, so that the file can be
    /// replayed; otherwise only orders with a prescription have one.
    #[arg(long, value_parser = seconds)]
    pub placed_over_s: Option<f64>,
    /// Where to write; standard output when absent.
    #[arg(long, short)]
    pub out: Option<PathBuf>,
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

pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

fn http_url(text: &str) -> Result<String, String> {
    match text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected a URL such as http://127.0.0.1:3000".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    positive(text, 1_000_000.0, "orders a second")
}

fn seconds(text: &str) -> Result<f64, String> {
    positive(text, 86_400.0 * 366.0, "seconds")
}

fn minutes(text: &str) -> Result<f64, String> {
    positive(text, 1_440.0 * 366.0, "minutes")
}

fn hours(text: &str) -> Result<f64, String> {
    positive(text, 24.0 * 366.0, "hours")
}

fn factor(text: &str) -> Result<f64, String> {
    positive(text, 1_000_000.0, "times as fast")
}

/// A number above 0 and up to `most`.
fn positive(text: &str, most: f64, unit: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= most => Ok(number),
        _ => Err(format!("expected a number above 0, and at most {most} {unit}")),
    }
}
