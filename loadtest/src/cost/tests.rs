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
    let product: f64 = factors.iter().map(|factor| factor["factor"].as_f64().unwrap()).product();
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
        ("--report DIR/r.json --day DIR/high.csv --multiply 1000x", "--day, --multiply: the peak"),
    ] {
        let error = format!("{:#}", cost(flags).unwrap_err());
        assert!(error.contains(expected), "{flags}: {error}");
    }
}
