//! Which charts a report has: rate, backlog, latency, CPU and memory.

use super::axis::Axis;
use super::plot::{Plot, Series, line};
use super::series::{Runs, Unit, sampled, steps};
use crate::report::units::{digits, mib, orders, rate, time};
use crate::report::{Interval, IntervalLatency, Report, Sample};

/// A title, a picture, and the same in words.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) summary: String,
    /// `None` if there is nothing to draw; then the summary says why.
    pub(super) plot: Option<Plot>,
}

pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let unit = Unit::of(report);
    let mut charts = vec![
        rates(report, unit),
        backlog(report, unit),
        latency(report, unit),
        cpu(report, unit),
        memory(report, unit),
    ];
    for chart in charts.iter_mut().filter(|chart| chart.plot.is_none()) {
        chart.summary = "Nothing to draw: it was not measured over time.".into();
    }
    charts
}

fn plot(unit: Unit, y: Axis, series: Vec<Series>) -> Plot {
    Plot { x: unit.axis(), y, x_title: format!("{} since the release", unit.name), series }
}

fn max(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

fn rates(report: &Report, unit: Unit) -> Chart {
    let timeline = &report.timeline;
    let per_s = |orders: u64| orders as f64 * 1e3 / timeline.interval_ms.max(1) as f64;
    let done = |interval: &Interval| interval.confirmed + interval.dead_lettered;
    let runs = |figure: fn(&Interval) -> u64| steps(timeline, |one| Some(per_s(figure(one))));
    let highest =
        |figure: fn(&Interval) -> u64| max(timeline.intervals.iter().map(figure).map(per_s));
    let due = highest(|interval| interval.due);
    let (arrived, finished) = (highest(|interval| interval.arrived), highest(done));
    let [due_rate, arrived_rate, finished_rate] = [due, arrived, finished].map(rate);
    let mut summary = format!(
        "At most {due_rate} were due, {arrived_rate} arrived, and {finished_rate} were confirmed or \
         dead-lettered."
    );
    let mut high = arrived.max(finished);
    if high > 0.0 && due > 2.0 * high {
        // All orders of a burst are due at once and would flatten the other lines.
        summary += " The orders due are cut off at the top.";
        high *= 1.2;
    } else {
        high = high.max(due);
    }
    let series = vec![
        line("arrived in ingress", runs(|interval| interval.arrived)),
        line("confirmed or dead-lettered", runs(done)),
        Series { name: "due", is_area: true, runs: runs(|interval| interval.due) },
    ];
    Chart {
        id: "rates",
        title: "Orders in and out",
        unit: "orders a second",
        summary,
        plot: (high > 0.0).then(|| plot(unit, Axis::amount(high), series)),
    }
}

fn backlog(report: &Report, unit: Unit) -> Chart {
    let samples = &report.samples;
    let runs = |figure: fn(&Sample) -> u64| sampled(samples, |sample| Some(figure(sample) as f64));
    let series = vec![
        line("ingress", runs(|sample| sample.ingress)),
        line("simple", runs(|sample| sample.simple)),
        line("complex", runs(|sample| sample.complex)),
    ];
    let high = max(series.iter().flat_map(|series| values(&series.runs)));
    let all = samples.iter().map(Sample::waiting).max().unwrap_or_default();
    Chart {
        id: "backlog",
        title: "Backlog",
        unit: "orders in a stream, waiting or in progress",
        summary: format!("At most {} in all streams.", orders(all)),
        plot: (!samples.is_empty()).then(|| plot(unit, Axis::amount(high.max(1.0)), series)),
    }
}

fn latency(report: &Report, unit: Unit) -> Chart {
    let runs = |figure: fn(IntervalLatency) -> f64| {
        unit.with_dots(steps(&report.timeline, |interval| interval.latency_ms.map(figure)))
    };
    let series = vec![
        line("half of the orders", runs(|latency| latency.p50)),
        line("99 of 100", runs(|latency| latency.p99)),
        line("all", runs(|latency| latency.max)),
    ];
    let least = values(&series[0].runs).fold(f64::MAX, f64::min);
    let high = max(values(&series[2].runs));
    let y = Axis::latency(least, high);
    let scale = if y.is_logarithmic { " The scale is logarithmic." } else { "" };
    let slowest = time(high);
    Chart {
        id: "latency",
        title: "Latency",
        unit: "from due to confirmed",
        summary: format!(
            "Of the orders that were due at each moment; the slowest took {slowest}.{scale}"
        ),
        plot: (high > 0.0).then(|| Plot {
            x_title: format!("due, {} after the release", unit.name),
            ..plot(unit, y, series)
        }),
    }
}

fn cpu(report: &Report, unit: Unit) -> Chart {
    let used = |seconds: f64| format!("{} s", digits(seconds));
    let app = report.cpu_s.app.map_or_else(|| "an unmeasured time".into(), used);
    let summary = format!("The app used {app}, Redis {} of CPU.", used(report.cpu_s.redis));
    let plot = app_and_redis(report, unit, |sample| (sample.app_cores, sample.redis_cores));
    Chart { id: "cpu", title: "CPU", unit: "cores in use", summary, plot }
}

fn memory(report: &Report, unit: Unit) -> Chart {
    let app = report.rss_mib.app.map_or_else(|| "not measured".into(), mib);
    let summary = format!("Peaks: app {app}, Redis {}.", mib(report.rss_mib.redis));
    let plot = app_and_redis(report, unit, |sample| (sample.app_rss_mib, sample.redis_rss_mib));
    Chart { id: "memory", title: "Memory", unit: "resident, in MiB", summary, plot }
}

fn app_and_redis(
    report: &Report,
    unit: Unit,
    figures: impl Fn(&Sample) -> (Option<f64>, f64),
) -> Option<Plot> {
    let app = sampled(&report.samples, |sample| figures(sample).0);
    let redis = sampled(&report.samples, |sample| Some(figures(sample).1));
    let high = max(values(&app).chain(values(&redis))).max(0.01);
    let name = if app.is_empty() { "app: not measured" } else { "app" };
    let series = vec![line(name, app), line("Redis", redis)];
    (!report.samples.is_empty()).then(|| plot(unit, Axis::amount(high), series))
}

fn values(runs: &Runs) -> impl Iterator<Item = f64> + '_ {
    runs.iter().flatten().map(|(_, value)| *value)
}
