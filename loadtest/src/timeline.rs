//! What happened when, in intervals that grow with the run: a burst of half a second and a run of
//! days both fit a chart.
//!
//! When there are too many intervals, each two are merged into one: counts are added, and so are
//! the histograms of the percentiles.

use hdrhistogram::{Counter, Histogram};

use crate::report::{Bucket, Interval, IntervalLatency, Latency, Timeline};

const MAX_INTERVALS: usize = 600;
const SHORTEST_US: u64 = 10_000;
/// Significant digits of the whole run, and of one interval, where memory matters.
const DIGITS: u8 = 3;
const DIGITS_OF_INTERVAL: u8 = 2;

#[derive(Debug)]
pub(crate) struct Recorder {
    interval_us: u64,
    intervals: Vec<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    interval: Interval,
    latencies: Option<Histogram<u32>>,
    /// Kept exactly, because the histogram would round it up.
    slowest_us: u64,
}

pub(crate) fn histogram() -> Histogram<u64> {
    with_digits(DIGITS)
}

fn with_digits<T: Counter>(digits: u8) -> Histogram<T> {
    Histogram::new(digits)
        .unwrap_or_else(|error| unreachable!("{digits} digits are allowed: {error}"))
}

impl Default for Recorder {
    fn default() -> Self {
        Self { interval_us: SHORTEST_US, intervals: Vec::new() }
    }
}

impl Recorder {
    /// The counters of a moment.
    pub(crate) fn interval(&mut self, at_us: u64) -> &mut Interval {
        &mut self.at(at_us).interval
    }

    pub(crate) fn latency(&mut self, due_us: u64, latency_us: u64) {
        let counted = self.at(due_us);
        counted.slowest_us = counted.slowest_us.max(latency_us);
        let latencies = counted.latencies.get_or_insert_with(|| with_digits(DIGITS_OF_INTERVAL));
        // The histogram resizes itself; only a latency of years could be refused.
        let _ = latencies.record(latency_us);
    }

    pub(crate) fn finish(self) -> Timeline {
        let interval_ms = self.interval_us / 1_000;
        let finished = |counted: Counted| Interval {
            latency_ms: counted.latencies.map(|latencies| IntervalLatency {
                p50: ms(latencies.value_at_quantile(0.5).min(counted.slowest_us)),
                p99: ms(latencies.value_at_quantile(0.99).min(counted.slowest_us)),
                max: ms(counted.slowest_us),
            }),
            ..counted.interval
        };
        Timeline { interval_ms, intervals: self.intervals.into_iter().map(finished).collect() }
    }

    fn at(&mut self, at_us: u64) -> &mut Counted {
        while (at_us / self.interval_us) as usize >= MAX_INTERVALS {
            self.coarsen();
        }
        let index = (at_us / self.interval_us) as usize;
        if self.intervals.len() <= index {
            self.intervals.resize_with(index + 1, Counted::default);
        }
        &mut self.intervals[index]
    }

    fn coarsen(&mut self) {
        self.interval_us *= 2;
        let mut old = std::mem::take(&mut self.intervals).into_iter();
        while let Some(mut first) = old.next() {
            if let Some(second) = old.next() {
                first.add(second);
            }
            self.intervals.push(first);
        }
    }
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.slowest_us = self.slowest_us.max(other.slowest_us);
        self.interval.due += other.interval.due;
        self.interval.sent_late += other.interval.sent_late;
        self.interval.arrived += other.interval.arrived;
        self.interval.confirmed += other.interval.confirmed;
        self.interval.dead_lettered += other.interval.dead_lettered;
        match (&mut self.latencies, other.latencies) {
            // Both resize themselves and have the same digits, so adding cannot fail.
            (Some(latencies), Some(other)) => drop(latencies.add(other)),
            (latencies @ None, other) => *latencies = other,
            (Some(_), None) => {}
        }
    }
}

pub(crate) fn percentiles(histogram: &Histogram<u64>) -> Latency {
    let at = |quantile| ms(histogram.value_at_quantile(quantile));
    Latency {
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: ms(histogram.max()),
        mean: (histogram.mean() / 10.0).round() / 100.0,
    }
}

/// Each step ends a tenth higher than the one before.
pub(crate) fn buckets(histogram: &Histogram<u64>) -> Vec<Bucket> {
    let steps = histogram.iter_log(100, 1.1);
    let bucket = |up_to_us, orders| Bucket { up_to_ms: ms(up_to_us), orders };
    steps.map(|step| bucket(step.value_iterated_to(), step.count_since_last_iteration())).collect()
}

/// In steps of 10 microseconds.
fn ms(us: u64) -> f64 {
    (us as f64 / 10.0).round() / 100.0
}

#[cfg(test)]
mod tests;
