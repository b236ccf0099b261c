//! What `loadtest density` is told.

use std::path::PathBuf;

use clap::Args;

/// `loadtest density`
#[derive(Debug, Args)]
pub struct DensityOptions {
    /// How many idle copies one process runs, one process after the other; the figures for one copy are slopes from the first number.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000", value_parser = clap::value_parser!(u32).range(1..=30_000))]
    pub copies: Vec<u32>,
    /// The most processes of one copy each to start at the same time; 0 leaves this part out.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=3_000))]
    pub processes: u32,
    /// Ends the starting of processes before they take more than this share of the memory that is available at the start, 0 to 1.
    #[arg(long, default_value_t = 0.5, value_parser = crate::cli::share)]
    pub memory_share: f64,
    /// How long the idle CPU time is measured, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub idle_s: u64,
    /// How many copies, taken at random, are sent an order.
    #[arg(long, default_value_t = 5)]
    pub orders: usize,
    /// Seed of the orders and of the choice.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Writes the report here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// What runs the app; by default `local-runtime` beside this program.
    #[arg(long)]
    pub runtime_program: Option<PathBuf>,
    /// The always-on service to compare with; by default `conventional` beside this program, if it is there.
    #[arg(long)]
    pub conventional_program: Option<PathBuf>,
    /// The application.
    #[arg(long, default_value = "spin.toml")]
    pub manifest: PathBuf,
}
