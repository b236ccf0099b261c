//! What one order costs, from a report of `burst --app-pid PID --json FILE`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::report::{Report, Shape};

/// Figures of one run on one machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Measured {
    pub(super) file: String,
    /// CPU seconds of the app per order.
    pub(super) app_cpu_s: f64,
    pub(super) redis_cpu_s: f64,
    /// Throughput of one copy of the app.
    pub(super) orders_per_s: f64,
    pub(super) app_mib: f64,
}

impl Measured {
    /// Errors name the file, and the field that makes the run unusable.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        Self::of(&Report::read(path)?, &file).with_context(|| file.clone())
    }

    fn of(report: &Report, file: &str) -> Result<Self> {
        ensure!(
            matches!(report.shape, Shape::Burst {}),
            "shape.kind: expected burst: any other shape sets the pace itself"
        );
        ensure!(report.is_success(), "the run was not successful, so it shows nothing about cost");
        ensure!(!report.interrupted, "interrupted: the run did not end");
        let before = report.backlog_before;
        ensure!(before == 0, "backlog_before: {before} other orders used part of the time and CPU");
        let known = report.confirmed_before();
        ensure!(known == 0, "confirmed: {known} orders were confirmed by an earlier run");
        let orders = report.done() as f64;
        ensure!(orders > 0.0 && report.total_s > 0.0, "confirmed: no order was done");
        let without_pid = "without --app-pid the app is not measured";
        let app_cpu_s = report.cpu_s.app.context(without_pid).context("cpu_s.app")?;
        let app_mib = report.rss_mib.app.context(without_pid).context("rss_mib.app")?;
        ensure!(app_cpu_s > 0.0, "cpu_s.app: is 0: too few orders to measure, use a larger burst");
        Ok(Self {
            file: file.to_owned(),
            app_cpu_s: app_cpu_s / orders,
            redis_cpu_s: report.cpu_s.redis / orders,
            orders_per_s: orders / report.total_s,
            app_mib,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::tests::a_report;

    fn measured(report: Value) -> Result<Measured> {
        Measured::of(&serde_json::from_value(report).unwrap(), "r.json")
    }

    #[test]
    fn figures_are_those_of_one_order_that_the_app_had() {
        let measured = measured(a_report()).unwrap();
        assert!((measured.app_cpu_s - 30e-6).abs() < 1e-15, "0.3 s for 10,000 orders");
        assert!((measured.redis_cpu_s - 40e-6).abs() < 1e-15, "0.4 s for 10,000 orders");
        assert_eq!((measured.orders_per_s, measured.app_mib), (20_000.0, 35.0));
    }

    #[test]
    fn a_run_that_says_nothing_about_cost_is_refused_with_the_reason() {
        let steady = json!({"kind": "steady", "rate": 5, "duration_s": 1, "arrivals": "even"});
        let rejected = json!([{"answer": "429", "orders": 3, "processed_anyway": 0}]);
        for (pointer, value, expected) in [
            ("/shape", steady, "shape.kind: expected burst"),
            ("/interrupted", json!(true), "interrupted"),
            ("/backlog_before", json!(7), "backlog_before: 7"),
            ("/latency_ms/max", json!(0), "confirmed: 9000 orders were confirmed by an earlier"),
            ("/lost", json!(1), "not successful"),
            ("/late", json!(1), "not successful"),
            ("/rejected", rejected, "not successful"),
            ("/total_s", json!(0.0), "no order was done"),
            ("/cpu_s/app", json!(null), "cpu_s.app: without --app-pid"),
            ("/rss_mib/app", json!(null), "rss_mib.app: without --app-pid"),
            ("/cpu_s/app", json!(0.0), "cpu_s.app: is 0"),
        ] {
            let mut report = a_report();
            *report.pointer_mut(pointer).unwrap() = value;
            let error = format!("{:#}", measured(report).unwrap_err());
            assert!(error.contains(expected), "{pointer}: {error}");
        }
    }
}
