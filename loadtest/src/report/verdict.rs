//! What a run shows, in plain words. A sentence stands here only when the figures say so; what was
//! not measured is not judged.
//!
//! Thresholds are set so that noise of a healthy run does not cross them; each says what it means
//! beside it.

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
    /// An order is not where it must be, or was not taken in.
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

#[allow(clippy::unnecessary_wraps, reason = "those who call it may have nothing to say")]
fn finding(tone: Tone, text: String) -> Option<Finding> {
    Some(Finding { tone, text })
}

fn fate(report: &Report) -> Finding {
    let (sent, turned_away) = (orders(report.orders), report.turned_away());
    if !report.is_clean() {
        let kinds = [(report.lost, "lost"), (report.doubled, "doubled"), (report.wrong, "wrong")];
        return Finding {
            tone: Tone::Failed,
            text: format!("Of {sent} sent, {}.", counts(&kinds)),
        };
    }
    if report.orders == 0 {
        return Finding {
            tone: Tone::Note,
            text: "No order was sent, so nothing is shown.".into(),
        };
    }
    // What was done although its answer was lost is told beside those that were turned away.
    let taken_in = report.confirmed.saturating_sub(done_all_the_same(report));
    let ends = [
        (taken_in, "confirmed"),
        (report.dead_lettered, "dead-lettered"),
        (report.refused, "refused"),
    ];
    let (tone, text) = if turned_away == 0 {
        let ends = counts(&ends);
        (Tone::Good, format!("{sent} sent, each found exactly once as it must be: {ends}."))
    } else if turned_away >= report.orders {
        (Tone::Failed, format!("Of {sent} sent, none was taken in."))
    } else {
        let not = count(turned_away);
        let others =
            format!("The others were found exactly once, as they must be: {}.", counts(&ends));
        (Tone::Failed, format!("Of {sent} sent, {not} were not taken in. {others}"))
    };
    Finding { tone, text }
}

/// Those that there are any of; the first where there are none at all.
fn counts(kinds: &[(u64, &str)]) -> String {
    let named = |(orders, kind): &(u64, &str)| format!("{} {kind}", count(*orders));
    let named: Vec<String> = kinds.iter().filter(|(orders, _)| *orders > 0).map(named).collect();
    if named.is_empty() { format!("0 {}", kinds[0].1) } else { named.join(", ") }
}

fn done_all_the_same(report: &Report) -> u64 {
    report.not_taken.iter().map(|kind| kind.done_all_the_same).sum()
}

fn not_taken(report: &Report) -> Option<Finding> {
    let all = report.turned_away();
    if all == 0 {
        return None;
    }
    let done = done_all_the_same(report);
    let mut text =
        format!("{} got no answer that promises anything, so none is owed.", orders(all));
    if done > 0 {
        text += &format!(
            " {} of them were done all the same: the answer was lost, not the order.",
            count(done)
        );
    }
    finding(Tone::Warning, text)
}

fn interrupted(report: &Report) -> Option<Finding> {
    let text = "The run was interrupted: it says nothing of orders that were not sent by then.";
    report.interrupted.then(|| Finding { tone: Tone::Warning, text: text.into() })
}

fn unfinished(report: &Report) -> Option<Finding> {
    if report.unfinished == 0 {
        return None;
    }
    let end = if report.interrupted { "the waiting was ended" } else { "patience ran out" };
    let still = if report.unfinished == 1 { "was still" } else { "were still" };
    let text = format!(
        "{} {still} in the queue, waiting or under way, when {end}: late or stuck, not gone.",
        orders(report.unfinished)
    );
    finding(Tone::Warning, text)
}

fn speed(report: &Report) -> Option<Finding> {
    if report.done() == 0 || report.total_s <= 0.0 {
        return None;
    }
    let mut text = format!("{} after the release the last was done", time(report.total_s * 1e3));
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

/// Senders are behind when half of the time of slow orders passes before the queue has them. Below
/// 10 ms it does not matter. None where it was not measured, or only of the orders that were taken
/// in.
fn senders_fell_behind(report: &Report) -> Option<bool> {
    let (sent, done) = (report.send_latency_ms.p99, report.latency_ms.p99);
    let is_measured =
        report.send_latency_ms.max > 0.0 && report.confirmed > 0 && report.turned_away() == 0;
    is_measured.then_some(sent >= 10.0 && sent >= done / 2.0)
}

fn senders(report: &Report) -> Option<Finding> {
    let (sent, done) = (report.send_latency_ms.p99, report.latency_ms.p99);
    if !senders_fell_behind(report)? {
        // All orders of a burst are due at once: nobody can keep up with that.
        let what = match report.shape {
            Shape::Burst { .. } => "The senders were not the bottleneck",
            _ => "The senders kept up",
        };
        let text = format!(
            "{what}: 99 of 100 orders were acknowledged within {} of being due.",
            time(sent)
        );
        return finding(Tone::Good, text);
    }
    let (suspects, remedy) = match report.via.door {
        Door::Redis => {
            ("the load generator or Redis was", "more --connections or a larger --batch")
        }
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

/// At a constant rate a backlog that grows by more than a second's orders from one half of the
/// sending to the other grows without end. One that is level was kept up with; what lies between
/// shows neither. Where less came in than was due, it says nothing of the rate.
fn backlog(report: &Report) -> Option<Finding> {
    let rate_per_s = report.shape.constant_rate()?;
    if report.interrupted || report.turned_away() > 0 || senders_fell_behind(report) == Some(true) {
        return None;
    }
    let sending: Vec<&Sample> = report
        .samples
        .iter()
        .filter(|sample| (0.0..=report.enqueue_s).contains(&sample.at_s))
        .collect();
    let backlog = |sample: &&Sample| Some((sample.ingress + sample.simple + sample.complex) as f64);
    let [_, second, third, fourth] = quarters(&sending, backlog)?;
    let most =
        sending.iter().map(|sample| sample.ingress + sample.simple + sample.complex).max()?;
    let rate = rate(rate_per_s);
    if second < third
        && third < fourth
        && fourth > 1.5 * second
        && fourth - second > rate_per_s.max(50.0)
    {
        let text = format!(
            "The backlog grew until the end of sending, to {}: {rate} are more than the app can keep up with.",
            orders(most)
        );
        return finding(Tone::Warning, text);
    }
    // A tenth more, or a tenth of a second's orders, is how far the means of a level backlog may
    // lie apart.
    let is_level = fourth - second <= (0.1 * second).max(0.1 * rate_per_s).max(1.0);
    let text = format!(
        "The backlog was level while orders came, {} at most: the app kept up with {rate}.",
        orders(most)
    );
    is_level.then_some(Finding { tone: Tone::Good, text })
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
    finding(
        Tone::Good,
        format!("Memory of the app stayed level through the soak, at {} MiB.", digits(after)),
    )
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
    let mut text = format!(
        "Memory of Redis grew through the soak, from {} to {} MiB",
        digits(before),
        digits(after)
    );
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

/// The mean of each quarter; none where there are too few samples for a trend, or they lack the
/// figure.
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
