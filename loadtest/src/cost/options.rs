//! What `loadtest cost` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::prices::NodeType;

/// `loadtest cost`
#[derive(Debug, Args)]
pub struct CostOptions {
    /// Report of a burst with CPU and memory of the app, as `loadtest burst --app-pid PID --json
    /// FILE` writes it.
    #[arg(long, required_unless_present = "example")]
    pub report: Option<PathBuf>,
    /// A second report to compare with, of the always-on service.
    #[arg(long)]
    pub baseline: Option<PathBuf>,
    /// Price table; by default the checked-in one.
    #[arg(long)]
    pub prices: Option<PathBuf>,
    /// The day's load as CSV; by default the checked-in day.
    #[arg(long)]
    pub shape: Option<PathBuf>,
    /// The nodes to look at, by their names in the price table; by default all. Factors are shown
    /// from the first to the last.
    #[arg(long, value_delimiter = ',')]
    pub nodes: Vec<String>,
    /// Shows how a published figure comes about instead.
    #[arg(long, conflicts_with_all = ["report", "baseline", "shape", "nodes"])]
    pub example: Option<Example>,
    /// Writes the result here as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// The assumptions.
    #[command(flatten)]
    pub assumed: Assumptions,
}

/// A published figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Example {
    /// The published reference's 60 %.
    Reference,
}

/// Where Redis lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RedisPlace {
    /// On the system nodes, which are always on.
    System,
    /// On the nodes of the app; the last one can then never go.
    Workers,
}

/// What always-on nodes are provisioned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Provision {
    /// The peak rate: no order waits.
    Peak,
    /// The least with which no order waits longer than --drain-s.
    Drain,
}

/// What was not measured.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct Assumptions {
    /// The day's rates are multiplied by this.
    #[arg(long, default_value_t = 1.0, value_parser = positive, allow_negative_numbers = true)]
    pub multiply: f64,
    /// Share of a processor's time that is planned for, 0 to 1.
    #[arg(long, default_value_t = 0.6, value_parser = share, allow_negative_numbers = true)]
    pub utilisation: f64,
    /// What always-on nodes are provisioned for.
    #[arg(long, value_enum, default_value_t = Provision::Peak)]
    pub provision: Provision,
    /// How long an order may wait, in seconds; an autoscaler aims at the same.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub drain_s: u32,
    /// The least nodes for the app where the pool does not go to zero; 2 for availability.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub min_nodes: u32,
    /// Nodes for the cluster's own programs and Redis, of the same type and always on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub system_nodes: u32,
    /// Where Redis lives.
    #[arg(long, value_enum, default_value_t = RedisPlace::System)]
    pub redis: RedisPlace,
    /// For how long Redis keeps an order's state and confirmation, in seconds: the variable of the
    /// same name.
    #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub retention_s: u32,
    /// Share of a node's memory that is left for the app, 0 to 1.
    #[arg(long, default_value_t = 0.75, value_parser = share, allow_negative_numbers = true)]
    pub usable_memory: f64,
    /// Seconds from the wish for a node until it works; it is paid from the wish.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub reaction_s: u32,
    /// Seconds a node must have been of no use before it goes.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub scale_in_s: u32,
    /// Seconds without work before the app goes to zero.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub app_cooldown_s: u32,
}

impl Assumptions {
    /// Memory of a node that pods can have, in MiB.
    pub fn usable_mib(&self, node: &NodeType) -> f64 {
        node.memory_gib * 1024.0 * self.usable_memory
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number greater than zero".into())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= 1.0);
    number.ok_or_else(|| "expected a number greater than 0, up to 1".into())
}

#[cfg(test)]
impl Default for Assumptions {
    /// The defaults of the command line.
    fn default() -> Self {
        use clap::Parser;

        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            assumed: Assumptions,
        }
        Line::parse_from(["cost"]).assumed
    }
}
