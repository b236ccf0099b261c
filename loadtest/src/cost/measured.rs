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
        let foreign = report.foreign();
        ensure!(foreign == 0, "shares: {foreign} other orders used part of the time and CPU");
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
mod tests;
