//! From the intervals and samples of a report to points of a line and rows of a table.

use super::axis::Axis;
use crate::report::units::digits;
use crate::report::{Interval, Report, Sample, Timeline};

/// Points that belong together; a gap ends a run.
pub(super) type Runs = Vec<Vec<(f64, f64)>>;

/// The most rows of a table: the JSON has all.
const ROWS: usize = 20;

/// The figures behind a chart, as a table.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) note: String,
}

impl Figures {
    /// With a remark on how its rows came about.
    pub(super) fn noted(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }
}

/// The unit of time that suits the length of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    name: &'static str,
    ms: f64,
    end_ms: f64,
}

impl Unit {
    /// Of the run's whole length.
    pub(super) fn of(report: &Report) -> Self {
        let timeline = report.timeline.intervals.len() as f64 * report.timeline.interval_ms as f64;
        let samples = report.samples.iter().map(|sample| sample.at_s * 1e3);
        let ends = samples.chain([timeline, report.total_s * 1e3]).filter(|end| end.is_finite());
        let end_ms = ends.fold(1.0, f64::max);
        let (name, ms) = match end_ms {
            end if end >= 4.0 * 3_600_000.0 => ("h", 3_600_000.0),
            end if end >= 240_000.0 => ("min", 60_000.0),
            end if end >= 2_000.0 => ("s", 1_000.0),
            _ => ("ms", 1.0),
        };
        Self { name, ms, end_ms }
    }

    /// Whether a time is too short for a line that can be seen: ten units of a chart.
    pub(super) fn is_short(self, ms: f64) -> bool {
        ms < self.end_ms / 40.0
    }

    pub(super) fn axis(self) -> Axis {
        Axis::time(self.end_ms, self.ms)
    }

    /// What a horizontal axis of time shows.
    pub(super) fn title(self) -> String {
        format!("{} since the release", self.name)
    }

    /// The same where orders stand at the moment they were due.
    pub(super) fn due_title(self) -> String {
        format!("due, {} after the release", self.name)
    }

    fn cell(self, ms: f64) -> String {
        format!("{} {}", digits(ms / self.ms), self.name)
    }
}

/// The figure of each interval as steps; an interval without one is a gap.
pub(super) fn steps(timeline: &Timeline, figure: impl Fn(&Interval) -> Option<f64>) -> Runs {
    let length = timeline.interval_ms as f64;
    let mut runs: Runs = Vec::new();
    let mut is_open = false;
    for (place, interval) in timeline.intervals.iter().enumerate() {
        let (from, to) = (place as f64 * length, (place + 1) as f64 * length);
        let Some(value) = figure(interval).filter(|value| value.is_finite()) else {
            is_open = false;
            continue;
        };
        match runs.last_mut().filter(|_| is_open) {
            // A longer step instead of two alike.
            Some(run) if run.last().is_some_and(|last| last.1 == value) => {
                if let Some(last) = run.last_mut() {
                    last.0 = to;
                }
            }
            Some(run) => run.extend([(from, value), (to, value)]),
            None => runs.push(vec![(from, value), (to, value)]),
        }
        is_open = true;
    }
    runs
}

/// The sum of a figure up to the end of each interval.
pub(super) fn cumulative(
    timeline: &Timeline,
    figure: impl Fn(&Interval) -> u64,
) -> Vec<(f64, f64)> {
    let mut sum = 0;
    let mut points = vec![(0.0, 0.0)];
    for (place, interval) in timeline.intervals.iter().enumerate() {
        sum += figure(interval);
        let point = ((place + 1) as f64 * timeline.interval_ms as f64, sum as f64);
        // While nothing changes, the end of the level line moves on.
        let is_level = points.len() > 1
            && points[points.len() - 2].1 == point.1
            && points[points.len() - 1].1 == point.1;
        if is_level {
            points.pop();
        }
        points.push(point);
    }
    points
}

/// The figure of each sample; one without it is a gap.
pub(super) fn sampled(samples: &[Sample], figure: impl Fn(&Sample) -> Option<f64>) -> Runs {
    let mut runs: Runs = Vec::new();
    let mut is_open = false;
    for sample in samples {
        let Some(value) =
            figure(sample).filter(|value| value.is_finite() && sample.at_s.is_finite())
        else {
            is_open = false;
            continue;
        };
        let point = (sample.at_s * 1e3, value);
        match runs.last_mut().filter(|_| is_open) {
            Some(run) => run.push(point),
            None => runs.push(vec![point]),
        }
        is_open = true;
    }
    runs
}

/// The intervals in few spans, each with what `cells` makes of its part.
pub(super) fn table_of_intervals(
    report: &Report,
    unit: Unit,
    names: &[&str],
    cells: impl Fn(&[Interval]) -> Vec<String>,
) -> Figures {
    let timeline = &report.timeline;
    let in_span = timeline.intervals.len().div_ceil(ROWS).max(1);
    let rows = timeline.intervals.chunks(in_span).enumerate().map(|(place, part)| {
        let end = (place * in_span + part.len()) as f64 * timeline.interval_ms as f64;
        with_first(unit.cell(end), cells(part))
    });
    Figures { head: head("until", names), rows: rows.collect(), note: String::new() }
}

/// Some of the samples, evenly chosen, the last among them.
pub(super) fn table_of_samples(
    report: &Report,
    unit: Unit,
    names: &[&str],
    cells: impl Fn(&Sample) -> Vec<String>,
) -> Figures {
    let every = report.samples.len().div_ceil(ROWS).max(1);
    let last = report.samples.len().saturating_sub(1);
    let chosen =
        report.samples.iter().enumerate().filter(|(place, _)| (last - place).is_multiple_of(every));
    let rows =
        chosen.map(|(_, sample)| with_first(unit.cell(sample.at_s * 1e3), cells(sample))).collect();
    let note = if every > 1 { format!("Every {every}th sample.") } else { String::new() };
    Figures { head: head("at", names), rows, note }
}

fn head(first: &str, names: &[&str]) -> Vec<String> {
    std::iter::once(first).chain(names.iter().copied()).map(str::to_owned).collect()
}

fn with_first(first: String, others: Vec<String>) -> Vec<String> {
    std::iter::once(first).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(confirmed: &[u64]) -> Timeline {
        let intervals =
            confirmed.iter().map(|orders| Interval { confirmed: *orders, ..Interval::default() });
        Timeline { interval_ms: 10, intervals: intervals.collect() }
    }

    #[test]
    fn steps_are_level_within_an_interval_and_break_at_gaps() {
        let figure =
            |interval: &Interval| (interval.confirmed > 0).then_some(interval.confirmed as f64);
        let runs = steps(&timeline(&[3, 3, 5, 0, 7]), figure);
        assert_eq!(
            runs,
            [
                vec![(0.0, 3.0), (20.0, 3.0), (20.0, 5.0), (30.0, 5.0)],
                vec![(40.0, 7.0), (50.0, 7.0)]
            ]
        );
    }

    #[test]
    fn sums_rise_within_an_interval_and_stay_level_through_quiet_ones() {
        let points = cumulative(&timeline(&[2, 0, 0, 0, 4]), |interval| interval.confirmed);
        assert_eq!(points, [(0.0, 0.0), (10.0, 2.0), (40.0, 2.0), (50.0, 6.0)]);
    }
}
