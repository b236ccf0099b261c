//! A report for the terminal.

use std::fmt::Write as _;

use super::{Failures, Report};

/// Order ids shown of each kind; the JSON has more.
const SHOWN: usize = 20;

impl Report {
    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let source = match (&self.file, self.seed) {
            (Some(file), _) => format!("from {file}"),
            (None, Some(seed)) => format!("generated with seed {seed}"),
            (None, None) => String::new(),
        };
        let or_none = |figure: Option<String>| figure.unwrap_or_else(|| "not measured".into());
        let per_order = |seconds: f64| match self.orders {
            0 => String::new(),
            orders => format!(" ({:.1} us an order)", seconds * 1e6 / orders as f64),
        };
        writeln!(text, "{} orders {source}", self.orders)?;
        writeln!(text)?;
        writeln!(text, "  enqueued in        {:.3} s", self.enqueue_s)?;
        writeln!(text, "  all done after     {:.3} s, {:.0} orders/s", self.total_s, self.orders_per_s)?;
        let latency = &self.latency_ms;
        writeln!(
            text,
            "  latency            p50 {:.0} ms  p95 {:.0} ms  p99 {:.0} ms  max {:.0} ms",
            latency.p50, latency.p95, latency.p99, latency.max
        )?;
        writeln!(text, "  lanes              simple {}  complex {}", self.lanes.simple, self.lanes.complex)?;
        writeln!(
            text,
            "  CPU                app {}  redis {:.2} s{}",
            or_none(self.cpu_s.app.map(|seconds| format!("{seconds:.2} s{}", per_order(seconds)))),
            self.cpu_s.redis,
            per_order(self.cpu_s.redis)
        )?;
        writeln!(
            text,
            "  peak memory        app {}  redis {:.0} MiB",
            or_none(self.rss_mib.app.map(|mib| format!("{mib:.0} MiB"))),
            self.rss_mib.redis
        )?;
        let starts = self.instance_start_us.as_ref().zip(self.instance_starts);
        writeln!(
            text,
            "  instance starts    {}",
            or_none(starts.map(|(us, starts)| format!("{starts}, p50 {} us  p99 {} us", us.p50, us.p99)))
        )?;
        if self.metronome_rings > 0 {
            writeln!(text, "  metronome          had to ring {} times", self.metronome_rings)?;
        }
        if self.backlog_before > 0 {
            writeln!(text, "  disturbed by       {} orders that were waiting before", self.backlog_before)?;
        }
        writeln!(text)?;
        writeln!(
            text,
            "  confirmed {}  dead-lettered {}  duplicates {}",
            self.confirmed, self.dead_lettered, self.duplicates
        )?;
        writeln!(text, "  lost {}  doubled {}  wrong {}", self.lost, self.doubled, self.wrong)?;
        writeln!(text)?;
        self.failures.write_text(text)?;
        let verdict = if self.is_clean() {
            "every order sent was found exactly once, as it must be"
        } else {
            "FAILED: not every order is where it must be"
        };
        writeln!(text, "{verdict}")
    }
}

impl Failures {
    /// Lists the orders, a limited number of each kind.
    pub(crate) fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let wrong: Vec<String> =
            self.wrong.iter().map(|wrong| format!("{}: {}", wrong.order, wrong.why)).collect();
        for (name, orders) in [("lost", &self.lost), ("doubled", &self.doubled), ("wrong", &wrong)] {
            for order in orders.iter().take(SHOWN) {
                writeln!(text, "{name}: {order}")?;
            }
            if orders.len() > SHOWN {
                writeln!(text, "{name}: {} more, see --json", orders.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}
