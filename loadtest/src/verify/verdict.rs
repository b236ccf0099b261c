//! Totals of a run.

use hdrhistogram::Histogram;

use crate::report::{Failures, Rejected};
use crate::timeline::{Recorder, histogram};

#[derive(Debug)]
pub(crate) struct Verdict {
    /// Accepted or not.
    pub(crate) sent: u64,
    pub(crate) confirmed: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) refused: u64,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) duplicate_deliveries: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) confirmed_twice: u64,
    pub(crate) wrong: u64,
    pub(crate) failures: Failures,
    /// Confirmed by the simple and by the complex lane.
    pub(crate) lanes: [u64; 2],
    /// From due to confirmed.
    pub(crate) latency_us: Histogram<u64>,
    /// From ingress to confirmed, in steps of 1 ms.
    pub(crate) queue_latency_us: Histogram<u64>,
    /// From due to acknowledged.
    pub(crate) send_latency_us: Histogram<u64>,
    /// Since the release.
    pub(crate) last_acknowledged_us: u64,
    /// When the last confirmation or dead letter was written, in Unix ms by the clock of Redis.
    pub(crate) last_done_at_ms: Option<u64>,
    pub(crate) recorder: Recorder,
}

impl Default for Verdict {
    fn default() -> Self {
        Self {
            sent: 0,
            confirmed: 0,
            dead_lettered: 0,
            refused: 0,
            rejected: Vec::new(),
            duplicate_deliveries: 0,
            lost: 0,
            late: 0,
            confirmed_twice: 0,
            wrong: 0,
            failures: Failures::default(),
            lanes: [0; 2],
            latency_us: histogram(),
            queue_latency_us: histogram(),
            send_latency_us: histogram(),
            last_acknowledged_us: 0,
            last_done_at_ms: None,
            recorder: Recorder::default(),
        }
    }
}

impl Verdict {
    /// Whether no order is lost, confirmed twice or wrong.
    #[cfg(test)]
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.confirmed_twice == 0 && self.wrong == 0
    }
}
