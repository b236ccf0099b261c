//! What a day's load costs on rented nodes, and how much each factor saves.
//!
//! - [`measured`]: what one order costs, from a report
//! - [`prices`]: what an hour of a node costs
//! - [`model`]: computes nodes and money from both and a day
//!
//! CPU seconds of an order, memory and throughput are measured. Everything else is an assumption
//! with a flag, and is in the JSON. Prices are list prices, each with its date.

mod measured;
mod model;
mod prices;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::day::Day;
use crate::options::parse;
use crate::outcome::Outcome;
use crate::output::{Output, publish};
use measured::Measured;
use model::{DayLoad, Factor, Row};
use prices::Prices;

#[derive(Debug, Args)]
pub(crate) struct CostOptions {
    /// Report of a burst with CPU and memory of the app, as `burst --app-pid PID --json FILE`
    /// writes it.
    #[arg(long, help_heading = "Input")]
    report: PathBuf,
    /// A second report to compare with, such as one of the always-on service.
    #[arg(long, help_heading = "Input")]
    baseline: Option<PathBuf>,
    /// Price table [default: the built-in loadtest/prices.toml]
    #[arg(long, help_heading = "Input")]
    prices: Option<PathBuf>,
    /// The day's load as CSV [default: the built-in loadtest/shapes/day.csv]
    #[arg(long, help_heading = "Input")]
    day: Option<PathBuf>,
    /// Names of nodes in the price table [default: all]. Factors lead from the first to the last.
    #[arg(long, value_delimiter = ',', help_heading = "Input")]
    nodes: Vec<String>,
    /// Writes the result to this file as JSON.
    #[arg(long, help_heading = "Report")]
    json: Option<PathBuf>,
    #[command(flatten)]
    assumed: Assumptions,
}

#[derive(Debug, Clone, PartialEq, Args, Serialize)]
#[command(next_help_heading = "Assumptions")]
pub(crate) struct Assumptions {
    /// Multiplies the day's rates.
    #[arg(long, default_value = "1x", value_parser = parse::factor)]
    multiply: f64,
    /// Planned utilisation of a vCPU, from 0.01 to 1.
    #[arg(long, default_value_t = 0.6, value_parser = utilisation)]
    utilisation: f64,
    /// Nodes for the cluster's own programs and Redis, of the same type, always on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1000))]
    system_nodes: u32,
    /// How long a node must be unused before it is removed.
    #[arg(long, default_value = "10m", value_parser = parse::duration_or_zero)]
    scale_in: Duration,
}

/// What `--json` writes.
#[derive(Debug, Serialize)]
struct CostReport {
    loadtest_version: &'static str,
    day: String,
    assumed: Assumptions,
    /// The report, then the baseline if there is one.
    reports: Vec<Measured>,
    prices: Prices,
    orders: f64,
    peak_rate: f64,
    /// One for each report on each node.
    rows: Vec<Row>,
    /// From the baseline on the first node to the report on the last.
    factors: Vec<Factor>,
}

pub(crate) fn run(options: &CostOptions) -> Result<Outcome> {
    let inputs = [
        ("--report", Some(options.report.as_path())),
        ("--baseline", options.baseline.as_deref()),
        ("--prices", options.prices.as_deref()),
        ("--day", options.day.as_deref()),
    ];
    let json = Output::create(options.json.as_deref(), "--json", &inputs)?;
    let answer = answer(options)?;
    publish(&text::text(&answer), || json.map_or(Ok(()), |json| json.write_json(&answer)))?;
    Ok(Outcome::Good)
}

fn answer(options: &CostOptions) -> Result<CostReport> {
    let mut reports = vec![Measured::read(&options.report).context("--report")?];
    if let Some(path) = &options.baseline {
        reports.push(Measured::read(path).context("--baseline")?);
    }
    let day_file = options.day.as_deref();
    let day = Day::of_flag(day_file, "--day")?;
    let prices = Prices::read(options.prices.as_deref()).context("--prices")?;
    let prices = prices.only(&options.nodes).context("--nodes")?;
    let load = DayLoad::of(&day, &options.assumed);
    let nodes = prices.nodes.iter();
    let pairs = nodes.flat_map(|node| reports.iter().map(move |report| (node, report)));
    let rows = pairs.map(|(node, report)| load.row(node, report)).collect::<Result<_>>()?;
    let (nodes, baseline) = (&prices.nodes, &reports[reports.len() - 1]);
    let factors = load.factors(baseline, &reports[0], &nodes[0], &nodes[nodes.len() - 1])?;
    Ok(CostReport {
        loadtest_version: env!("CARGO_PKG_VERSION"),
        day: day_file.map_or("the built-in day".into(), |day| day.display().to_string()),
        assumed: options.assumed.clone(),
        reports,
        prices,
        orders: load.orders,
        peak_rate: load.peak_rate,
        rows,
        factors,
    })
}

fn utilisation(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.01..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0.01 to 1".into()),
    }
}

#[cfg(test)]
mod tests;
