//! What a day's load costs on rented nodes, and which part of a saving has which cause.
//!
//! - [`options`]: what is given and what is assumed
//! - [`measured`]: what one order costs, from a report        - [`prices`]: what an hour of a node costs
//! - [`capacity`]: how much must be there        - [`pool`]: a pool of nodes over a day
//! - [`plan`]: the ways to run it        - [`factors`]: from one cost to another, one change at a time
//! - [`reference`]: the published 60 %, taken apart        - [`text`]: for the terminal
//!
//! Three things are measured: CPU seconds of an order, memory, and the throughput of one copy. All else is assumed, has a flag,
//! and stands in the JSON. Prices are list prices of their dates.

pub mod capacity;
pub mod factors;
pub mod measured;
pub mod options;
pub mod plan;
pub mod pool;
pub mod prices;
pub mod reference;
pub mod text;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use self::capacity::Asked;
use self::factors::Waterfall;
use self::measured::Measured;
use self::options::{Assumptions, CostOptions, Example, RedisPlace};
use self::plan::{Load, Row};
use self::prices::{NodeType, Prices};
use crate::day::Day;

/// The checked-in day, used when no other is named.
const CHECKED_IN_DAY: &str = include_str!("../../shapes/day.csv");

/// What `--json` writes: all inputs and all results.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Version of loadtest.
    pub loadtest_version: &'static str,
    /// The file of the day's load.
    pub shape: String,
    /// What was not measured.
    pub assumed: Assumptions,
    /// The report, then the baseline if one was given.
    pub reports: Vec<Measured>,
    /// The price table, of which only the nodes that were looked at.
    pub prices: Prices,
    /// Orders of the day.
    pub orders: f64,
    /// What the day asks for.
    pub asked: Asked,
    /// One for each report on each node.
    pub rows: Vec<Row>,
    /// From the first node to the last.
    pub factors: Waterfall,
    /// What must be known to read the figures.
    pub warnings: Vec<String>,
}

/// Answers, in the terminal and as JSON. True when it did.
///
/// # Errors
/// When an input is missing or wrong, with flag, file and field, or when a result cannot be written.
pub fn run(options: &CostOptions) -> Result<bool> {
    let json = options.json.as_deref();
    let json = json.map(|path| {
        let file = File::create(path).with_context(|| format!("--json: failed to create {}", path.display()));
        file.map(|file| (file, path))
    });
    let json = json.transpose()?;
    let prices = Prices::read(options.prices.as_deref())?;
    if let Some(Example::Reference) = options.example {
        let published = reference::decompose(&prices)?;
        print!("{}", text::of_reference(&published, &prices));
        return json.map_or(Ok(()), |(file, path)| write_json(file, path, &published)).map(|()| true);
    }
    let report = options.report.as_deref().context("--report: missing")?;
    let mut reports = vec![Measured::read("--report", report)?];
    if let Some(path) = &options.baseline {
        reports.push(Measured::read("--baseline", path)?);
    }
    let day = match &options.shape {
        Some(path) => (path.display().to_string(), Day::read(path).context("--shape")?),
        None => ("the checked-in day".to_string(), Day::parse(CHECKED_IN_DAY)?),
    };
    let answer = answer(options, reports, choose(prices, &options.nodes)?, day)?;
    print!("{}", text::of_answer(&answer));
    json.map_or(Ok(()), |(file, path)| write_json(file, path, &answer)).map(|()| true)
}

fn answer(
    options: &CostOptions,
    reports: Vec<Measured>,
    prices: Prices,
    (shape, day): (String, Day),
) -> Result<Answer> {
    let assumed = &options.assumed;
    ensure!(
        assumed.system_nodes > 0 || assumed.redis == RedisPlace::Workers,
        "--system-nodes: 0 leaves Redis no place, add --redis workers"
    );
    let load = Load::of(&day, assumed);
    let pairs = prices.nodes.iter().flat_map(|node| reports.iter().map(move |report| (node, report)));
    let rows = pairs.map(|(node, report)| load.row(node, report)).collect::<Result<Vec<_>>>()?;
    // The table has at least one node, so there is a first and a last.
    let (from, to) = (&prices.nodes[0], &prices.nodes[prices.nodes.len() - 1]);
    let factors = load.factors(reports.get(1), &reports[0], from, to)?;
    Ok(Answer {
        loadtest_version: env!("CARGO_PKG_VERSION"),
        shape,
        assumed: assumed.clone(),
        warnings: warnings(&reports, &prices.nodes, &load, assumed),
        orders: load.orders,
        asked: load.asked,
        reports,
        prices,
        rows,
        factors,
    })
}

/// The nodes of those names in their order, or all.
fn choose(prices: Prices, names: &[String]) -> Result<Prices> {
    if names.is_empty() {
        return Ok(prices);
    }
    let nodes = names.iter().map(|name| prices.node(name).cloned().context("--nodes"));
    Ok(Prices { nodes: nodes.collect::<Result<_>>()?, file: prices.file })
}

fn warnings(reports: &[Measured], nodes: &[NodeType], load: &Load, assumed: &Assumptions) -> Vec<String> {
    let dates = || nodes.iter().map(|node| node.as_of.as_str());
    let (oldest, newest) = (dates().min().unwrap_or_default(), dates().max().unwrap_or_default());
    let mut warnings = vec![
        format!("prices are list prices of {oldest} to {newest}, without disks, network, taxes and discounts"),
        "a vCPU of a node is taken to be as fast as one of the measured machine, x86 or Arm; measure on the node to know"
            .into(),
    ];
    let busiest =
        reports.iter().map(|report| report.redis_cpu_s * load.asked.at_once_per_s).fold(0.0, f64::max);
    if busiest > assumed.utilisation {
        warnings.push(format!(
            "at the peak Redis would need {busiest:.1} processors, and it runs Lua on one: no number of nodes helps"
        ));
    }
    if reports.iter().any(|report| report.cores != reports[0].cores) {
        warnings.push("the two reports are from machines with different numbers of processors".into());
    }
    warnings
}

fn write_json(mut file: File, path: &Path, what: &impl Serialize) -> Result<()> {
    let failed = || format!("--json: failed to write {}", path.display());
    serde_json::to_writer_pretty(&mut file, what).with_context(failed)?;
    file.write_all(b"\n").with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::measured::Measured;
    use super::prices::{Architecture, NodeType};

    /// Four processors, 16 GiB, 0.4 USD an hour.
    pub(super) fn a_node() -> NodeType {
        NodeType {
            provider: "Hill".into(),
            region: "north".into(),
            name: "four".into(),
            architecture: Architecture::X86,
            vcpus: 4.0,
            memory_gib: 16.0,
            usd_per_hour: 0.4,
            as_of: "2026-06".into(),
            source: "a page".into(),
        }
    }

    /// 100 us of the app and 140 of Redis for an order, 5000 orders a second, 100 MiB.
    pub(super) fn a_measurement() -> Measured {
        Measured {
            file: "r.json".into(),
            orders: 10_000.0,
            app_cpu_s: 100e-6,
            redis_cpu_s: 140e-6,
            orders_per_s: 5_000.0,
            app_mib: 100.0,
            redis_mib: 40.0,
            cores: 2.0,
        }
    }
}
