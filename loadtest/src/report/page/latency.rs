//! The charts of latency: over time, and by percentile.

use super::axis::Axis;
use super::chart::{Chart, Key, TIMES, lines, max};
use super::plot::{Mark, Plot, Series};
use super::series::{Runs, Unit, steps};
use super::style::Slot;
use crate::report::units::time;
use crate::report::{Report, distribution};

pub(super) fn over_time(report: &Report, unit: Unit) -> Chart {
    let latencies = || report.timeline.intervals.iter().filter_map(|interval| interval.latency_ms);
    let least =
        latencies().map(|latency| latency.p50).filter(|ms| ms.is_finite()).fold(f64::MAX, f64::min);
    let high = max(latencies().map(|latency| latency.max));
    let plot = (high > 0.0).then(|| {
        let series = vec![
            alone_or_together(
                Slot::Third,
                steps(&report.timeline, |interval| Some(interval.latency_ms?.max)),
                unit,
            ),
            alone_or_together(
                Slot::Second,
                steps(&report.timeline, |interval| Some(interval.latency_ms?.p99)),
                unit,
            ),
            alone_or_together(
                Slot::First,
                steps(&report.timeline, |interval| Some(interval.latency_ms?.p50)),
                unit,
            ),
        ];
        let y = Axis::latency(least, high);
        Plot { x: unit.axis(), y, x_title: unit.due_title(), label_room: TIMES, series }
    });
    let summary = match &plot {
        Some(plot) => {
            let scale = if plot.y.is_logarithmic() { " The scale is logarithmic." } else { "" };
            format!(
                "Of the orders that were due at each moment; the slowest took {}.{scale}",
                time(high)
            )
        }
        None => "Nothing to draw: no latency was measured over time.".into(),
    };
    Chart {
        id: "latency-over-time",
        title: "Latency over time",
        unit: "from due to confirmed",
        summary,
        legend: vec![
            (Slot::First, Key::Line, "half of the orders"),
            (Slot::Second, Key::Line, "99 of 100"),
            (Slot::Third, Key::Line, "all"),
        ],
        plot,
    }
}

pub(super) fn by_percentile(report: &Report) -> Chart {
    let shares = distribution::shares(&report.latency_histogram);
    let total = report.latency_histogram.iter().map(|bucket| bucket.orders).sum();
    let plot = shares.first().map(|(_, least)| {
        let high = max(shares.iter().map(|(_, ms)| *ms));
        let mut line = vec![(0.0, *least)];
        line.extend(&shares);
        let y = Axis::latency(*least, high.max(1e-3));
        let series = vec![lines(Slot::First, vec![thin(line)])];
        Plot {
            x: Axis::percentile(total),
            y,
            x_title: "% of orders that were no slower".into(),
            label_room: TIMES,
            series,
        }
    });
    let latency = &report.latency_ms;
    Chart {
        id: "latency-by-percentile",
        title: "Latency by percentile",
        unit: "from due to confirmed; each further nine takes as much room as the one before",
        summary: if plot.is_some() {
            let (half, most, slowest) = (time(latency.p50), time(latency.p99), time(latency.max));
            format!(
                "Half of the orders took at most {half}, 99 of 100 at most {most}, all at most {slowest}."
            )
        } else {
            "Nothing to draw: the report has no histogram.".into()
        },
        legend: Vec::new(),
        plot,
    }
}

/// Lines, and dots where a line would be too short to see: all orders of a burst are due in one
/// moment.
fn alone_or_together(slot: Slot, runs: Runs, unit: Unit) -> Series {
    let marks = runs.into_iter().map(|run| match run.as_slice() {
        [from, .., to] if unit.is_short(to.0 - from.0) => {
            Mark::Line(vec![(f64::midpoint(from.0, to.0), from.1)])
        }
        _ => Mark::Line(run),
    });
    Series { slot, marks: marks.collect() }
}

/// Fewer points than the drawing has pixels: the last of each small step in the tail.
fn thin(line: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let place = |share: f64| -(1.0 - share).max(1e-12).log10();
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let end = line.len().saturating_sub(1);
    for (position, point) in line.into_iter().enumerate() {
        let is_far = kept.last().is_none_or(|last| place(point.0) - place(last.0) > 0.005);
        if is_far || position == end {
            kept.push(point);
        }
    }
    kept
}
