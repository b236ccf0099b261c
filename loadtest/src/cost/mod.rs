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
mod tests {
    use std::fs;

    use clap::Parser;
    use serde_json::Value;

    use super::*;
    use crate::report::tests::a_report;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: CostOptions,
    }

    /// Runs the command on a report and a baseline that takes half of its CPU. `DIR` is the folder.
    fn cost(flags: &str) -> Result<(Value, String)> {
        let folder = tempfile::tempdir()?;
        for (name, app_cpu_s) in [("r.json", 0.4), ("b.json", 0.2)] {
            let mut report = a_report();
            report["cpu_s"]["app"] = app_cpu_s.into();
            fs::write(folder.path().join(name), report.to_string())?;
        }
        let high = "time,orders_per_minute\n12:00,60000000\n";
        fs::write(folder.path().join("high.csv"), high)?;
        let dir = folder.path().display().to_string();
        let line = format!("cost {flags} --json DIR/out.json").replace("DIR", &dir);
        let options = Line::try_parse_from(line.split_whitespace())?.options;
        run(&options)?;
        let json = serde_json::from_slice(&fs::read(folder.path().join("out.json"))?)?;
        Ok((json, text::text(&answer(&options)?)))
    }

    #[test]
    fn factors_multiply_to_the_ratio_of_the_costs_and_name_what_saves_most() {
        let flags =
            "--report DIR/r.json --baseline DIR/b.json --nodes D2ds_v5,D2pds_v5 --multiply 2000";
        let (json, text) = cost(flags).unwrap();
        let factors = json["factors"].as_array().unwrap();
        let product: f64 =
            factors.iter().map(|factor| factor["factor"].as_f64().unwrap()).product();
        // Rows are r.json and b.json on the first node, then on the second.
        let usd = |way: &str, row: usize| json["rows"][row][way]["usd"].as_f64().unwrap();
        let ratio = usd("pool_to_zero", 2) / usd("always_on", 1);
        assert!((product / ratio - 1.0).abs() < 1e-9, "{product} instead of {ratio}");
        // Twice the CPU of the baseline costs more where many nodes are needed.
        assert!(factors[0]["factor"].as_f64().unwrap() > 1.5, "{}", factors[0]);
        assert!(text.contains("nodes follow the load") && text.contains("D2pds_v5"), "{text}");
        assert_eq!(json["prices"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(json["assumed"]["multiply"], 2000.0);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_flag() {
        for (flags, expected) in [
            ("", "--report"),
            ("--report DIR/no.json", "--report: failed to read"),
            ("--report DIR/r.json --baseline DIR/no.json", "--baseline: failed to read"),
            ("--report DIR/r.json --day DIR/no.csv", "--day: failed to read"),
            ("--report DIR/r.json --prices DIR/no.toml", "--prices: failed to read"),
            ("--report DIR/r.json --nodes D9", "--nodes: there is no node D9"),
            ("--report DIR/r.json --utilisation 0", "--utilisation"),
            ("--report DIR/r.json --utilisation 1e-300", "from 0.01 to 1"),
            ("--report DIR/out.json", "--json and --report: both are"),
            ("--report DIR/r.json --scale-in soon", "--scale-in"),
            ("--report DIR/r.json --multiply 0x", "--multiply"),
            (
                "--report DIR/r.json --day DIR/high.csv --multiply 1000x",
                "--day, --multiply: the peak",
            ),
        ] {
            let error = format!("{:#}", cost(flags).unwrap_err());
            assert!(error.contains(expected), "{flags}: {error}");
        }
    }
}
