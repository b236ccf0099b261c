//! What one order costs, taken from a report of `loadtest burst --json`.
//!
//! Only the fields that are needed are looked at, so reports of later versions can be read as well.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;

/// A machine was measured; these figures are its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The report.
    pub file: String,
    /// Orders of the burst that were done, copies included: what the CPU and the time went into.
    pub orders: f64,
    /// CPU seconds of the app for an order.
    pub app_cpu_s: f64,
    /// CPU seconds of Redis for an order.
    pub redis_cpu_s: f64,
    /// Orders a second that one copy of the app got through, everything on one machine.
    pub orders_per_s: f64,
    /// Peak memory of the app in MiB.
    pub app_mib: f64,
    /// Peak memory of Redis in MiB, with all orders of the burst in it.
    pub redis_mib: f64,
    /// Processors of the machine.
    pub cores: f64,
}

impl Measured {
    /// Reads a report.
    ///
    /// # Errors When the file cannot be read, or with the field that is missing, of no use, or says
    /// that the run shows nothing about cost.
    pub fn read(flag: &str, path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let text =
            fs::read_to_string(path).with_context(|| format!("{flag}: failed to read {file}"))?;
        Self::parse(&file, &text).with_context(|| format!("{flag}: {file}"))
    }

    fn parse(file: &str, text: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(text).context("expected a report as JSON")?;
        refuse_what_shows_nothing(&report)?;
        let done = ["confirmed", "dead_lettered", "duplicates"].map(|field| number(&report, field));
        let orders = done.into_iter().sum::<Result<f64>>()?;
        ensure!(
            orders > 0.0,
            "confirmed: is 0 and nothing else was done, so nothing can be said about one order"
        );
        let total_s = number(&report, "total_s")?;
        ensure!(total_s > 0.0, "total_s: expected more than 0");
        let measured = Self {
            file: file.into(),
            orders,
            app_cpu_s: number(&report, "cpu_s.app")? / orders,
            redis_cpu_s: number(&report, "cpu_s.redis")? / orders,
            orders_per_s: orders / total_s,
            app_mib: number(&report, "rss_mib.app")?,
            redis_mib: number(&report, "rss_mib.redis")?,
            cores: number(&report, "cores")?,
        };
        ensure!(
            measured.app_cpu_s > 0.0,
            "cpu_s.app: is 0: too few orders to measure, use a larger burst"
        );
        ensure!(measured.app_mib > 0.0, "rss_mib.app: expected more than 0");
        Ok(measured)
    }

    /// CPU seconds for an order, Redis's included.
    pub fn cpu_s(&self) -> f64 {
        self.app_cpu_s + self.redis_cpu_s
    }

    /// MiB of Redis with so many orders in it. In proportion to the burst, so rather too much: what
    /// Redis needs when it is empty is counted again with every burst's worth.
    pub fn redis_mib_for(&self, orders: f64) -> f64 {
        self.redis_mib * (orders / self.orders).max(1.0)
    }
}

/// Only a burst that was taken in whole, ended well and had the app to itself says what an order
/// costs and how fast orders are done: any other shape sets the pace itself.
fn refuse_what_shows_nothing(report: &Value) -> Result<()> {
    let kind =
        report.pointer("/shape/kind").and_then(Value::as_str).context("shape.kind: missing")?;
    ensure!(
        kind == "burst",
        "shape.kind: is {kind}, expected burst: any other shape says how fast orders were sent"
    );
    let count = |field| report.get(field).and_then(Value::as_f64).unwrap_or(0.0);
    for field in ["lost", "doubled", "wrong"] {
        let failed = count(field);
        ensure!(failed == 0.0, "{field}: is {failed}: a run that failed says nothing about cost");
    }
    let not_taken = report.get("not_taken").and_then(Value::as_array).into_iter().flatten();
    let not_taken: f64 =
        not_taken.filter_map(|kind| kind.get("orders").and_then(Value::as_f64)).sum();
    ensure!(
        not_taken == 0.0,
        "not_taken: is {not_taken}: what it took to turn these away would be counted for the others"
    );
    let is_interrupted = report.get("interrupted").and_then(Value::as_bool).unwrap_or(false);
    ensure!(
        !is_interrupted,
        "interrupted: is true: a run that did not come to its end says nothing about cost"
    );
    let before = count("backlog_before");
    ensure!(
        before == 0.0,
        "backlog_before: is {before}: orders that waited before took part of the time and of the CPU"
    );
    Ok(())
}

/// The number at a path of names with dots between them.
fn number(report: &Value, path: &str) -> Result<f64> {
    let value = report.pointer(&format!("/{}", path.replace('.', "/")));
    match value.with_context(|| format!("{path}: missing"))? {
        Value::Null if path.rsplit('.').next() == Some("app") => {
            bail!("{path}: is null: the report was made without --app-pid")
        }
        value => {
            let number = value.as_f64().filter(|number| *number >= 0.0);
            number.with_context(|| format!("{path}: expected a number, zero or more"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn a_report() -> Value {
        json!({
            "shape": {"kind": "burst", "scheduled": false}, "interrupted": false, "not_taken": [], "backlog_before": 0,
            "orders": 10_000, "confirmed": 9_000, "dead_lettered": 600, "duplicates": 400,
            "total_s": 0.5, "cores": 2, "a_later_field": {"of": "no use"},
            "cpu_s": {"app": 0.3, "redis": 0.4}, "rss_mib": {"app": 35.0, "redis": 40.0},
        })
    }

    fn why(report: &Value) -> String {
        format!("{:#}", Measured::parse("r.json", &report.to_string()).expect_err("a bad report"))
    }

    #[test]
    fn figures_are_those_of_one_order() {
        let measured = Measured::parse("r.json", &a_report().to_string()).expect("a good report");
        assert!((measured.app_cpu_s - 30e-6).abs() < 1e-15, "0.3 s for 10,000 orders");
        assert!((measured.cpu_s() - 70e-6).abs() < 1e-15, "0.7 s for 10,000 orders");
        assert_eq!(measured.orders_per_s, 20_000.0);
        assert_eq!((measured.app_mib, measured.redis_mib, measured.cores), (35.0, 40.0, 2.0));
    }

    #[test]
    fn orders_that_the_app_never_had_are_not_counted() {
        let mut report = a_report();
        // Half of them refused at the door: the other half took the time and the CPU.
        report["refused"] = json!(5_000);
        report["confirmed"] = json!(4_000);
        let measured = Measured::parse("r.json", &report.to_string()).expect("a good report");
        assert_eq!((measured.orders, measured.orders_per_s), (5_000.0, 10_000.0));
        assert!((measured.app_cpu_s - 60e-6).abs() < 1e-15, "0.3 s for 5,000 orders");
    }

    #[test]
    fn only_a_burst_that_was_taken_in_whole_and_not_disturbed_says_what_an_order_costs() {
        for (field, value, expected) in [
            (
                "shape",
                json!({"kind": "steady", "rate": 5.0}),
                "shape.kind: is steady, expected burst",
            ),
            ("shape", json!({"kind": "spikes"}), "shape.kind: is spikes, expected burst"),
            ("shape", json!({}), "shape.kind: missing"),
            ("interrupted", json!(true), "interrupted: is true"),
            ("backlog_before", json!(7), "backlog_before: is 7"),
            (
                "not_taken",
                json!([{"answer": "429", "orders": 3}, {"answer": "503", "orders": 4}]),
                "not_taken: is 7",
            ),
        ] {
            let mut report = a_report();
            report[field] = value;
            assert!(why(&report).starts_with(expected), "{expected}: {}", why(&report));
        }
    }

    #[test]
    fn redis_needs_more_for_more_orders_and_never_less_than_measured() {
        let measured = Measured::parse("r.json", &a_report().to_string()).expect("a good report");
        assert_eq!(measured.redis_mib_for(5_000.0), 40.0);
        assert_eq!(measured.redis_mib_for(100_000.0), 400.0);
    }

    #[test]
    fn each_missing_field_is_named() {
        for path in [
            "shape.kind",
            "confirmed",
            "dead_lettered",
            "duplicates",
            "total_s",
            "cpu_s.app",
            "cpu_s.redis",
            "rss_mib.app",
            "rss_mib.redis",
            "cores",
        ] {
            let mut report = a_report();
            let (parent, field) = path.rsplit_once('.').unwrap_or(("", path));
            let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
            let parent = report.pointer_mut(&parent).and_then(Value::as_object_mut);
            parent.expect("an object").remove(field);
            assert_eq!(why(&report), format!("{path}: missing"));
        }
    }

    #[test]
    fn a_report_without_the_app_says_which_flag_was_missing() {
        for field in ["cpu_s", "rss_mib"] {
            let mut report = a_report();
            report[field]["app"] = Value::Null;
            assert_eq!(
                why(&report),
                format!("{field}.app: is null: the report was made without --app-pid")
            );
        }
    }

    #[test]
    fn figures_that_say_nothing_are_refused() {
        let with = |path: &str, value: Value| {
            let mut report = a_report();
            *report.pointer_mut(path).expect("a field") = value;
            why(&report)
        };
        let mut idle = a_report();
        for field in ["confirmed", "dead_lettered", "duplicates"] {
            idle[field] = json!(0);
        }
        assert!(why(&idle).starts_with("confirmed: is 0"), "{}", why(&idle));
        assert!(with("/total_s", json!(0)).starts_with("total_s: expected more than 0"));
        assert!(with("/cpu_s/app", json!(0.0)).starts_with("cpu_s.app: is 0"));
        assert!(with("/cpu_s/redis", json!(-1)).starts_with("cpu_s.redis: expected a number"));
        assert!(with("/cores", json!("two")).starts_with("cores: expected a number"));
        assert!(why(&json!([])).starts_with("shape.kind: missing"));
        let mut failed = a_report();
        failed["lost"] = json!(3);
        assert_eq!(why(&failed), "lost: is 3: a run that failed says nothing about cost");
    }
}
