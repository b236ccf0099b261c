//! What `loadtest versus` is told, and what it shares with `loadtest cold-start`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;

/// `loadtest versus`
#[derive(Debug, Args)]
pub struct VersusOptions {
    /// How often each side runs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// Orders of the burst of each round.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub orders: u64,
    /// Share of orders with a prescription, 0 to 1; 0 gives the published reference's plain orders.
    #[arg(long, default_value_t = 0.3, value_parser = crate::cli::share)]
    pub prescriptions: f64,
    /// Seed of the orders; both sides of a round get the same ones.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// How long idle CPU time is measured, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub idle_s: u64,
    /// Gives up a burst when nothing has moved for so many seconds; what is missing then is lost.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub patience_s: u64,
    /// Writes the report here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Writes the bursts here as a page of `loadtest compare`.
    #[arg(long)]
    pub html: Option<PathBuf>,
    /// What runs.
    #[command(flatten)]
    pub sides: SidesOptions,
}

/// The two sides.
#[derive(Debug, Args)]
pub struct SidesOptions {
    /// What runs the Wasm components.
    #[arg(long, value_enum, default_value = "local")]
    pub runtime: Runtime,
    /// The program that does; by default `local-runtime` beside this program, or `spin` on the
    /// PATH.
    #[arg(long)]
    pub runtime_program: Option<PathBuf>,
    /// The always-on service; by default `conventional` beside this program.
    #[arg(long)]
    pub conventional_program: Option<PathBuf>,
    /// The application.
    #[arg(long, default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// Score from which an order is complex, on both sides.
    #[arg(long, alias = "threshold", default_value_t = DEFAULT_COMPLEXITY_THRESHOLD)]
    pub complexity_threshold: u32,
    /// Gives up when a process is not ready, or has not confirmed the order that waits, after so
    /// many seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub start_limit_s: u64,
}

impl SidesOptions {
    /// How long a start may take.
    pub fn start_limit(&self) -> Duration {
        Duration::from_secs(self.start_limit_s)
    }
}

/// What runs the Wasm components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}
