//! Converts the intervals and samples of a report to the points of a line.

use super::axis::Axis;
use crate::report::{Interval, Report, Sample, Timeline};

/// Points that belong together; a gap ends a run.
pub(super) type Runs = Vec<Vec<(f64, f64)>>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    ms: f64,
    end_ms: f64,
}

impl Unit {
    pub(super) fn of(report: &Report) -> Self {
        let timeline = report.timeline.intervals.len() as f64 * report.timeline.interval_ms as f64;
        let samples = report.samples.iter().map(|sample| sample.at_s * 1e3);
        let end_ms = samples.chain([timeline, report.total_s * 1e3]).fold(1.0, f64::max);
        let (name, ms) = match end_ms {
            end if end >= 4.0 * 3_600_000.0 => ("h", 3_600_000.0),
            end if end >= 240_000.0 => ("min", 60_000.0),
            end if end >= 2_000.0 => ("s", 1_000.0),
            _ => ("ms", 1.0),
        };
        Self { name, ms, end_ms }
    }

    pub(super) fn axis(self) -> Axis {
        Axis::time(self.end_ms, self.ms)
    }

    /// A dot instead of a line that is too short to see: all orders of a burst are due in one
    /// moment.
    pub(super) fn with_dots(self, mut runs: Runs) -> Runs {
        for run in &mut runs {
            if let [from, .., to] = run[..]
                && to.0 - from.0 < self.end_ms / 40.0
            {
                *run = vec![(f64::midpoint(from.0, to.0), from.1)];
            }
        }
        runs
    }
}

/// The figure of each interval as steps; an interval without one is a gap.
pub(super) fn steps(timeline: &Timeline, figure: impl Fn(&Interval) -> Option<f64>) -> Runs {
    let length = timeline.interval_ms as f64;
    let steps = (0u32..).zip(&timeline.intervals).map(|(place, interval)| {
        let from = f64::from(place) * length;
        Some((from, from + length, figure(interval)?))
    });
    let mut runs: Runs = Vec::new();
    for steps in steps.collect::<Vec<_>>().split(Option::is_none) {
        let mut run: Vec<(f64, f64)> = Vec::new();
        for (from, to, value) in steps.iter().flatten().copied() {
            match run.last_mut() {
                // Two equal steps become one.
                Some(last) if last.1 == value => last.0 = to,
                _ => run.extend([(from, value), (to, value)]),
            }
        }
        runs.push(run);
    }
    runs.retain(|run| !run.is_empty());
    runs
}

pub(super) fn sampled(samples: &[Sample], figure: impl Fn(&Sample) -> Option<f64>) -> Runs {
    let points = samples.iter().map(|sample| Some((sample.at_s * 1e3, figure(sample)?)));
    let points: Vec<_> = points.collect();
    let runs = points.split(Option::is_none).map(|run| run.iter().flatten().copied().collect());
    runs.filter(|run: &Vec<_>| !run.is_empty()).collect()
}

#[cfg(test)]
mod tests;
