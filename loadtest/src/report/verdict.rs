//! What a run shows, in plain words. A figure that was not measured has no finding.
//!
//! Thresholds are set so that the noise of a healthy run does not cross them.

use super::units::{count, digits, orders, rate, time};
use super::{Door, Interval, Report, Sample, Shape};

/// Shown in lower case, except a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Tone {
    Good,
    Note,
    /// A result is less certain than it seems, or the system is at its limit.
    Warning,
    /// An order did not end as expected.
    #[strum(serialize = "FAILED")]
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// Samples that a trend needs: two for each quarter.
const SAMPLES_FOR_A_TREND: usize = 8;

pub(crate) fn findings(report: &Report) -> Vec<Finding> {
    let interrupted =
        "The run was interrupted: it says nothing of orders that were not sent by then.";
    let all = [
        Some(fate(report)),
        rejected(report),
        wrong_redis(report),
        when(report.interrupted, Tone::Warning, interrupted),
        late(report),
        copies(report),
        speed(report),
        clock(report),
        senders(report),
        sent_late(report),
        app_ended(report),
        backlog(report),
        memory_of_app(report),
        memory_of_redis(report),
        tick_rings(report),
        disturbed(report),
    ];
    all.into_iter().flatten().collect()
}

fn when(is_so: bool, tone: Tone, text: impl Into<String>) -> Option<Finding> {
    is_so.then(|| Finding { tone, text: text.into() })
}

fn fate(report: &Report) -> Finding {
    let (sent, rejected) = (orders(report.orders), report.rejected_orders());
    // What was processed although it was rejected is reported by `rejected`.
    let accepted = report.confirmed.saturating_sub(processed_anyway(report));
    let ends = counts(&[
        (accepted, "confirmed"),
        (report.dead_lettered, "dead-lettered"),
        (report.refused, "refused"),
    ]);
    let (tone, text) = if !report.is_clean() || report.late > 0 {
        let kinds = counts(&[
            (report.lost, "lost"),
            (report.late, "late"),
            (report.confirmed_twice, "confirmed twice"),
            (report.wrong, "wrong"),
        ]);
        (Tone::Failed, format!("Of {sent} sent, {kinds}."))
    } else if report.orders == 0 {
        (Tone::Note, "No order was sent, so nothing is shown.".into())
    } else if rejected == 0 {
        (Tone::Good, format!("{sent} sent, each found exactly once as expected: {ends}."))
    } else if rejected >= report.orders {
        (Tone::Failed, format!("Of {sent} sent, all were rejected."))
    } else {
        let rejected = count(rejected);
        let others = format!("The others were found exactly once as expected: {ends}.");
        (Tone::Failed, format!("Of {sent} sent, {rejected} were rejected. {others}"))
    };
    Finding { tone, text }
}

/// The counts above zero; the first if all are zero.
fn counts(kinds: &[(u64, &str)]) -> String {
    let named = |(orders, kind): &(u64, &str)| format!("{} {kind}", count(*orders));
    let named: Vec<String> = kinds.iter().filter(|(orders, _)| *orders > 0).map(named).collect();
    if named.is_empty() { format!("0 {}", kinds[0].1) } else { named.join(", ") }
}

fn processed_anyway(report: &Report) -> u64 {
    report.rejected.iter().map(|kind| kind.processed_anyway).sum()
}

fn rejected(report: &Report) -> Option<Finding> {
    let (all, done) = (report.rejected_orders(), processed_anyway(report));
    let mut text = format!("{} got an answer that promises nothing.", orders(all));
    if done > 0 {
        let done = count(done);
        text += &format!(" {done} of them were processed anyway: only the answer was lost.");
    }
    when(all > 0, Tone::Warning, text)
}

/// The API accepted orders, and Redis has no trace of a single one.
fn wrong_redis(report: &Report) -> Option<Finding> {
    let accepted = report.orders.saturating_sub(report.refused + report.rejected_orders());
    let has_none = accepted > 0 && report.lost == accepted;
    let text = "This Redis has no trace of any order that the API accepted: --redis-url and the API \
                use different servers or queues.";
    when(has_none && report.via.door == Door::Http, Tone::Failed, text)
}

fn late(report: &Report) -> Option<Finding> {
    let end = if report.interrupted { "the waiting was ended" } else { "patience ran out" };
    let still = if report.late == 1 { "was still" } else { "were still" };
    let late = orders(report.late);
    let text = format!("{late} {still} not done when {end}: late or stuck, not known to be lost.");
    when(report.late > 0, Tone::Warning, text)
}

fn copies(report: &Report) -> Option<Finding> {
    let known = report.confirmed_before();
    let (whose, so) = if report.is_all_copies() {
        ("these orders".into(), "the run shows nothing about speed")
    } else {
        let these = format!("{} of these orders", count(known));
        (these, "orders a second and CPU of an order look better than they are")
    };
    let text =
        format!("Another run had confirmed {whose}. They were recognised as duplicates, so {so}.");
    when(known > 0, Tone::Warning, text)
}

fn speed(report: &Report) -> Option<Finding> {
    let is_measured = report.done() > 0 && report.total_s > 0.0 && !report.is_all_copies();
    let mut text = format!("{} after the release the last was done", time(report.total_s * 1e3));
    // In other shapes the shape sets the rate.
    if matches!(report.shape, Shape::Burst {}) {
        text += &format!(", {}", rate(report.orders_per_s));
    }
    if report.confirmed > 0 {
        let latency = &report.latency_ms;
        let (half, most, slowest) = (time(latency.p50), time(latency.p99), time(latency.max));
        text += &format!(
            "; half were confirmed within {half} of being due, 99 of 100 within {most}, all within \
             {slowest}"
        );
    }
    when(is_measured, Tone::Note, text + ".")
}

/// Whether the slowest orders spent half of their time before the queue had them. Below 10 ms it
/// does not matter. `None` unless it was measured for all orders.
fn senders_fell_behind(report: &Report) -> Option<bool> {
    let (sent, done) = (report.send_latency_ms.p99, report.latency_ms.p99);
    let is_measured =
        report.send_latency_ms.max > 0.0 && done > 0.0 && report.rejected_orders() == 0;
    is_measured.then_some(sent >= 10.0 && sent >= done / 2.0)
}

fn senders(report: &Report) -> Option<Finding> {
    let (sent, done) = (report.send_latency_ms.p99, report.latency_ms.p99);
    if !senders_fell_behind(report)? {
        let is_burst = matches!(report.shape, Shape::Burst {});
        if !is_burst && orders_sent_late(report) > 0 {
            return None;
        }
        // All orders of a burst are due at once, so no sender keeps up with it.
        let what =
            if is_burst { "The senders were not the bottleneck" } else { "The senders kept up" };
        let sent = time(sent);
        let text =
            format!("{what}: 99 of 100 orders were acknowledged within {sent} of being due.");
        return when(true, Tone::Good, text);
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
        "The senders fell behind: orders were acknowledged up to {} after they were due (p99), against \
         {} until they were confirmed. So {suspects} the bottleneck, not the workers; try {remedy}.",
        time(sent),
        time(done)
    );
    when(true, Tone::Warning, text)
}

fn orders_sent_late(report: &Report) -> u64 {
    report.timeline.intervals.iter().map(|interval| interval.sent_late).sum()
}

/// Says when the most orders were sent late, unless all are due at once.
fn sent_late(report: &Report) -> Option<Finding> {
    let timeline = &report.timeline;
    let late = orders_sent_late(report);
    let intervals = (0u64..).zip(&timeline.intervals);
    let (place, worst) = intervals.max_by_key(|(_, Interval { sent_late, .. })| *sent_late)?;
    let at = time((place * timeline.interval_ms) as f64);
    let text = format!(
        "{} sent more than 100 ms late, {} of them within the worst {}, from {at} on: the load was not \
         as even as asked for. Latencies count from the due time anyway.",
        if late == 1 { "1 order was".into() } else { format!("{} were", orders(late)) },
        count(worst.sent_late),
        time(timeline.interval_ms as f64)
    );
    when(late > 0 && !matches!(report.shape, Shape::Burst {}), Tone::Warning, text)
}

fn clock(report: &Report) -> Option<Finding> {
    let drift_ms = report.clock.drift_ms;
    let is_touched = report.latency_ms.p50 < drift_ms && report.latency_ms.max > 0.0;
    let text = format!(
        "The clocks of Redis and of this machine moved apart by {}: latencies from due to confirmed \
         below that, marked with ~, show nothing.",
        time(drift_ms)
    );
    when(is_touched, Tone::Warning, text)
}

/// It was watched, and then not to the end.
fn app_ended(report: &Report) -> Option<Finding> {
    let is_watched = report.samples.iter().any(|sample| sample.app_rss_mib.is_some());
    let text =
        "The process of --app-pid ended during the run: its CPU and memory are not reported.";
    when(is_watched && report.cpu_s.app.is_none(), Tone::Warning, text)
}

/// At a constant rate, a backlog that grows from quarter to quarter grows without end. The first
/// quarter is warm-up. A level backlog shows that the app kept up. There is no finding between the
/// two, if fewer orders came in than were due, or if nothing moved for a while: a stream was paused,
/// or the app was stopped.
fn backlog(report: &Report) -> Option<Finding> {
    let Shape::Steady { rate: rate_per_s, .. } = report.shape else { return None };
    if report.interrupted
        || app_ended(report).is_some()
        || report.tick_rings > 0
        || report.rejected_orders() > 0
        || senders_fell_behind(report) == Some(true)
    {
        return None;
    }
    let sending = 0.0..=report.enqueue_s;
    let samples = report.samples.iter().filter(|sample| sending.contains(&sample.at_s));
    let waiting: Vec<f64> = samples.map(|sample| sample.waiting() as f64).collect();
    let [_, second, third, fourth] = quarters(&waiting)?;
    let most = orders(waiting.iter().copied().fold(0.0, f64::max) as u64);
    let rate = rate(rate_per_s);
    if second < third
        && third < fourth
        && fourth > 1.5 * second
        && fourth - second > rate_per_s.max(50.0)
    {
        let text = format!(
            "The backlog grew until the end of sending, to {most}: {rate} are more than the app can \
             keep up with."
        );
        return when(true, Tone::Warning, text);
    }
    // The means of a level backlog may differ by a tenth, or by a tenth of a second's orders.
    let is_level = fourth - second <= (0.1 * second).max(0.1 * rate_per_s).max(1.0);
    let text = format!(
        "The backlog was level while orders came, {most} at most: the app kept up with {rate}."
    );
    when(is_level, Tone::Good, text)
}

/// A shorter run shows the warm-up only.
const SOAK_S: f64 = 1_800.0;

/// A figure's means of the second and of the last quarter, in a run at a constant rate that is long
/// enough to show a leak. The first quarter is warm-up.
fn soak(report: &Report, figure: fn(&Sample) -> Option<f64>) -> Option<(f64, f64)> {
    let Shape::Steady { duration_s: SOAK_S.., .. } = report.shape else { return None };
    let figures: Vec<f64> = report.samples.iter().filter_map(figure).collect();
    let [_, before, _, after] = quarters(&figures)?;
    Some((before, after))
}

fn memory_of_app(report: &Report) -> Option<Finding> {
    let (before, after) = soak(report, |sample| sample.app_rss_mib)?;
    let advice = ": look for a leak in a longer run.";
    memory("the app", before, after, Tone::Warning, advice)
}

fn memory_of_redis(report: &Report) -> Option<Finding> {
    let (before, after) = soak(report, |sample| Some(sample.redis_rss_mib))?;
    // Half of all orders come between the middles of the second and of the last quarter.
    let bytes = (after - before) * 1024.0 * 1024.0 * 2.0 / report.confirmed.max(1) as f64;
    let advice = format!(
        ", about {bytes:.0} bytes for each order. Confirmations and states are kept for retention_s, a day \
         by default; only growth beyond that is a leak."
    );
    memory("Redis", before, after, Tone::Note, &advice)
}

fn memory(of: &str, before_mib: f64, after_mib: f64, tone: Tone, advice: &str) -> Option<Finding> {
    let [before, after] = [before_mib, after_mib].map(digits);
    // Growth of less than 4 MiB may be memory that the allocator keeps.
    if after_mib > 1.1 * before_mib && after_mib - before_mib > 4.0 {
        when(true, tone, format!("Memory of {of} grew from {before} to {after} MiB{advice}"))
    } else {
        when(true, Tone::Good, format!("Memory of {of} stayed level, at {after} MiB."))
    }
}

/// The mean of each quarter; `None` if there are too few samples for a trend.
fn quarters(figures: &[f64]) -> Option<[f64; 4]> {
    if figures.len() < SAMPLES_FOR_A_TREND {
        return None;
    }
    let mean = |quarter: usize| {
        let part = &figures[quarter * figures.len() / 4..(quarter + 1) * figures.len() / 4];
        part.iter().sum::<f64>() / part.len() as f64
    };
    Some([mean(0), mean(1), mean(2), mean(3)])
}

fn tick_rings(report: &Report) -> Option<Finding> {
    let rings = report.tick_rings;
    let times = if rings == 1 { "once".into() } else { format!("{} times", count(rings)) };
    let text = format!(
        "Nothing moved for a second {times}, so the bell was rung again: a worker was unavailable, or a \
         bell was lost."
    );
    when(rings > 0, Tone::Note, text)
}

fn disturbed(report: &Report) -> Option<Finding> {
    let (before, foreign) = (report.backlog_before, report.foreign());
    let kinds = counts(&[
        (before, "orders that waited before the start"),
        (foreign, "orders that were redriven or sent by others"),
    ]);
    let text = format!("The app also processed {kinds}: the time and CPU shown include theirs.");
    when(before + foreign > 0, Tone::Warning, text)
}
