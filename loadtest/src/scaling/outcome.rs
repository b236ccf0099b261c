//! What a replay recorded: figures of the whole, and how it went over time.

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::curve::Curve;

/// About how many moments a replay is told in.
const MOMENTS: u64 = 240;

/// No replay goes on for longer.
const LONGEST_MS: u64 = 366 * 86_400_000;

/// What became of a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Orders confirmed: all of the curve.
    pub orders: u64,
    /// The most replicas at a time, of all components together.
    pub most_replicas: u32,
    /// The mean of them.
    pub mean_replicas: f64,
    /// Hours of replicas, starting ones included.
    pub replica_hours: f64,
    /// The most orders in the streams at a time.
    pub most_backlog: u64,
    /// From due to confirmed: the median, in ms.
    pub latency_ms_p50: u64,
    /// The 99th percentile.
    pub latency_ms_p99: u64,
    /// The slowest.
    pub latency_ms_max: u64,
    /// From the first order to the first confirmation.
    pub first_confirmation_ms: u64,
    /// From the moment the last order was due until none waited.
    pub drained_ms: u64,
    /// When a replica beyond those that are there anyway, or that KEDA starts from zero, first had work, since the first order; none when all
    /// was done before.
    pub helped_from_ms: Option<u64>,
    /// How often a component left zero.
    pub starts_from_zero: u32,
    /// How long Redis was the limit.
    pub redis_limited_ms: u64,
    /// Length of what is counted.
    pub observed_ms: u64,
}

/// One stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The most replicas in it, of all components together.
    pub replicas: u32,
    /// The most orders in the streams.
    pub backlog: u64,
    /// The slowest order that was confirmed in it; none when none was.
    pub slowest_ms: Option<u64>,
}

/// How it went, in stretches of equal length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Length of a stretch in ms.
    pub moment_ms: u64,
    /// The stretches since the curve began.
    pub moments: Vec<Moment>,
}

impl Story {
    fn new(length_ms: u64, step_ms: u64) -> Self {
        let moment_ms = length_ms.div_ceil(MOMENTS).div_ceil(step_ms).max(1) * step_ms;
        Self { moment_ms, moments: Vec::new() }
    }

    fn at(&mut self, at_ms: u64) -> &mut Moment {
        while at_ms / self.moment_ms >= 2 * MOMENTS {
            self.coarsen();
        }
        let place = (at_ms / self.moment_ms) as usize;
        if self.moments.len() <= place {
            self.moments.resize(place + 1, Moment::default());
        }
        &mut self.moments[place]
    }

    /// Twice as long stretches.
    fn coarsen(&mut self) {
        self.moment_ms *= 2;
        let pairs = self.moments.chunks(2).map(|pair| {
            let both = pair.iter();
            Moment {
                replicas: both.clone().map(|moment| moment.replicas).max().unwrap_or(0),
                backlog: both.clone().map(|moment| moment.backlog).max().unwrap_or(0),
                slowest_ms: both.filter_map(|moment| moment.slowest_ms).max(),
            }
        });
        self.moments = pairs.collect();
    }
}

/// Writes down what happens.
#[derive(Debug)]
pub(super) struct Recorder {
    first_due_ms: u64,
    latencies_ms: Histogram<u64>,
    slowest_ms: u64,
    story: Story,
    replica_ms: u64,
    most_replicas: u32,
    most_backlog: u64,
    first_confirmation_ms: Option<u64>,
    last_due_ms: u64,
    last_confirmation_ms: u64,
    helped_from_ms: Option<u64>,
    pub(super) starts_from_zero: u32,
    pub(super) redis_limited_ms: u64,
}

impl Recorder {
    pub(super) fn new(curve: &Curve, length_ms: u64, step_ms: u64) -> Result<Self> {
        let latencies_ms = Histogram::new_with_max(LONGEST_MS, 3)
            .map_err(|error| anyhow!("failed to make a histogram: {error}"))?;
        Ok(Self {
            first_due_ms: curve.due_ms.first().copied().unwrap_or(0),
            latencies_ms,
            slowest_ms: 0,
            story: Story::new(length_ms, step_ms),
            replica_ms: 0,
            most_replicas: 0,
            most_backlog: 0,
            first_confirmation_ms: None,
            last_due_ms: curve.due_ms.last().copied().unwrap_or(0),
            last_confirmation_ms: 0,
            helped_from_ms: None,
            starts_from_zero: 0,
            redis_limited_ms: 0,
        })
    }

    /// From one moment to another there were so many replicas and orders.
    pub(super) fn passes(&mut self, from_ms: u64, to_ms: u64, replicas: u32, backlog: u64) {
        self.replica_ms += u64::from(replicas) * (to_ms - from_ms);
        self.most_replicas = self.most_replicas.max(replicas);
        self.most_backlog = self.most_backlog.max(backlog);
        let mut at_ms = from_ms;
        while at_ms < to_ms {
            let moment = self.story.at(at_ms);
            moment.replicas = moment.replicas.max(replicas);
            moment.backlog = moment.backlog.max(backlog);
            at_ms = (at_ms / self.story.moment_ms + 1) * self.story.moment_ms;
        }
    }

    /// An order that was due then is confirmed now.
    pub(super) fn confirmed(&mut self, due_ms: u64, now_ms: u64) {
        let latency_ms = now_ms - due_ms;
        self.latencies_ms.saturating_record(latency_ms);
        self.slowest_ms = self.slowest_ms.max(latency_ms);
        self.last_confirmation_ms = now_ms;
        self.first_confirmation_ms.get_or_insert(now_ms - self.first_due_ms);
        // What is confirmed at the end of a stretch belongs to it.
        let slowest_ms = &mut self.story.at(now_ms.saturating_sub(1)).slowest_ms;
        *slowest_ms = Some(slowest_ms.unwrap_or(0).max(latency_ms));
    }

    /// A replica that was added by the HPA works.
    pub(super) fn helped(&mut self, now_ms: u64) {
        self.helped_from_ms.get_or_insert(now_ms - self.first_due_ms);
    }

    /// The figures at the end.
    pub(super) fn finish(self, now_ms: u64) -> (Outcome, Story) {
        let hours = self.replica_ms as f64 / 3_600_000.0;
        let outcome = Outcome {
            orders: self.latencies_ms.len(),
            most_replicas: self.most_replicas,
            mean_replicas: self.replica_ms as f64 / now_ms.max(1) as f64,
            replica_hours: hours,
            most_backlog: self.most_backlog,
            // The histogram rounds upwards.
            latency_ms_p50: self.latencies_ms.value_at_quantile(0.5).min(self.slowest_ms),
            latency_ms_p99: self.latencies_ms.value_at_quantile(0.99).min(self.slowest_ms),
            latency_ms_max: self.slowest_ms,
            first_confirmation_ms: self.first_confirmation_ms.unwrap_or(0),
            drained_ms: self.last_confirmation_ms.saturating_sub(self.last_due_ms),
            helped_from_ms: self.helped_from_ms,
            starts_from_zero: self.starts_from_zero,
            redis_limited_ms: self.redis_limited_ms,
            observed_ms: now_ms,
        };
        (outcome, self.story)
    }
}
