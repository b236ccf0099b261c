//! A report for the terminal, at most [`WIDTH`] columns wide.
//!
//! Names of files, reasons and answers come from elsewhere: control characters are taken out of
//! them.

use std::fmt::Write as _;

use textwrap::Options;

use super::units::{digits, harmless};
use super::{Failures, Latency, Report, distribution, verdict};

/// Columns of the terminal that is written for.
pub const WIDTH: usize = 100;
/// Order ids shown of each kind; the JSON has more.
const SHOWN: usize = 20;
/// The most rows of the histogram.
const ROWS: usize = 15;
/// Columns of the longest bar.
const BAR: usize = 60;

impl Report {
    /// The report for a reader.
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
        self.failures.write_text(text)?;
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
            "FAILED: not every order is where it must be"
        } else if self.turned_away() > 0 {
            "FAILED: not every order was taken in"
        } else {
            "every order sent was found exactly once, as it must be"
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
        if self.metronome_rings > 0 {
            writeln!(text, "  metronome          had to ring {} times", self.metronome_rings)?;
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
                write!(text, " {:>9}", digits(figure))?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    /// The three latencies by name. One that was not measured is left out.
    pub(crate) fn latencies(&self) -> Vec<(&'static str, &Latency)> {
        let all = [
            ("due to confirmed", &self.latency_ms),
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

    /// The consumers that took part, each once.
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
        writeln!(text, "  duplicates {}", self.duplicates)?;
        writeln!(text, "  lost {}  doubled {}  wrong {}", self.lost, self.doubled, self.wrong)?;
        if self.unfinished > 0 {
            writeln!(text, "  unfinished {}", self.unfinished)?;
        }
        for kind in &self.not_taken {
            let done = kind.done_all_the_same;
            let line = format!("{} ({}), done all the same {done}", kind.orders, kind.answer);
            write_wrapped(text, "  not taken ", "    ", &line)?;
        }
        Ok(())
    }
}

impl Latency {
    /// In the order of the columns: p50, p90, p95, p99, p99.9, max, mean.
    pub(crate) fn figures(&self) -> [f64; 7] {
        [self.p50, self.p90, self.p95, self.p99, self.p999, self.max, self.mean]
    }
}

impl Failures {
    /// Lists the orders, a limited number of each kind.
    pub(crate) fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let wrong: Vec<String> =
            self.wrong.iter().map(|wrong| format!("{}: {}", wrong.order, wrong.why)).collect();
        for (name, orders) in [("lost", &self.lost), ("doubled", &self.doubled), ("wrong", &wrong)]
        {
            for order in orders.iter().take(SHOWN) {
                write_wrapped(text, &format!("{name}: "), "  ", order)?;
            }
            if orders.len() > SHOWN {
                writeln!(text, "{name}: {} more, see --json", orders.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}

/// Eighths of a column, so that short bars still differ. What is not nothing has at least one.
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

/// A text in as many lines as it needs, the first begun by `first`, the others by `rest`.
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
