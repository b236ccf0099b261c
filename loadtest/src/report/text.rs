//! A report for the terminal, at most [`WIDTH`] columns wide.
//!
//! Control characters are removed from names of files, reasons and answers, because these come from
//! outside.

use std::collections::BTreeSet;

use textwrap::Options;

use super::units::{chosen_time, count, digits, harmless};
use super::{Failures, Latency, Report, distribution, verdict};

/// Columns of the terminal that is written for.
pub const WIDTH: usize = 100;
const SHOWN: u64 = 20;
const ROWS: usize = 15;
const BAR: usize = 60;

impl Report {
    /// For the terminal.
    pub fn to_text(&self) -> String {
        let orders = format!("{} orders {}", self.orders, self.source());
        let mut text = String::new();
        for words in [orders, self.shape.in_words(), self.via.in_words()] {
            text += &wrapped("", "", &words);
        }
        if self.interrupted {
            text += "interrupted\n";
        }
        text += "\n";
        text += &self.figures();
        text += &self.latencies();
        text += &self.histogram();
        text += &self.who_did_it();
        text += "\n";
        text += &self.fates();
        text += "\n";
        text += &self.failures.to_text([self.lost, self.confirmed_twice, self.wrong]);
        for finding in verdict::findings(self) {
            text += &wrapped(&format!("{:<8} ", finding.tone), "         ", &finding.text);
        }
        let verdict = if !self.is_clean() {
            "FAILED: not every order ended as expected"
        } else if self.late > 0 {
            "FAILED: not every order was done in time"
        } else if self.rejected_orders() > 0 {
            "FAILED: not every order was accepted"
        } else if self.orders == 0 {
            "no order was sent"
        } else {
            "every order sent was found exactly once, as expected"
        };
        text + &format!("\n{verdict}\n")
    }

    fn figures(&self) -> String {
        let cpu = |seconds: f64| match self.us_per_order(seconds) {
            Some(us) => format!("{seconds:.2} s ({us:.1} us an order)"),
            None => format!("{seconds:.2} s"),
        };
        let mib = |mib: f64| format!("{mib:.0} MiB");
        let measured = |figure: Option<String>| figure.unwrap_or_else(|| "not measured".into());
        let starts = self.instance_start_us.zip(self.instance_starts);
        let starts =
            starts.map(|(us, starts)| format!("{starts}, p50 {} us  p99 {} us", us.p50, us.p99));
        let (app_cpu, app_mib) = (self.cpu_s.app.map(cpu), self.rss_mib.app.map(mib));
        let rows = [
            ("enqueued in", format!("{:.3} s", self.enqueue_s)),
            ("all done after", format!("{:.3} s, {:.0} orders/s", self.total_s, self.orders_per_s)),
            ("lanes", format!("simple {}  complex {}", self.lanes.simple, self.lanes.complex)),
            ("CPU", format!("app {}  redis {}", measured(app_cpu), cpu(self.cpu_s.redis))),
            (
                "peak memory",
                format!("app {}  redis {}", measured(app_mib), mib(self.rss_mib.redis)),
            ),
            ("instance starts", measured(starts)),
        ];
        rows.iter().map(|(name, value)| format!("  {name:<18} {value}\n")).collect()
    }

    /// Those that were not measured are left out.
    fn latencies(&self) -> String {
        if self.confirmed == 0 {
            return String::new();
        }
        let mut text = format!("\n  {:<22}", "latency in ms");
        for name in ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"] {
            text += &format!(" {name:>9}");
        }
        // The first one is measured with two clocks: figures below their drift are marked.
        for (name, latency, drift_ms) in [
            ("due to confirmed", &self.latency_ms, self.clock.drift_ms),
            ("ingress to confirmed", &self.queue_latency_ms, 0.0),
            ("due to acknowledged", &self.send_latency_ms, 0.0),
        ] {
            let Latency { p50, p90, p95, p99, p999, max, mean } = *latency;
            if max == 0.0 {
                continue;
            }
            text += &format!("\n  {name:<22}");
            for ms in [p50, p90, p95, p99, p999, max, mean] {
                let mark = if ms < drift_ms { "~" } else { "" };
                text += &format!(" {:>9}", format!("{mark}{}", digits(ms)));
            }
        }
        text + "\n"
    }

    fn histogram(&self) -> String {
        let rows = distribution::rows(&self.latency_histogram, ROWS);
        let Some(most) = rows.iter().map(|row| row.orders).max() else { return String::new() };
        let total: u64 = rows.iter().map(|row| row.orders).sum();
        let mut text = "\n  due to confirmed, orders up to\n".to_owned();
        for row in rows {
            let (end, orders) = (chosen_time(row.up_to_ms), row.orders);
            let (share, bar) =
                (orders as f64 * 100.0 / total as f64, bar(orders as f64 / most as f64));
            let line = format!("  {end:>9} {orders:>10} {share:5.1} %  {bar}");
            text += line.trim_end();
            text += "\n";
        }
        text
    }

    /// Empty for a single consumer.
    fn who_did_it(&self) -> String {
        let consumers: BTreeSet<&str> = self.shares.iter().map(|share| &*share.consumer).collect();
        if consumers.len() < 2 {
            return String::new();
        }
        let mut text = "\n".to_owned();
        for consumer in consumers {
            let mut line = format!("{consumer}:");
            for share in self.shares.iter().filter(|share| share.consumer == consumer) {
                let same = self.shares.iter().filter(|other| other.stream == share.stream);
                let all: u64 = same.map(|share| share.orders).sum();
                let percent = share.orders as f64 * 100.0 / all as f64;
                line += &format!(" {} {} ({percent:.0} %) ", share.stream, share.orders);
            }
            text += &wrapped("  done by ", "    ", line.trim_end());
        }
        text
    }

    fn fates(&self) -> String {
        let Self { confirmed, dead_lettered, refused, duplicate_deliveries, .. } = self;
        let Self { lost, late, confirmed_twice, wrong, .. } = self;
        let refused = if *refused > 0 { format!("  refused {refused}") } else { String::new() };
        let mut text = format!(
            "  confirmed {confirmed}  dead-lettered {dead_lettered}{refused}  \
             duplicate deliveries {duplicate_deliveries}\n  \
             lost {lost}  late {late}  confirmed twice {confirmed_twice}  wrong {wrong}\n"
        );
        for kind in &self.rejected {
            let anyway = kind.processed_anyway;
            let line = format!("{} ({}), processed anyway {anyway}", kind.orders, kind.answer);
            text += &wrapped("  rejected ", "    ", &line);
        }
        text
    }
}

impl Failures {
    /// Lists some of the orders. `totals` are those of lost, confirmed twice and wrong.
    pub(crate) fn to_text(&self, totals: [u64; 3]) -> String {
        let wrong: Vec<String> =
            self.wrong.iter().map(|wrong| format!("{}: {}", wrong.order, wrong.why)).collect();
        let kinds =
            [("lost", &self.lost), ("confirmed twice", &self.confirmed_twice), ("wrong", &wrong)];
        let mut text = String::new();
        for ((name, orders), total) in kinds.into_iter().zip(totals) {
            for order in orders.iter().take(SHOWN as usize) {
                text += &wrapped(&format!("{name}: "), "  ", order);
            }
            if total > SHOWN {
                let (more, kept) = (count(total - SHOWN), orders.len() as u64);
                let first = if total > kept {
                    format!("the first {} are ", count(kept))
                } else {
                    String::new()
                };
                text += &format!("{name}: {more} more ({first}in the JSON report)\n");
            }
        }
        text
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

/// Without characters that move the cursor.
pub(crate) fn wrapped(first: &str, rest: &str, content: &str) -> String {
    let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    let content = harmless(content);
    let lines = textwrap::wrap(&content, options);
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests;
