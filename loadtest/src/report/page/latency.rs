//! The charts of latency: over time, by percentile, and as a histogram.

use super::axis::Axis;
use super::charts::{AMOUNTS, Chart, Key, TIMES, lines, most};
use super::plot::{Mark, Plot, Series};
use super::series::{Figures, Runs, Unit, steps, table_of_intervals};
use super::style::Slot;
use crate::report::units::{count, time};
use crate::report::{IntervalLatency, Report, distribution};

pub(super) fn over_time(report: &Report, unit: Unit) -> Chart {
    let latencies = || report.timeline.intervals.iter().filter_map(|interval| interval.latency_ms);
    let least =
        latencies().map(|latency| latency.p50).filter(|ms| ms.is_finite()).fold(f64::MAX, f64::min);
    let high = most(latencies().map(|latency| latency.max));
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
        figures: table_of_intervals(report, unit, &["p50", "p99", "max"], |part| {
            let worst = |figure: fn(&IntervalLatency) -> f64| {
                let all =
                    part.iter().filter_map(|interval| interval.latency_ms.as_ref().map(figure));
                all.reduce(f64::max).map_or_else(|| "-".into(), time)
            };
            vec![
                worst(|latency| latency.p50),
                worst(|latency| latency.p99),
                worst(|latency| latency.max),
            ]
        })
        .noted("The worst of each span."),
    }
}

pub(super) fn by_percentile(report: &Report) -> Chart {
    let shares = distribution::shares(&report.latency_histogram);
    let total = report.latency_histogram.iter().map(|bucket| bucket.orders).sum();
    let plot = shares.first().map(|(_, least)| {
        let high = most(shares.iter().map(|(_, ms)| *ms));
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
        figures: Figures::default(),
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

pub(super) fn histogram(report: &Report) -> Chart {
    let rows = distribution::rows(&report.latency_histogram, 24);
    let most = rows.iter().map(|row| row.orders).max();
    let total: u64 = rows.iter().map(|row| row.orders).sum();
    let plot = most.map(|most| {
        let bars = rows.iter().enumerate().filter(|(_, row)| row.orders > 0);
        let marks = bars.map(|(place, row)| {
            let left = place as f64;
            Mark::Bar((left + 0.08, 0.0), (left + 0.92, row.orders as f64))
        });
        let every = rows.len().div_ceil(5);
        // Labels are at the ends of rows, the last one always among them.
        let labelled = rows
            .iter()
            .enumerate()
            .filter(|(place, _)| (rows.len() - 1 - place).is_multiple_of(every));
        let ticks = labelled.map(|(place, row)| ((place + 1) as f64, row.label())).collect();
        Plot {
            x: Axis::places(rows.len(), ticks),
            y: Axis::amount(most as f64),
            x_title: "slower than the row before, and up to".into(),
            label_room: AMOUNTS,
            series: vec![Series { slot: Slot::First, marks: marks.collect() }],
        }
    });
    let figures = Figures {
        head: vec!["up to".into(), "orders".into(), "share".into()],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    row.label(),
                    count(row.orders),
                    format!("{:.1} %", row.orders as f64 * 100.0 / total.max(1) as f64),
                ]
            })
            .collect(),
        note: String::new(),
    };
    let summary = match rows.iter().max_by_key(|row| row.orders) {
        Some(row) => format!(
            "Most orders, {}, took more than {} and at most {}.",
            count(row.orders),
            time(row.above_ms),
            row.label()
        ),
        None => "Nothing to draw: the report has no histogram.".into(),
    };
    Chart {
        id: "latency-histogram",
        title: "Latency histogram",
        unit: "orders by time from due to confirmed",
        summary,
        legend: Vec::new(),
        plot,
        figures,
    }
}
