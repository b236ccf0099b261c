//! What a run has come to.

use hdrhistogram::Histogram;

use crate::report::{Failures, NotTaken};
use crate::timeline::{Recorder, histogram};

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// Orders that were sent, taken or not.
    pub sent: u64,
    /// Orders with the confirmation they must have.
    pub confirmed: u64,
    /// Dead letters with the code they must have.
    pub dead_lettered: u64,
    /// Orders refused at the door with the code they must have.
    pub refused: u64,
    /// Orders that were not taken in, by answer.
    pub not_taken: Vec<NotTaken>,
    /// Copies of an order beyond its first; each is counted, none is confirmed again.
    pub duplicates: u64,
    /// Orders found nowhere among the results.
    pub lost: u64,
    /// Of those, orders that the queue still has: they wait, or are under way.
    pub unfinished: u64,
    /// Orders found more than once.
    pub doubled: u64,
    /// Orders with another fate, lane or confirmation than they must have.
    pub wrong: u64,
    /// The orders behind these three, a limited number.
    pub failures: Failures,
    /// Confirmed by the simple and by the complex lane.
    pub lanes: [u64; 2],
    /// From due to confirmed, in microseconds.
    pub latency_us: Histogram<u64>,
    /// From ingress to confirmed, in microseconds, in steps of 1 ms.
    pub queue_latency_us: Histogram<u64>,
    /// From due to acknowledged by the queue, in microseconds.
    pub send_latency_us: Histogram<u64>,
    /// When the last order was acknowledged, in microseconds since the release.
    pub last_acknowledged_us: u64,
    /// When the last confirmation or dead letter was written, in Unix ms by the clock of Redis.
    pub last_done_at_ms: Option<u64>,
    /// What happened when.
    pub recorder: Recorder,
}

impl Default for Verdict {
    fn default() -> Self {
        Self {
            sent: 0,
            confirmed: 0,
            dead_lettered: 0,
            refused: 0,
            not_taken: Vec::new(),
            duplicates: 0,
            lost: 0,
            unfinished: 0,
            doubled: 0,
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
    /// Whether every order is where it must be.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong == 0
    }
}
