use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;

use crate::options::parse;

#[derive(Debug, Args)]
pub(crate) struct VersusOptions {
    /// How often each side runs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000), help_heading = "Rounds")]
    pub(super) rounds: u32,
    /// Orders of the burst of each round.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000), help_heading = "Rounds")]
    pub(super) orders: u64,
    /// Share of orders with a prescription, 0 to 1; 0 gives the plain orders of the published
    /// reference.
    #[arg(long, default_value_t = 0.3, value_parser = parse::share, help_heading = "Rounds")]
    pub(super) prescriptions: f64,
    /// Seed of the orders; both sides of a round get the same ones.
    #[arg(long, default_value_t = 42, help_heading = "Rounds")]
    pub(super) seed: u64,
    /// How long idle CPU time is measured.
    #[arg(long, default_value = "5s", value_parser = parse::duration, help_heading = "Rounds")]
    pub(super) idle: Duration,
    /// Gives up a burst when nothing has moved for so long.
    #[arg(long, default_value = "30s", value_parser = parse::duration, help_heading = "Rounds")]
    pub(super) patience: Duration,
    /// Writes the report to this file as JSON.
    #[arg(long, help_heading = "Report")]
    pub(super) json: Option<PathBuf>,
    #[command(flatten)]
    pub(super) sides: SidesOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Sides")]
pub(crate) struct SidesOptions {
    /// What runs the Wasm components.
    #[arg(long, value_enum, default_value = "local")]
    pub(super) runtime: Runtime,
    /// Its program [default: local-runtime beside this program, or spin on the PATH]
    #[arg(long)]
    pub(super) runtime_program: Option<PathBuf>,
    /// The always-on service [default: conventional beside this program]
    #[arg(long)]
    pub(super) conventional_program: Option<PathBuf>,
    /// Manifest of the app.
    #[arg(long, default_value = "spin.toml")]
    pub(super) manifest: PathBuf,
    /// Complexity threshold of both sides.
    #[arg(long, default_value_t = DEFAULT_COMPLEXITY_THRESHOLD)]
    pub(super) complexity_threshold: u32,
    /// Gives up when a process is not ready, or has not confirmed the waiting order, after so long.
    #[arg(long, default_value = "60s", value_parser = parse::duration)]
    pub(super) start_limit: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}
