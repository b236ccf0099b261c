//! What a day's load costs on rented nodes, and which part of a saving has which cause.
//!
//! - [`options`]: what is given and what is assumed
//! - [`measured`]: what one order costs, from a report
//! - [`prices`]: what an hour of a node costs
//! - [`capacity`]: how much must be there
//! - [`pool`]: a pool of nodes over a day
//! - [`plan`]: the ways to run it
//! - [`factors`]: from one cost to another, one change at a time
//! - [`reference`]: the published 60 %, taken apart
//! - [`text`]: for the terminal
//!
//! Three things are measured: CPU seconds of an order, memory, and the throughput of one copy. All
//! else is assumed, has a flag, and stands in the JSON. Prices are list prices of their dates.

pub mod capacity;
pub mod factors;
pub mod measured;
pub mod options;
pub mod plan;
pub mod pool;
pub mod prices;
pub mod reference;
pub mod text;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use self::capacity::Asked;
use self::factors::Waterfall;
use self::measured::Measured;
use self::options::{Assumptions, CostOptions, Example, RedisPlace};
use self::plan::{Load, Row};
use self::prices::{NodeType, Prices};
use crate::day::Day;
use crate::output::Output;

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
    /// The most orders that Redis keeps at a time.
    pub kept_orders: f64,
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
/// # Errors When an input is missing or wrong, with flag, file and field, or when a result cannot
/// be written.
pub fn run(options: &CostOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    let prices = Prices::read(options.prices.as_deref())?;
    if let Some(Example::Reference) = options.example {
        let published = reference::decompose(&prices)?;
        print!("{}", text::of_reference(&published, &prices));
        return json.map_or(Ok(()), |json| json.write_json(&published)).map(|()| true);
    }
    let answer = answer_of(options, prices)?;
    print!("{}", text::of_answer(&answer));
    json.map_or(Ok(()), |json| json.write_json(&answer)).map(|()| true)
}

/// Reads what the flags name, and answers.
fn answer_of(options: &CostOptions, prices: Prices) -> Result<Answer> {
    let report = options.report.as_deref().context("--report: missing")?;
    let mut reports = vec![Measured::read("--report", report)?];
    if let Some(path) = &options.baseline {
        reports.push(Measured::read("--baseline", path)?);
    }
    let day = match &options.shape {
        Some(path) => (path.display().to_string(), Day::read(path).context("--shape")?),
        None => ("the checked-in day".to_string(), Day::parse(CHECKED_IN_DAY)?),
    };
    answer(options, reports, choose(prices, &options.nodes)?, day)
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
    let pairs =
        prices.nodes.iter().flat_map(|node| reports.iter().map(move |report| (node, report)));
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
        kept_orders: load.kept_orders,
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

fn warnings(
    reports: &[Measured],
    nodes: &[NodeType],
    load: &Load,
    assumed: &Assumptions,
) -> Vec<String> {
    let dates = || nodes.iter().map(|node| node.as_of.as_str());
    let (oldest, newest) = (dates().min().unwrap_or_default(), dates().max().unwrap_or_default());
    let mut warnings = vec![
        format!("prices are list prices of {oldest} to {newest}, without disks, network, taxes and discounts"),
        "a vCPU of a node is taken to be as fast as one of the measured machine, x86 or Arm; measure on the node to know"
            .into(),
    ];
    let busiest = reports
        .iter()
        .map(|report| report.redis_cpu_s * load.asked.at_once_per_s)
        .fold(0.0, f64::max);
    if busiest > assumed.utilisation {
        warnings.push(format!(
            "at the peak Redis would need {busiest:.1} processors, and it runs Lua on one: no number of nodes helps"
        ));
    }
    if reports.iter().any(|report| report.cores != reports[0].cores) {
        warnings
            .push("the two reports are from machines with different numbers of processors".into());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::measured::Measured;
    use super::prices::{Architecture, NodeType};
    use super::*;

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

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: CostOptions,
    }

    /// A folder with a report and a baseline that takes half of its CPU. Redis takes next to no
    /// memory, or it would be the limit.
    fn a_folder() -> TempDir {
        let folder = TempDir::new().expect("a folder");
        for (name, app_cpu_s) in [("r.json", 0.4), ("b.json", 0.2)] {
            let report = json!({
                "shape": {"kind": "burst"}, "confirmed": 10_000, "dead_lettered": 0, "duplicates": 0,
                "total_s": 0.5, "cores": 2,
                "cpu_s": {"app": app_cpu_s, "redis": 0.4}, "rss_mib": {"app": 35.0, "redis": 0.01},
            });
            fs::write(folder.path().join(name), report.to_string()).expect("a file");
        }
        folder
    }

    /// Runs the command with flags in which `DIR` stands for the folder, and reads what it wrote.
    fn cost(folder: &TempDir, flags: &str) -> Result<Value> {
        let flags = format!("cost {flags} --json DIR/out.json")
            .replace("DIR", &folder.path().display().to_string());
        run(&Line::try_parse_from(flags.split_whitespace())?.options)?;
        Ok(serde_json::from_slice(&fs::read(folder.path().join("out.json"))?)?)
    }

    fn why(folder: &TempDir, flags: &str) -> String {
        format!("{:#}", cost(folder, flags).expect_err("it is refused"))
    }

    #[test]
    fn the_json_holds_the_inputs_and_factors_that_multiply_to_the_ratio() {
        let folder = a_folder();
        let flags =
            "--report DIR/r.json --baseline DIR/b.json --nodes D2ds_v5,D2pds_v5 --multiply 2000";
        let answer = cost(&folder, flags).expect("an answer");
        assert!(answer["reports"][0]["file"].as_str().is_some_and(|file| file.ends_with("r.json")));
        assert_eq!(answer["prices"]["nodes"][1]["as_of"], "2026-06");
        assert_eq!(answer["assumed"]["multiply"], 2000.0);
        assert_eq!(answer["shape"], "the checked-in day");
        let factors = answer["factors"]["factors"].as_array().expect("factors");
        let product: f64 = factors.iter().filter_map(|factor| factor["factor"].as_f64()).product();
        let usd = |way: &str, row: usize| answer["rows"][row][way]["usd"].as_f64().expect("a cost");
        // Rows are r.json and b.json on the first node, then on the second.
        let ratio = usd("pool_to_zero", 2) / usd("always_on", 1);
        assert!((product / ratio - 1.0).abs() < 1e-12, "{product} instead of {ratio}");
        // Twice the CPU of the baseline costs more where many nodes are needed.
        assert!(factors[0]["factor"].as_f64().is_some_and(|factor| factor > 1.5), "{}", factors[0]);
    }

    #[test]
    fn on_every_node_following_the_load_costs_no_more_and_a_pool_at_zero_less() {
        let folder = a_folder();
        for flags in ["--report DIR/r.json", "--report DIR/r.json --multiply 200 --drain-s 600"] {
            let answer = cost(&folder, flags).expect("an answer");
            for row in answer["rows"].as_array().expect("rows") {
                let usd =
                    ["always_on", "autoscaled", "pool_to_zero"].map(|way| row[way]["usd"].as_f64());
                assert!(usd[0] >= usd[1] && usd[1] > usd[2], "{row}");
            }
        }
    }

    /// What the terminal says.
    fn told(folder: &TempDir, flags: &str) -> String {
        let flags = format!("cost {flags}").replace("DIR", &folder.path().display().to_string());
        let options = Line::try_parse_from(flags.split_whitespace()).expect("flags").options;
        text::of_answer(
            &answer_of(&options, Prices::read(None).expect("prices")).expect("an answer"),
        )
    }

    #[test]
    fn the_baseline_is_reckoned_for_itself_because_its_nodes_are_whole_as_well() {
        let folder = a_folder();
        let flags =
            "--report DIR/r.json --baseline DIR/b.json --nodes D2ds_v5,D2pds_v5 --multiply 2000";
        let rows = cost(&folder, flags).expect("an answer")["rows"].take();
        // Rows are r.json and b.json on the first node, then on the second.
        let usd = |way: &str, row: usize| rows[row][way]["usd"].as_f64().expect("a cost");
        let (first, last) = (usd("always_on", 1), usd("pool_to_zero", 3));
        let of_the_app = usd("pool_to_zero", 2) / usd("always_on", 0);
        assert!((last / first - of_the_app).abs() > 0.005, "the example shows that the two differ");
        let text = told(&folder, flags);
        let expected = format!(
            "For the baseline the other changes are from {first:.2} to {last:.2} USD a day, x {:.3}.",
            last / first
        );
        assert!(text.contains(&expected), "{expected}: {text}");
        assert!(!text.contains("same for the baseline"), "{text}");
        assert!(
            !told(&folder, "--report DIR/r.json").contains("baseline the other"),
            "there is none"
        );
    }

    #[test]
    fn the_example_is_told_by_the_factors_of_its_prices() {
        let mut prices = Prices::read(None).expect("the checked-in table");
        let of_reference = |prices: &Prices| {
            text::of_reference(&reference::decompose(prices).expect("nodes"), prices)
        };
        let text = of_reference(&prices);
        assert!(text.contains("published 0.40, by these prices 0.401: 0.500 (vCPUs of a node, 4 of DS3_v2 to 2 of D2pds_v5) times 0.801 (price of a vCPU, "), "{text}");
        // As many processors as before, at half the price of each, and one node at the same price
        // as before.
        for node in &mut prices.nodes {
            let (vcpus, usd_per_hour) = match node.name.as_str() {
                "DS3_v2" | "D4pds_v5" => (4.0, 0.4),
                "D2pds_v5" => (4.0, 0.2),
                _ => continue,
            };
            (node.vcpus, node.usd_per_hour) = (vcpus, usd_per_hour);
        }
        let text = of_reference(&prices);
        assert!(
            text.contains("published 0.40, by these prices 0.500: 0.500 (price of a vCPU, "),
            "{text}"
        );
        assert!(text.contains("published 0.80, by these prices 1.000: no factor but 1"), "{text}");
        assert!(!text.contains("half as many"), "{text}");
    }

    #[test]
    fn the_example_needs_no_report() {
        let published = cost(&a_folder(), "--example reference").expect("an answer");
        assert_eq!(published[1]["published"], 0.4);
        assert_eq!(published[1]["factors"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_flag() {
        let folder = a_folder();
        assert!(why(&folder, "").contains("--report"));
        assert!(why(&folder, "--report DIR/no.json").starts_with("--report: failed to read"));
        assert!(
            why(&folder, "--report DIR/r.json --baseline DIR/no.json")
                .starts_with("--baseline: failed")
        );
        assert!(
            why(&folder, "--report DIR/r.json --shape DIR/no.csv")
                .starts_with("--shape: failed to read")
        );
        assert!(
            why(&folder, "--report DIR/r.json --prices DIR/no.toml")
                .starts_with("--prices: failed to read")
        );
        assert!(
            why(&folder, "--report DIR/r.json --nodes D9")
                .starts_with("--nodes: the checked-in table: no node")
        );
        assert!(
            why(&folder, "--report DIR/r.json --system-nodes 0").starts_with("--system-nodes: 0")
        );
        for flag in [
            "--utilisation 0",
            "--utilisation 1.1",
            "--multiply -1",
            "--usable-memory nan",
            "--drain-s 0",
        ] {
            let name = flag.split(' ').next().expect("a flag");
            assert!(why(&folder, &format!("--report DIR/r.json {flag}")).contains(name), "{flag}");
        }
    }
}
