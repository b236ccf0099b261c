//! Which charts a report has: rate, backlog, latencies, CPU and memory.

use super::axis::Axis;
use super::chart::{Chart, Key, lines, max, over_time};
use super::latency;
use super::plot::{Mark, Series};
use super::series::{Unit, sampled, steps};
use super::style::Slot;
use crate::report::units::{digits, orders, rate};
use crate::report::{Interval, Report, Sample};

const NO_TIMELINE: &str = "Nothing to draw: the report has no timeline.";
const NO_SAMPLES: &str = "Nothing to draw: no samples were taken.";

pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let unit = Unit::of(report);
    vec![
        rates(report, unit),
        backlog(report, unit),
        latency::over_time(report, unit),
        latency::by_percentile(report),
        cpu(report, unit),
        memory(report, unit),
    ]
}

fn rates(report: &Report, unit: Unit) -> Chart {
    let timeline = &report.timeline;
    let per_s = |orders: u64| orders as f64 * 1e3 / timeline.interval_ms.max(1) as f64;
    let done = |interval: &Interval| interval.confirmed + interval.dead_lettered;
    let runs = |figure: fn(&Interval) -> u64| steps(timeline, |one| Some(per_s(figure(one))));
    let highest = |figure: fn(&Interval) -> u64| {
        max(timeline.intervals.iter().map(|interval| per_s(figure(interval))))
    };
    let due = highest(|interval| interval.due);
    let (arrived, finished) = (highest(|interval| interval.arrived), highest(done));
    let mut summary = format!(
        "At most {} were due, {} arrived, and {} were confirmed or dead-lettered.",
        rate(due),
        rate(arrived),
        rate(finished)
    );
    let high = arrived.max(finished);
    // All orders of a burst are due in one moment: drawn in full they would flatten everything
    // else.
    let is_cut = high > 0.0 && due > 2.0 * high;
    let high = if is_cut { 1.2 * high } else { high.max(due) };
    if is_cut {
        summary += " The orders due are cut off at the top.";
    }
    let plot = (high > 0.0).then(|| {
        let due = runs(|interval| interval.due).into_iter().map(Mark::Area).collect();
        let series = vec![
            Series { slot: Slot::Third, marks: due },
            lines(Slot::First, runs(|interval| interval.arrived)),
            lines(Slot::Second, runs(done)),
        ];
        over_time(unit, Axis::amount(high), series)
    });
    Chart {
        id: "rates",
        title: "Orders in and out",
        unit: "orders a second",
        summary: if plot.is_some() { summary } else { NO_TIMELINE.into() },
        legend: vec![
            (Slot::Third, Key::Area, "due"),
            (Slot::First, Key::Line, "arrived in ingress"),
            (Slot::Second, Key::Line, "confirmed or dead-lettered"),
        ],
        plot,
    }
}

fn backlog(report: &Report, unit: Unit) -> Chart {
    let samples = &report.samples;
    let series = [
        lines(Slot::First, sampled(samples, |sample| Some(sample.ingress as f64))),
        lines(Slot::Second, sampled(samples, |sample| Some(sample.simple as f64))),
        lines(Slot::Third, sampled(samples, |sample| Some(sample.complex as f64))),
    ];
    let of = |sample: &Sample| sample.ingress.max(sample.simple).max(sample.complex);
    let high = samples.iter().map(of).max();
    let all = samples
        .iter()
        .map(|sample| sample.ingress + sample.simple + sample.complex)
        .max()
        .unwrap_or_default();
    Chart {
        id: "backlog",
        title: "Backlog",
        unit: "orders in a stream, waiting or in progress",
        summary: if high.is_some() {
            format!("At most {} in all streams.", orders(all))
        } else {
            NO_SAMPLES.into()
        },
        legend: vec![
            (Slot::First, Key::Line, "ingress"),
            (Slot::Second, Key::Line, "simple"),
            (Slot::Third, Key::Line, "complex"),
        ],
        plot: high.map(|high| over_time(unit, Axis::amount((high as f64).max(1.0)), series.into())),
    }
}

fn cpu(report: &Report, unit: Unit) -> Chart {
    let used = format!(
        "The app used {}, Redis {} s of CPU.",
        seconds(report.cpu_s.app),
        digits(report.cpu_s.redis)
    );
    app_and_redis(report, unit, ("cpu", "CPU", "cores in use"), used, |sample| {
        (sample.app_cores, sample.redis_cores)
    })
}

fn memory(report: &Report, unit: Unit) -> Chart {
    let mib = |mib: Option<f64>| {
        mib.map_or_else(|| "not measured".into(), |mib| format!("{} MiB", digits(mib)))
    };
    let peaks = format!(
        "Peaks: app {}, Redis {}.",
        mib(report.rss_mib.app),
        mib(Some(report.rss_mib.redis))
    );
    app_and_redis(report, unit, ("memory", "Memory", "resident, in MiB"), peaks, |sample| {
        (sample.app_rss_mib, sample.redis_rss_mib)
    })
}

fn seconds(figure: Option<f64>) -> String {
    figure.map_or_else(|| "an unmeasured time".into(), |seconds| format!("{} s", digits(seconds)))
}

fn app_and_redis(
    report: &Report,
    unit: Unit,
    (id, title, measure): (&'static str, &'static str, &'static str),
    summary: String,
    figures: impl Fn(&Sample) -> (Option<f64>, f64),
) -> Chart {
    let app = sampled(&report.samples, |sample| figures(sample).0);
    let redis = sampled(&report.samples, |sample| Some(figures(sample).1));
    let high = max(app.iter().chain(&redis).flatten().map(|(_, figure)| *figure));
    let mut series = vec![lines(Slot::Second, redis)];
    let mut legend = vec![(Slot::Second, Key::Line, "Redis")];
    if app.is_empty() {
        legend.push((Slot::First, Key::Line, "app: not measured"));
    } else {
        series.push(lines(Slot::First, app));
        legend.insert(0, (Slot::First, Key::Line, "app"));
    }
    let has_samples = !report.samples.is_empty();
    let plot = has_samples.then(|| over_time(unit, Axis::amount(high.max(0.01)), series));
    let summary = if has_samples { summary } else { format!("{NO_SAMPLES} {summary}") };
    Chart { id, title, unit: measure, summary, legend, plot }
}
