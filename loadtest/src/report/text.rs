//! A report for the terminal, at most [`WIDTH`] columns wide.
//!
//! Names of files, reasons and answers come from elsewhere: control characters are taken out of
//! them.

use std::fmt::Write as _;

use textwrap::Options;

use super::units::{count, digits, harmless};
use super::{Failures, Latency, Report, distribution, verdict};

/// Columns of the terminal that is written for.
pub const WIDTH: usize = 100;
const SHOWN: usize = 20;
const ROWS: usize = 15;
const BAR: usize = 60;
const DUE_TO_CONFIRMED: &str = "due to confirmed";

impl Report {
    /// For the terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        write_wrapped(text, "", "", &format!("{} orders {}", self.orders, self.source()))?;
        write_wrapped(text, "", "", &self.shape.in_words())?;
        write_wrapped(text, "", "", &self.via.in_words())?;
        if self.interrupted {
            writeln!(text, "interrupted")?;
        }
        writeln!(text)?;
        self.write_figures(text)?;
        self.write_latencies(text)?;
        self.write_histogram(text)?;
        self.write_shares(text)?;
        writeln!(text)?;
        self.write_fates(text)?;
        writeln!(text)?;
        self.failures.write_text(text, [self.lost, self.confirmed_twice, self.wrong])?;
        for finding in verdict::findings(self) {
            write_wrapped(
                text,
                &format!("{:<8} ", finding.tone.word()),
                "         ",
                &finding.text,
            )?;
        }
        writeln!(text)?;
        let verdict = if !self.is_clean() {
            "FAILED: not every order ended as expected"
        } else if self.late > 0 {
            "FAILED: not every order was done in time"
        } else if self.rejected_orders() > 0 {
            "FAILED: not every order was accepted"
        } else {
            "every order sent was found exactly once, as expected"
        };
        writeln!(text, "{verdict}")
    }

    fn write_figures(&self, text: &mut String) -> std::fmt::Result {
        let or_none = |figure: Option<String>| figure.unwrap_or_else(|| "not measured".into());
        let per_order = |seconds: f64| {
            self.us_per_order(seconds)
                .map_or_else(String::new, |us| format!(" ({us:.1} us an order)"))
        };
        writeln!(text, "  enqueued in        {:.3} s", self.enqueue_s)?;
        writeln!(
            text,
            "  all done after     {:.3} s, {:.0} orders/s",
            self.total_s, self.orders_per_s
        )?;
        writeln!(
            text,
            "  lanes              simple {}  complex {}",
            self.lanes.simple, self.lanes.complex
        )?;
        let app = self.cpu_s.app.map(|seconds| format!("{seconds:.2} s{}", per_order(seconds)));
        let redis = self.cpu_s.redis;
        writeln!(
            text,
            "  CPU                app {}  redis {redis:.2} s{}",
            or_none(app),
            per_order(redis)
        )?;
        let app = self.rss_mib.app.map(|mib| format!("{mib:.0} MiB"));
        writeln!(
            text,
            "  peak memory        app {}  redis {:.0} MiB",
            or_none(app),
            self.rss_mib.redis
        )?;
        let starts = self.instance_start_us.as_ref().zip(self.instance_starts);
        let starts =
            starts.map(|(us, starts)| format!("{starts}, p50 {} us  p99 {} us", us.p50, us.p99));
        writeln!(text, "  instance starts    {}", or_none(starts))?;
        if self.tick_rings > 0 {
            writeln!(text, "  ticks              rang again {} times", self.tick_rings)?;
        }
        if self.backlog_before > 0 {
            writeln!(
                text,
                "  disturbed by       {} orders that were waiting before",
                self.backlog_before
            )?;
        }
        Ok(())
    }

    fn write_latencies(&self, text: &mut String) -> std::fmt::Result {
        if self.confirmed == 0 {
            return Ok(());
        }
        writeln!(text)?;
        write!(text, "  {:<22}", "latency in ms")?;
        for name in ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"] {
            write!(text, " {name:>9}")?;
        }
        writeln!(text)?;
        for (name, latency) in self.latencies() {
            write!(text, "  {name:<22}")?;
            for figure in latency.figures() {
                write!(text, " {:>9}", self.marked(name, figure, digits(figure)))?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    /// The only one that is measured with two clocks is marked with `~` below their drift.
    pub(crate) fn marked(&self, name: &str, ms: f64, figure: String) -> String {
        let is_drowned = name == DUE_TO_CONFIRMED && ms < self.clock.drift_ms;
        if is_drowned { format!("~{figure}") } else { figure }
    }

    /// One that was not measured is left out.
    pub(crate) fn latencies(&self) -> Vec<(&'static str, &Latency)> {
        let all = [
            (DUE_TO_CONFIRMED, &self.latency_ms),
            ("ingress to confirmed", &self.queue_latency_ms),
            ("due to acknowledged", &self.send_latency_ms),
        ];
        all.into_iter().filter(|(_, latency)| latency.max > 0.0).collect()
    }

    fn write_histogram(&self, text: &mut String) -> std::fmt::Result {
        let rows = distribution::rows(&self.latency_histogram, ROWS);
        let (Some(most), total) = (
            rows.iter().map(|row| row.orders).max(),
            rows.iter().map(|row| row.orders).sum::<u64>(),
        ) else {
            return Ok(());
        };
        writeln!(text)?;
        writeln!(text, "  due to confirmed, orders up to")?;
        for row in &rows {
            let bar = bar(row.orders as f64 / most.max(1) as f64);
            let share = row.orders as f64 * 100.0 / total.max(1) as f64;
            let line = format!("  {:>9} {:>10} {share:5.1} %  {bar}", row.label(), row.orders);
            writeln!(text, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn write_shares(&self, text: &mut String) -> std::fmt::Result {
        if self.consumers().len() < 2 {
            return Ok(());
        }
        writeln!(text)?;
        for consumer in self.consumers() {
            let mut line = format!("{consumer}:");
            for share in self.shares.iter().filter(|share| share.consumer == consumer) {
                let all: u64 = self
                    .shares
                    .iter()
                    .filter(|other| other.stream == share.stream)
                    .map(|share| share.orders)
                    .sum();
                let percent = share.orders as f64 * 100.0 / all.max(1) as f64;
                line += &format!(" {} {} ({percent:.0} %) ", share.stream, share.orders);
            }
            write_wrapped(text, "  done by ", "    ", line.trim_end())?;
        }
        Ok(())
    }

    pub(crate) fn consumers(&self) -> Vec<&str> {
        let mut consumers = Vec::new();
        for share in self.shares.iter().filter(|share| share.orders > 0) {
            if !consumers.contains(&share.consumer.as_str()) {
                consumers.push(&share.consumer);
            }
        }
        consumers
    }

    fn write_fates(&self, text: &mut String) -> std::fmt::Result {
        write!(text, "  confirmed {}  dead-lettered {}", self.confirmed, self.dead_lettered)?;
        if self.refused > 0 {
            write!(text, "  refused {}", self.refused)?;
        }
        writeln!(text, "  duplicate deliveries {}", self.duplicate_deliveries)?;
        let (lost, late, twice) = (self.lost, self.late, self.confirmed_twice);
        writeln!(
            text,
            "  lost {lost}  late {late}  confirmed twice {twice}  wrong {}",
            self.wrong
        )?;
        for kind in &self.rejected {
            let anyway = kind.processed_anyway;
            let line = format!("{} ({}), processed anyway {anyway}", kind.orders, kind.answer);
            write_wrapped(text, "  rejected ", "    ", &line)?;
        }
        Ok(())
    }
}

impl Latency {
    pub(crate) fn figures(&self) -> [f64; 7] {
        [self.p50, self.p90, self.p95, self.p99, self.p999, self.max, self.mean]
    }
}

impl Failures {
    /// Lists some of the orders. `totals` are those of lost, confirmed twice and wrong.
    pub(crate) fn write_text(&self, text: &mut String, totals: [u64; 3]) -> std::fmt::Result {
        let wrong: Vec<String> =
            self.wrong.iter().map(|wrong| format!("{}: {}", wrong.order, wrong.why)).collect();
        let kinds =
            [("lost", &self.lost), ("confirmed twice", &self.confirmed_twice), ("wrong", &wrong)];
        for ((name, orders), total) in kinds.into_iter().zip(totals) {
            for order in orders.iter().take(SHOWN) {
                write_wrapped(text, &format!("{name}: "), "  ", order)?;
            }
            let more = count(total.saturating_sub(SHOWN as u64));
            let named = count(orders.len() as u64);
            match total {
                total if total <= SHOWN as u64 => {}
                total if total > orders.len() as u64 => {
                    writeln!(
                        text,
                        "{name}: {more} more (the first {named} are in the JSON report)"
                    )?;
                }
                _ => writeln!(text, "{name}: {more} more (in the JSON report)")?,
            }
        }
        Ok(())
    }
}

/// In eighths of a column, so that short bars still differ. Every share above zero is visible.
fn bar(share: f64) -> String {
    const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if share <= 0.0 {
        return String::new();
    }
    let eighths = ((share.min(1.0) * BAR as f64 * 8.0).round() as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(eighths.checked_rem(8).filter(|rest| *rest > 0).map(|rest| EIGHTHS[rest - 1]));
    bar
}

pub(crate) fn write_wrapped(
    text: &mut String,
    first: &str,
    rest: &str,
    content: &str,
) -> std::fmt::Result {
    let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    for line in textwrap::wrap(&harmless(content), options) {
        writeln!(text, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_differ_by_eighths_and_show_that_there_is_something() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(1e-9), "▏");
        assert_eq!(bar(1.0), "█".repeat(60));
        assert_eq!(bar(0.5 + 0.5 / 60.0), format!("{}▌", "█".repeat(30)));
    }
}
