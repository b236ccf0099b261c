//! Which charts a report has, and what they show: arrivals, confirmations, progress, backlog,
//! latencies, fates, instances, CPU and memory.
//!
//! Each has a title, a sentence that says the same as its picture, and its figures as a table.

use super::axis::Axis;
use super::latency;
use super::plot::{Mark, Plot, Series};
use super::series::{
    Figures, Unit, cumulative, sampled, steps, table_of_intervals, table_of_samples,
};
use super::style::Slot;
use crate::report::units::{count, digits, orders, rate, short};
use crate::report::{Report, Sample};

/// One chart of a page.
#[derive(Debug)]
pub(super) struct Chart {
    /// Its name within the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What is measured in which unit.
    pub(super) unit: &'static str,
    /// What the picture shows, in words.
    pub(super) summary: String,
    pub(super) legend: Vec<(Slot, Key, &'static str)>,
    /// None where there is nothing to draw; then the summary says why.
    pub(super) plot: Option<Plot>,
    pub(super) figures: Figures,
}

/// How a series is drawn, for the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Line,
    Area,
}

impl Key {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Area => "area",
        }
    }
}

const NO_TIMELINE: &str = "Nothing to draw: the report has no timeline.";
const NO_SAMPLES: &str = "Nothing to draw: no samples were taken.";
/// Units of room for labels at the left: for amounts, for times, and for words.
pub(super) const AMOUNTS: u32 = 62;
pub(super) const TIMES: u32 = 78;
const WORDS: u32 = 150;

/// All charts, in the order of a reader's questions.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let unit = Unit::of(report);
    vec![
        progress(report, unit),
        arrivals(report, unit),
        confirmations(report, unit),
        backlog(report, unit),
        latency::over_time(report, unit),
        latency::by_percentile(report),
        latency::histogram(report),
        fates(report),
        instance_starts(report, unit),
        cpu(report, unit),
        memory(report, unit),
    ]
}

#[allow(clippy::unnecessary_wraps, reason = "what charts are drawn by may find nothing to draw")]
fn over_time(unit: Unit, y: Axis, series: Vec<Series>) -> Option<Plot> {
    let label_room = if y.is_logarithmic() { TIMES } else { AMOUNTS };
    Some(Plot { x: unit.axis(), y, x_title: unit.title(), label_room, series })
}

pub(super) fn lines(slot: Slot, runs: Vec<Vec<(f64, f64)>>) -> Series {
    Series { slot, marks: runs.into_iter().map(Mark::Line).collect() }
}

pub(super) fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|value| value.is_finite()).fold(0.0, f64::max)
}

fn progress(report: &Report, unit: Unit) -> Chart {
    let timeline = &report.timeline;
    let due = cumulative(timeline, |interval| interval.due);
    let arrived = cumulative(timeline, |interval| interval.arrived);
    let done = cumulative(timeline, |interval| interval.confirmed + interval.dead_lettered);
    let high = most(due.iter().chain(&arrived).chain(&done).map(|(_, orders)| *orders));
    let plot = (!timeline.intervals.is_empty() && high > 0.0).then(|| {
        let series = vec![
            Series { slot: Slot::Third, marks: vec![Mark::Area(due)] },
            lines(Slot::First, vec![arrived]),
            lines(Slot::Second, vec![done]),
        ];
        over_time(unit, Axis::amount(high), series)
    });
    let plot = plot.flatten();
    let summary = if plot.is_some() {
        "The gap upwards between two lines is the backlog, the gap sideways the time that orders take.".into()
    } else {
        NO_TIMELINE.into()
    };
    Chart {
        id: "progress",
        title: "Progress",
        unit: "orders so far",
        summary,
        legend: vec![
            (Slot::Third, Key::Area, "due"),
            (Slot::First, Key::Line, "arrived"),
            (Slot::Second, Key::Line, "done"),
        ],
        plot,
        figures: table_of_intervals(
            report,
            unit,
            &["due", "arrived", "confirmed", "dead-lettered"],
            |part| {
                let sum = |figure: fn(&crate::report::Interval) -> u64| {
                    count(part.iter().map(figure).sum())
                };
                vec![
                    sum(|interval| interval.due),
                    sum(|interval| interval.arrived),
                    sum(|interval| interval.confirmed),
                    sum(|interval| interval.dead_lettered),
                ]
            },
        ),
    }
}

fn arrivals(report: &Report, unit: Unit) -> Chart {
    let timeline = &report.timeline;
    let per_s = |orders: u64| orders as f64 * 1e3 / timeline.interval_ms.max(1) as f64;
    let due = steps(timeline, |interval| Some(per_s(interval.due)));
    let arrived = steps(timeline, |interval| Some(per_s(interval.arrived)));
    let high = most(timeline.intervals.iter().map(|interval| per_s(interval.arrived)));
    let high_due = most(timeline.intervals.iter().map(|interval| per_s(interval.due)));
    let mut summary = format!("At most {} arrived and {} were due.", rate(high), rate(high_due));
    // All orders of a burst are due in one moment: drawn in full they would flatten everything
    // else.
    let is_cut = high > 0.0 && high_due > 2.0 * high;
    let high = if is_cut { 1.2 * high } else { high.max(high_due) };
    if is_cut {
        summary += " What was due is cut off at the top.";
    }
    let plot = (high > 0.0).then(|| {
        let due = Series { slot: Slot::Third, marks: due.into_iter().map(Mark::Area).collect() };
        over_time(unit, Axis::amount(high), vec![due, lines(Slot::First, arrived)])
    });
    let plot = plot.flatten();
    Chart {
        id: "arrivals",
        title: "Arrivals",
        unit: "orders a second",
        summary: if plot.is_some() { summary } else { NO_TIMELINE.into() },
        legend: vec![
            (Slot::Third, Key::Area, "due"),
            (Slot::First, Key::Line, "arrived in ingress"),
        ],
        plot,
        figures: Figures::default(),
    }
}

fn confirmations(report: &Report, unit: Unit) -> Chart {
    let timeline = &report.timeline;
    let per_s = |orders: u64| orders as f64 * 1e3 / timeline.interval_ms.max(1) as f64;
    let confirmed = steps(timeline, |interval| Some(per_s(interval.confirmed)));
    let dead = steps(timeline, |interval| Some(per_s(interval.dead_lettered)));
    let high = most(timeline.intervals.iter().map(|interval| per_s(interval.confirmed)));
    let high_dead = most(timeline.intervals.iter().map(|interval| per_s(interval.dead_lettered)));
    let mut series = vec![lines(Slot::First, confirmed)];
    let mut legend = vec![(Slot::First, Key::Line, "confirmed")];
    let mut summary = format!("At most {} were confirmed.", rate(high));
    if high_dead > 0.0 {
        series.push(lines(Slot::Second, dead));
        legend.push((Slot::Second, Key::Line, "dead-lettered"));
        summary += &format!(" At most {} were dead-lettered.", rate(high_dead));
    }
    let high = high.max(high_dead);
    let plot = (high > 0.0).then(|| over_time(unit, Axis::amount(high), series)).flatten();
    let nothing = if timeline.intervals.is_empty() {
        NO_TIMELINE
    } else {
        "Nothing to draw: no order was done."
    };
    Chart {
        id: "confirmations",
        title: "Confirmations",
        unit: "orders a second",
        summary: if plot.is_some() { summary } else { nothing.into() },
        legend,
        plot,
        figures: Figures::default(),
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
        unit: "orders in a stream, waiting or in flight",
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
        plot: high
            .and_then(|high| over_time(unit, Axis::amount((high as f64).max(1.0)), series.into())),
        figures: table_of_samples(report, unit, &["ingress", "simple", "complex"], |sample| {
            vec![count(sample.ingress), count(sample.simple), count(sample.complex)]
        }),
    }
}

fn fates(report: &Report) -> Chart {
    let all = [
        ("simple lane", report.lanes.simple, Slot::First),
        ("complex lane", report.lanes.complex, Slot::First),
        ("dead-lettered", report.dead_lettered, Slot::Third),
        ("refused", report.refused, Slot::Third),
        ("not taken", report.turned_away(), Slot::Third),
        ("lost", report.lost, Slot::Second),
        ("doubled", report.doubled, Slot::Second),
        ("wrong", report.wrong, Slot::Second),
    ];
    // The lanes always, the others where there are any.
    let shown: Vec<_> = all
        .into_iter()
        .enumerate()
        .filter(|(place, fate)| *place < 2 || fate.1 > 0)
        .map(|(_, fate)| fate)
        .collect();
    let most = shown.iter().map(|fate| fate.1).max().unwrap_or_default();
    let bars = shown.len();
    let plot = (most > 0).then(|| {
        let place = |row: usize| (bars - 1 - row) as f64 + 0.5;
        let ticks =
            shown.iter().enumerate().map(|(row, fate)| (place(row), fate.0.to_owned())).collect();
        let series = shown.iter().enumerate().map(|(row, (_, orders, slot))| {
            let end = *orders as f64;
            let mut marks =
                vec![Mark::Figure((end + most as f64 * 0.02, place(row)), count(*orders))];
            if *orders > 0 {
                marks.push(Mark::Bar((0.0, place(row) - 0.3), (end, place(row) + 0.3)));
            }
            Series { slot: *slot, marks }
        });
        let x = Axis::amount(most as f64).with_room(1.25);
        Plot {
            x,
            y: Axis::places(bars, ticks),
            x_title: "orders".into(),
            label_room: WORDS,
            series: series.collect(),
        }
    });
    let words: Vec<String> =
        shown.iter().map(|(name, orders, _)| format!("{name} {}", count(*orders))).collect();
    Chart {
        id: "fates",
        title: "Lanes and fates",
        unit: "confirmed orders by lane, and what became of the others",
        summary: if most > 0 {
            format!("{}.", words.join(", "))
        } else {
            "Nothing to draw: no order was done.".into()
        },
        legend: Vec::new(),
        plot,
        figures: Figures::default(),
    }
}

fn instance_starts(report: &Report, unit: Unit) -> Chart {
    let samples = &report.samples;
    let line = sampled(samples, |sample| sample.instance_starts.map(|starts| starts as f64));
    let high = most(line.iter().flatten().map(|(_, starts)| *starts));
    let plot = (high > 0.0)
        .then(|| over_time(unit, Axis::amount(high), vec![lines(Slot::First, line)]))
        .flatten();
    let summary = match (&plot, report.instance_starts, report.instance_start_us) {
        (_, None, _) => "Not measured: the runtime does not tell.".into(),
        (None, Some(starts), _) => {
            format!(
                "Nothing to draw: {} instances were started, and no samples of it taken.",
                count(starts)
            )
        }
        (Some(_), Some(starts), Some(us)) => format!(
            "{} instances; half were ready within {} us of their event, 99 of 100 within {} us.",
            count(starts),
            count(us.p50),
            count(us.p99)
        ),
        (Some(_), Some(starts), None) => format!("{} instances.", count(starts)),
    };
    Chart {
        id: "instance-starts",
        title: "Instance starts",
        unit: "instances started so far",
        summary,
        legend: Vec::new(),
        plot,
        figures: table_of_samples(report, unit, &["instances"], |sample| {
            vec![sample.instance_starts.map_or_else(|| "-".into(), count)]
        }),
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
    let high = most(app.iter().chain(&redis).flatten().map(|(_, figure)| *figure));
    let mut series = vec![lines(Slot::Second, redis)];
    let mut legend = vec![(Slot::Second, Key::Line, "Redis")];
    if app.is_empty() {
        legend.push((Slot::First, Key::Line, "app: not measured"));
    } else {
        series.push(lines(Slot::First, app));
        legend.insert(0, (Slot::First, Key::Line, "app"));
    }
    let has_samples = !report.samples.is_empty();
    let plot = has_samples.then(|| over_time(unit, Axis::amount(high.max(0.01)), series)).flatten();
    let summary = if has_samples { summary } else { format!("{NO_SAMPLES} {summary}") };
    let cell = |figure: Option<f64>| {
        figure.map_or_else(|| "-".into(), |figure| short((figure * 100.0).round() / 100.0))
    };
    let table = table_of_samples(report, unit, &["app", "Redis"], |sample| {
        let (app, redis) = figures(sample);
        vec![cell(app), cell(Some(redis))]
    });
    Chart { id, title, unit: measure, summary, legend, plot, figures: table }
}
