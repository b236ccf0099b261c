//! From the intervals and samples of a report to the points of a line.

use super::axis::Axis;
use crate::report::{Interval, Report, Sample, Timeline};

/// Points that belong together; a gap ends a run.
pub(super) type Runs = Vec<Vec<(f64, f64)>>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    name: &'static str,
    ms: f64,
    end_ms: f64,
}

impl Unit {
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

    pub(super) fn title(self) -> String {
        format!("{} since the release", self.name)
    }

    pub(super) fn due_title(self) -> String {
        format!("due, {} after the release", self.name)
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
}
