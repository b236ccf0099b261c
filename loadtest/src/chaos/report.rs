//! The figures of a chaos run, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::faults::Kind;
use crate::report::Failures;

/// The report. Its JSON form is what `--json` writes.
#[derive(Debug, Serialize)]
pub struct ChaosReport {
    /// Seed of faults and orders.
    pub seed: u64,
    /// Faults struck, of all kinds.
    pub kills: u64,
    /// The same by kind, with the times to recover.
    pub by_kind: Vec<KindFigures>,
    /// From the end of a fault to the next confirmed order.
    pub recover_s: P50Max,
    /// From the end of a fault until all that had been enqueued by then was done.
    pub caught_up_s: P50Max,
    /// Orders sent.
    pub orders: u64,
    /// Orders whose acknowledgement was received.
    pub acknowledged: u64,
    /// Orders whose acknowledgement was lost for good: they may exist.
    pub uncertain: u64,
    /// Of those, found in the queue, and held to the same promise.
    pub uncertain_found: u64,
    /// Attempts to send an order once more because an acknowledgement was lost.
    pub sent_again: u64,
    /// Of those, copies that arrived beside the first and were recognised, by the queue's own
    /// count.
    pub duplicates: u64,
    /// Orders with the confirmation they must have.
    pub confirmed: u64,
    /// Broken orders with the dead letter they must have.
    pub dead_lettered: u64,
    /// Orders found nowhere.
    pub lost: u64,
    /// Orders found more than once.
    pub doubled: u64,
    /// Orders with another fate or confirmation than they must have.
    pub wrong: u64,
    /// The orders behind `lost`, `doubled` and `wrong`.
    pub failures: Failures,
    /// Bells that the metronome rang: work was waiting and nobody had been rung for it.
    pub metronome_rings: u64,
    /// Processes of the app that ended because they lost Redis, and were started again.
    pub restarts: u64,
    /// Processes of each worker.
    pub replicas: u32,
    /// How long the run took, verification excluded.
    pub elapsed_s: f64,
    /// Processors of this machine.
    pub cores: usize,
    /// Version of loadtest.
    pub loadtest_version: &'static str,
}

/// One kind of fault.
#[derive(Debug, Serialize)]
pub struct KindFigures {
    /// Which.
    pub kind: Kind,
    /// How often it struck.
    pub kills: u64,
    /// As in [`ChaosReport`].
    pub recover_s: P50Max,
    /// As in [`ChaosReport`].
    pub caught_up_s: P50Max,
}

/// Median and maximum in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct P50Max {
    /// Median, the upper one of two.
    pub p50: f64,
    /// The longest.
    pub max: f64,
}

impl P50Max {
    /// Of times in ms; zeros where there is none.
    pub fn of(times_ms: impl Iterator<Item = i64>) -> Self {
        let mut times_ms: Vec<i64> = times_ms.collect();
        times_ms.sort_unstable();
        let at = |index: usize| times_ms.get(index).map_or(0.0, |ms| *ms as f64 / 1_000.0);
        Self { p50: at(times_ms.len() / 2), max: at(times_ms.len().saturating_sub(1)) }
    }
}

/// The figures of each kind that struck.
pub fn by_kind(recovered_ms: &[(Kind, i64)], caught_up_ms: &[(Kind, i64)]) -> Vec<KindFigures> {
    let of = |kind: Kind, times: &[(Kind, i64)]| {
        P50Max::of(times.iter().filter(|(found, _)| *found == kind).map(|(_, ms)| *ms))
    };
    Kind::DECK
        .into_iter()
        .map(|(kind, _)| KindFigures {
            kind,
            kills: recovered_ms.iter().filter(|(found, _)| *found == kind).count() as u64,
            recover_s: of(kind, recovered_ms),
            caught_up_s: of(kind, caught_up_ms),
        })
        .filter(|figures| figures.kills > 0)
        .collect()
}

impl ChaosReport {
    /// Whether every order is where it must be.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong == 0
    }

    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "{} kills in {:.0} s with seed {}", self.kills, self.elapsed_s, self.seed)?;
        writeln!(text)?;
        writeln!(text, "                 kills   next confirmed, s       caught up, s")?;
        let row = |text: &mut String, name: &str, kills, recover: P50Max, caught_up: P50Max| {
            let (p50, max) = (recover.p50, recover.max);
            write!(text, "  {name:<14}{kills:>6}   p50 {p50:>6.3}  max {max:>6.3}")?;
            writeln!(text, "   p50 {:>6.3}  max {:>6.3}", caught_up.p50, caught_up.max)
        };
        for figures in &self.by_kind {
            row(
                text,
                figures.kind.as_str(),
                figures.kills,
                figures.recover_s,
                figures.caught_up_s,
            )?;
        }
        row(text, "all", self.kills, self.recover_s, self.caught_up_s)?;
        writeln!(text)?;
        writeln!(
            text,
            "  orders             {} sent, {} acknowledged",
            self.orders, self.acknowledged
        )?;
        writeln!(
            text,
            "  lost answers       {} orders may exist, {} do; {} tries to send again, {} copies recognised",
            self.uncertain, self.uncertain_found, self.sent_again, self.duplicates
        )?;
        writeln!(text, "  metronome          had to ring {} times", self.metronome_rings)?;
        writeln!(text, "  restarts           {} processes that had lost Redis", self.restarts)?;
        writeln!(text)?;
        writeln!(text, "  confirmed {}  dead-lettered {}", self.confirmed, self.dead_lettered)?;
        writeln!(text, "  lost {}  doubled {}  wrong {}", self.lost, self.doubled, self.wrong)?;
        writeln!(text)?;
        self.failures.write_text(text)?;
        let verdict = if self.is_clean() {
            "every acknowledged order was found exactly once, as it must be"
        } else {
            "FAILED: not every order is where it must be"
        };
        writeln!(text, "{verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_maximum_are_those_of_the_sorted_times() {
        assert_eq!(P50Max::of([].into_iter()), P50Max { p50: 0.0, max: 0.0 });
        assert_eq!(P50Max::of([250].into_iter()), P50Max { p50: 0.25, max: 0.25 });
        assert_eq!(P50Max::of([3_000, 1_000, 2_000].into_iter()), P50Max { p50: 2.0, max: 3.0 });
    }
}
