//! What `loadtest cold-start` is told.

use std::path::PathBuf;

use clap::Args;

use crate::versus::options::SidesOptions;

/// `loadtest cold-start`
#[derive(Debug, Args)]
pub struct ColdStartOptions {
    /// How often each way of starting is measured.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rounds: u32,
    /// Events of each kind that are sent to each component to measure how long instances take to
    /// start.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub events: u32,
    /// Writes the report here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// What runs.
    #[command(flatten)]
    pub sides: SidesOptions,
}
