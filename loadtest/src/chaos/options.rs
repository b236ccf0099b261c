use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ChaosOptions {
    /// How many faults; their kinds are dealt from a shuffled deck of twenty.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Faults")]
    pub(super) faults: u32,
    /// Seed of the faults, their times, and the orders.
    #[arg(long, default_value_t = 42, help_heading = "Faults")]
    pub(super) seed: u64,
    /// Minimum number of orders: the load goes on after the last fault until they are sent.
    #[arg(long, default_value_t = 0, help_heading = "Load")]
    pub(super) orders: u64,
    /// Orders a second of all producers together.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Load")]
    pub(super) orders_per_s: u32,
    /// After an outage, sends the orders that were due meanwhile, all at once.
    #[arg(long, help_heading = "Load")]
    pub(super) catch_up: bool,
    /// Processes of each worker.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16), help_heading = "App")]
    pub(super) replicas: u32,
    /// Program that runs the app [default: local-runtime beside this program]
    #[arg(long, help_heading = "App")]
    pub(super) runtime_program: Option<PathBuf>,
    /// Manifest of the app.
    #[arg(long, default_value = "spin.toml", help_heading = "App")]
    pub(super) manifest: PathBuf,
    /// Writes the report to this file as JSON.
    #[arg(long, help_heading = "Report")]
    pub(super) json: Option<PathBuf>,
}
