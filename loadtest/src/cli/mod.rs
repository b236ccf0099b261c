//! The command line.
//!
//! - this file: commands, and what several of them take        - [`load`]: the shapes of load        - [`control`]: pauses

mod control;
mod load;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shared::order::Order;
use shared::queue::{LetterId, QueueName};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::cold_start::options::ColdStartOptions;
use crate::cost::options::CostOptions;
use crate::density::options::DensityOptions;
use crate::scaling::options::ScalingOptions;
use crate::versus::options::VersusOptions;
pub use control::{PauseOptions, PausedOptions, ResumeOptions};
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
    /// Sends orders by a shape, waits, and verifies every one. Exit code 1 when one is lost, doubled, wrong or not taken in.
    #[command(flatten)]
    Load(Load),
    /// Lists, shows, redrives and discards dead letters.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Tells what became of an order.
    #[command(subcommand)]
    Orders(OrdersCommand),
    /// Lets the orders of a stream wait; what is in flight is finished.
    Pause(PauseOptions),
    /// Ends a stream's pause: what waits is begun at once.
    Resume(ResumeOptions),
    /// Says of every stream whether it is paused, since when and why.
    Paused(PausedOptions),
    /// Runs the app under load, breaks it at random moments, and verifies every order. Exit code 1 when one is lost, doubled or wrong.
    Chaos(ChaosOptions),
    /// Sets reports side by side: medians, spreads and ratios to the first.
    Compare(crate::compare::CompareOptions),
    /// Tells what a day's load costs on rented nodes, and which part of a saving has which cause.
    Cost(CostOptions),
    /// Measures how many idle copies of the app fit into one process, and how many processes onto this machine.
    Density(DensityOptions),
    /// Replays an arrival curve against the rules of KEDA and the HPA, and recommends settings. A simulation.
    Scaling(ScalingOptions),
    /// Runs Wasm and the always-on service in turn and sets them side by side. Exit code 1 when an order is lost, doubled or wrong.
    Versus(VersusOptions),
    /// Measures cold starts: of an instance, of a process, and from no process to the first confirmation.
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
    /// Number mixed into the identities of generated orders, so that a burst can be repeated against a queue that has seen the seed;
    /// by default taken from the clock.
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
    /// Gives every order a placedAt, at random within so many seconds, so that the file can be replayed; otherwise only orders with a prescription have one.
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

/// `loadtest dead-letters`
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Lists dead letters, oldest first.
    List(LetterOptions),
    /// Shows dead letters with the text of their orders. Exit code 1 when there is none.
    Show(LetterOptions),
    /// Puts dead letters back to the stream they failed in. Exit code 1 when one cannot be.
    Redrive(LettersAtRisk),
    /// Deletes dead letters for good.
    Discard(LettersAtRisk),
}

/// Where the queue is.
#[derive(Debug, Args)]
pub struct QueueAddress {
    /// Redis, as redis://host:port.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    pub redis_url: String,
    /// Name of the queue.
    #[arg(long, default_value = "orders", value_parser = queue_name)]
    pub queue: QueueName,
}

/// Which dead letters are meant: those that match all that is given.
#[derive(Debug, Args)]
pub struct WhichLetters {
    /// Set aside with this code, such as max_deliveries.
    #[arg(long)]
    pub code: Option<String>,
    /// Set aside at least so many seconds ago.
    #[arg(long)]
    pub older_than_s: Option<u32>,
    /// Of this order: its UUID, or the orderId of an order that has none.
    #[arg(long, value_parser = order_id)]
    pub order: Option<Uuid>,
    /// The one with this entry id.
    #[arg(long, value_parser = letter_id, conflicts_with_all = ["code", "older_than_s", "order"])]
    pub entry: Option<LetterId>,
}

impl WhichLetters {
    /// Whether nothing is given, so that all are meant.
    pub fn is_any(&self) -> bool {
        self.code.is_none()
            && self.older_than_s.is_none()
            && self.order.is_none()
            && self.entry.is_none()
    }
}

/// `loadtest dead-letters list` and `show`
#[derive(Debug, Args)]
pub struct LetterOptions {
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Which ones.
    #[command(flatten)]
    pub which: WhichLetters,
    /// The most letters to print.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `loadtest dead-letters redrive` and `discard`
#[derive(Debug, Args)]
pub struct LettersAtRisk {
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Which ones.
    #[command(flatten)]
    pub which: WhichLetters,
    /// All dead letters; must be said when nothing else says which.
    #[arg(long, conflicts_with_all = ["code", "older_than_s", "order", "entry"])]
    pub all: bool,
    /// Says what would be done and changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The most letters to deal with, oldest first.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// How long the state of a discarded order is kept, in seconds.
    #[arg(long, default_value_t = QueueSettings::default().retention_s, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    pub retention_s: u32,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `loadtest orders`
#[derive(Debug, Subcommand)]
pub enum OrdersCommand {
    /// Tells an order's whole story. Exit code 1 when the queue does not know it.
    Show(ShowOrderOptions),
}

/// `loadtest orders show`
#[derive(Debug, Args)]
pub struct ShowOrderOptions {
    /// The order's UUID, or the orderId of an order that has none.
    #[arg(value_parser = order_id)]
    pub id: Uuid,
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

fn order_id(text: &str) -> Result<Uuid, String> {
    Ok(Uuid::try_parse(text).unwrap_or_else(|_| Order::id_of_order_id(text)))
}

fn letter_id(text: &str) -> Result<LetterId, String> {
    LetterId::parse(text)
        .ok_or_else(|| "expected an entry id, two numbers with a hyphen between them".into())
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
