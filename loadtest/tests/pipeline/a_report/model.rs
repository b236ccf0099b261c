//! The model of a queue behind a report.

use loadtest::report::{Bucket, Interval, IntervalLatency, Latency, Sample};

use super::AReport;

/// First in, first out, with a limit at each end.
#[derive(Default)]
pub(super) struct Run {
    pub(super) starts: u64,
    pub(super) intervals: Vec<Interval>,
    pub(super) samples: Vec<Sample>,
    pub(super) sent_ms: f64,
    pub(super) done_ms: f64,
    pub(super) latency: Histogram,
    pub(super) queue_latency: Histogram,
    pub(super) send_latency: Histogram,
}

impl Run {
    pub(super) fn of(model: &AReport) -> Self {
        let mut run = Self::default();
        let length_ms = model.interval_ms as f64;
        let (mut unsent, mut backlog) = (0, 0);
        let total = model.due.len();
        // What is left when the last order was due is done in further intervals.
        let further = std::iter::repeat_n(0, 3 * total);
        for (place, due) in model.due.iter().copied().chain(further).enumerate() {
            if place >= total && unsent + backlog == 0 {
                break;
            }
            let end_ms = (place + 1) as f64 * length_ms;
            let send_wait_ms = 1.0 + unsent as f64 / model.send_capacity as f64 * length_ms;
            unsent += due;
            let arrived = unsent.min(model.send_capacity);
            unsent -= arrived;
            backlog += arrived;
            let confirmed = backlog.min(model.work_capacity);
            backlog -= confirmed;
            run.starts += u64::from(confirmed > 0) * 3;
            let in_front = (unsent + backlog + confirmed) as f64;
            let last_ms = 2.0 + in_front / model.work_capacity as f64 * length_ms;
            let latency_ms = (due > 0).then_some(IntervalLatency {
                p50: last_ms * 0.6,
                p99: last_ms * 0.97,
                max: last_ms,
            });
            run.latency.spread(due, last_ms * 0.2, last_ms);
            run.queue_latency.spread(due, last_ms * 0.1, last_ms * 0.9);
            run.send_latency.spread(
                due,
                send_wait_ms * 0.5,
                send_wait_ms + unsent as f64 / model.send_capacity as f64 * length_ms,
            );
            if arrived > 0 {
                run.sent_ms = end_ms;
            }
            if confirmed > 0 {
                run.done_ms = end_ms;
            }
            run.intervals.push(Interval {
                due,
                arrived,
                confirmed,
                latency_ms,
                ..Interval::default()
            });
            run.samples.push(Sample {
                at_s: end_ms / 1e3,
                ingress: backlog / 2,
                simple: backlog / 3,
                complex: backlog - backlog / 2 - backlog / 3,
                app_cores: Some(confirmed as f64 / model.work_capacity as f64 * 0.7),
                redis_cores: confirmed as f64 / model.work_capacity as f64 * 0.9,
                app_rss_mib: Some(30.0 + model.app_growth_mib * place as f64 / total as f64),
                redis_rss_mib: 12.0 + backlog as f64 / 1_000.0 + place as f64 / 50.0,
            });
        }
        run
    }
}

/// Steps of a thirtieth of what they hold.
#[derive(Default)]
pub(super) struct Histogram {
    steps: std::collections::BTreeMap<i32, u64>,
}

impl Histogram {
    fn spread(&mut self, orders: u64, from_ms: f64, to_ms: f64) {
        let parts = orders.clamp(1, 100);
        for part in 0..if orders > 0 { parts } else { 0 } {
            let ms = from_ms + (to_ms - from_ms) * (part + 1) as f64 / parts as f64;
            let extra = u64::from(part < orders % parts);
            *self.steps.entry((ms.ln() * 30.0).ceil() as i32).or_default() +=
                orders / parts + extra;
        }
    }

    pub(super) fn buckets(&self) -> Vec<Bucket> {
        self.steps
            .iter()
            .map(|(step, orders)| Bucket { up_to_ms: end(*step), orders: *orders })
            .collect()
    }

    pub(super) fn percentiles(&self) -> Latency {
        let total: u64 = self.steps.values().sum();
        let at = |share: f64| {
            let mut left = (share * total as f64).ceil() as u64;
            for (step, orders) in &self.steps {
                if *orders >= left {
                    return end(*step);
                }
                left -= orders;
            }
            0.0
        };
        let sum: f64 = self.steps.iter().map(|(step, orders)| end(*step) * *orders as f64).sum();
        let mean = if total > 0 { sum / total as f64 } else { 0.0 };
        Latency {
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
            mean,
        }
    }
}

fn end(step: i32) -> f64 {
    (f64::from(step) / 30.0).exp()
}
