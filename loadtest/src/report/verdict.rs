//! What a run shows, in plain words. A sentence stands here only when the figures say so; what was not measured is not judged.
//!
//! Thresholds are set so that noise of a healthy run does not cross them; each says what it means beside it.

use super::units::{count, digits, orders, rate, time};
use super::{Door, Report, Sample, Shape};

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// The run shows less than it seems, or the system is at its limit.
    Warning,
    /// An order is not where it must be.
    Failed,
}

impl Tone {
    /// The tone as a word, for where there is no colour.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
        }
    }
}

/// One sentence of the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// Samples that a trend needs: two for each quarter.
const SAMPLES_FOR_A_TREND: usize = 8;

/// The verdict, the fate of the orders first.
pub(crate) fn findings(report: &Report) -> Vec<Finding> {
    let mut findings = vec![fate(report)];
    let all = [
        not_taken,
        interrupted,
        unfinished,
        speed,
        senders,
        backlog,
        app_memory,
        redis_memory,
        metronome,
        disturbed,
    ];
    findings.extend(all.iter().filter_map(|finding| finding(report)));
    findings
}

fn finding(tone: Tone, text: String) -> Option<Finding> {
    Some(Finding { tone, text })
}

fn fate(report: &Report) -> Finding {
    if report.is_clean() {
        let text = match report.orders {
            0 => "No order was sent, so nothing is shown.".to_owned(),
            sent => {
                let mut ends = vec![format!("{} confirmed", count(report.confirmed))];
                for (orders, end) in [(report.dead_lettered, "dead-lettered"), (report.refused, "refused")] {
                    if orders > 0 {
                        ends.push(format!("{} {end}", count(orders)));
                    }
                }
                format!("{} sent, each found exactly once as it must be: {}.", orders(sent), ends.join(", "))
            }
        };
        return Finding { tone: if report.orders == 0 { Tone::Note } else { Tone::Good }, text };
    }
    let kinds = [(report.lost, "lost"), (report.doubled, "doubled"), (report.wrong, "wrong")];
    let kinds: Vec<String> = kinds
        .iter()
        .filter(|(orders, _)| *orders > 0)
        .map(|(orders, kind)| format!("{} {kind}", count(*orders)))
        .collect();
    Finding { tone: Tone::Failed, text: format!("Of {} sent, {}.", orders(report.orders), kinds.join(", ")) }
}

fn not_taken(report: &Report) -> Option<Finding> {
    let all: u64 = report.not_taken.iter().map(|kind| kind.orders).sum();
    if all == 0 {
        return None;
    }
    let done: u64 = report.not_taken.iter().map(|kind| kind.done_all_the_same).sum();
    let mut text = format!("{} got no answer that promises anything, so none is owed.", orders(all));
    if done > 0 {
        text +=
            &format!(" {} of them were done all the same: the answer was lost, not the order.", count(done));
    }
    finding(Tone::Warning, text)
}

fn interrupted(report: &Report) -> Option<Finding> {
    let text = "The run was ended before all orders were sent; it says nothing of those that were not.";
    report.interrupted.then(|| Finding { tone: Tone::Warning, text: text.into() })
}

fn unfinished(report: &Report) -> Option<Finding> {
    if report.unfinished == 0 {
        return None;
    }
    let text = format!(
        "{} still waited in a stream when patience ran out: they are late or stuck, not gone.",
        orders(report.unfinished)
    );
    finding(Tone::Warning, text)
}

fn speed(report: &Report) -> Option<Finding> {
    let done = report.confirmed + report.dead_lettered;
    if done == 0 || report.total_s <= 0.0 {
        return None;
    }
    let mut text = format!("{} after the first order was due the last was done", time(report.total_s * 1e3));
    // Where the shape sets the pace, orders a second say nothing of the system.
    if matches!(report.shape, Shape::Burst { .. }) {
        text += &format!(", {}", rate(report.orders_per_s));
    }
    if report.confirmed > 0 {
        let latency = &report.latency_ms;
        let (half, most, slowest) = (time(latency.p50), time(latency.p99), time(latency.max));
        text += &format!(
            "; half were confirmed within {half} of being due, 99 of 100 within {most}, all within {slowest}"
        );
    }
    finding(Tone::Note, text + ".")
}

/// Senders are behind when half of the time of slow orders passes before the queue has them. Below 10 ms it does not matter.
fn senders(report: &Report) -> Option<Finding> {
    let (sent, done) = (report.send_latency_ms.p99, report.latency_ms.p99);
    if report.send_latency_ms.max <= 0.0 || report.confirmed == 0 {
        return None;
    }
    if sent < 10.0 || sent < done / 2.0 {
        let text = format!(
            "The senders kept up: 99 of 100 orders were acknowledged within {} of being due.",
            time(sent)
        );
        return finding(Tone::Good, text);
    }
    let (suspects, remedy) = match report.via.door {
        Door::Redis => ("the load generator or Redis was", "more --connections or a larger --batch"),
        Door::Http => (
            "the load generator or the API was",
            "more --connections, a larger --batch or more replicas of the API",
        ),
    };
    let text = format!(
        "The senders fell behind: orders were acknowledged up to {} after they were due (p99), against {} until they were \
         confirmed. So {suspects} the bottleneck, not the workers; try {remedy}.",
        time(sent),
        time(done)
    );
    finding(Tone::Warning, text)
}

/// At a constant rate a backlog that grows by more than a second's orders from one half of the sending to the other grows without end.
fn backlog(report: &Report) -> Option<Finding> {
    let rate_per_s = report.shape.constant_rate()?;
    let sending: Vec<&Sample> =
        report.samples.iter().filter(|sample| (0.0..=report.enqueue_s).contains(&sample.at_s)).collect();
    let backlog = |sample: &&Sample| Some((sample.ingress + sample.simple + sample.complex) as f64);
    let [_, second, third, fourth] = quarters(&sending, backlog)?;
    let most = report.samples.iter().map(|sample| sample.ingress + sample.simple + sample.complex).max()?;
    let rate = rate(rate_per_s);
    if second < third && third < fourth && fourth > 1.5 * second && fourth - second > rate_per_s.max(50.0) {
        let text = format!(
            "The backlog grew until the end of sending, to {}: {rate} are more than the app can keep up with.",
            orders(most)
        );
        return finding(Tone::Warning, text);
    }
    finding(
        Tone::Good,
        format!(
            "The backlog did not grow while orders came, it was {} at most: {rate} can be kept up.",
            orders(most)
        ),
    )
}

fn app_memory(report: &Report) -> Option<Finding> {
    let Shape::Soak { hours, .. } = report.shape else { return None };
    let samples: Vec<&Sample> = report.samples.iter().collect();
    let [_, before, _, after] = quarters(&samples, |sample| sample.app_rss_mib)?;
    if grew(before, after) {
        let text = format!(
            "Memory of the app grew through the soak, from {} to {} MiB: look for a leak, and soak longer than {}.",
            digits(before),
            digits(after),
            time(hours * 3_600_000.0)
        );
        return finding(Tone::Warning, text);
    }
    finding(Tone::Good, format!("Memory of the app stayed level through the soak, at {} MiB.", digits(after)))
}

fn redis_memory(report: &Report) -> Option<Finding> {
    let Shape::Soak { .. } = report.shape else { return None };
    let samples: Vec<&Sample> = report.samples.iter().collect();
    let [_, before, _, after] = quarters(&samples, |sample| Some(sample.redis_rss_mib))?;
    if !grew(before, after) {
        return finding(
            Tone::Good,
            format!("Memory of Redis stayed level through the soak, at {} MiB.", digits(after)),
        );
    }
    let mut text =
        format!("Memory of Redis grew through the soak, from {} to {} MiB", digits(before), digits(after));
    if report.confirmed > 0 {
        // From the middle of the second quarter to the middle of the last half of all orders come.
        let bytes = (after - before) * 1024.0 * 1024.0 / (report.confirmed as f64 / 2.0);
        text += &format!(", about {bytes:.0} bytes for each order");
    }
    text += ". Confirmations and states are kept for a day unless retention_s says otherwise; only growth beyond that is a leak.";
    finding(Tone::Note, text)
}

/// By a tenth and by more than what an allocator keeps back now and then.
fn grew(before_mib: f64, after_mib: f64) -> bool {
    after_mib > 1.1 * before_mib && after_mib - before_mib > 4.0
}

/// The mean of each quarter; none where there are too few samples for a trend, or they lack the figure.
fn quarters(samples: &[&Sample], figure: impl Fn(&&Sample) -> Option<f64>) -> Option<[f64; 4]> {
    let figures: Vec<f64> = samples.iter().filter_map(figure).collect();
    if figures.len() < SAMPLES_FOR_A_TREND {
        return None;
    }
    let mean = |quarter: usize| {
        let part = &figures[quarter * figures.len() / 4..(quarter + 1) * figures.len() / 4];
        part.iter().sum::<f64>() / part.len() as f64
    };
    Some([mean(0), mean(1), mean(2), mean(3)])
}

fn metronome(report: &Report) -> Option<Finding> {
    let times = match report.metronome_rings {
        0 => return None,
        1 => "once".to_owned(),
        many => format!("{} times", count(many)),
    };
    let text = format!(
        "Nothing moved for a second {times}, so the bell was rung again: a worker was away, or a bell was lost."
    );
    finding(Tone::Note, text)
}

fn disturbed(report: &Report) -> Option<Finding> {
    if report.backlog_before == 0 {
        return None;
    }
    let text = format!(
        "{} waited before the start: they took part of the time and of the CPU shown here.",
        orders(report.backlog_before)
    );
    finding(Tone::Warning, text)
}
