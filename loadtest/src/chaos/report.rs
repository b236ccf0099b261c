//! The figures of a chaos run, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::faults::Kind;
use crate::report::Failures;

/// What `--json` writes. Times are in seconds.
#[derive(Debug, Serialize)]
pub(crate) struct ChaosReport {
    pub(crate) seed: u64,
    pub(crate) faults: u64,
    pub(crate) by_kind: Vec<KindFigures>,
    /// From the end of a fault to the next confirmed order.
    pub(crate) recover_s: P50Max,
    /// From the end of a fault until all orders enqueued before were done.
    pub(crate) caught_up_s: P50Max,
    pub(crate) orders: u64,
    pub(crate) acknowledged: u64,
    /// Orders whose acknowledgement was lost for good: they may exist.
    pub(crate) uncertain: u64,
    /// Of those, orders found in the queue, which the same promise holds for.
    pub(crate) uncertain_found: u64,
    /// Attempts to send an order again after a lost acknowledgement.
    pub(crate) sent_again: u64,
    /// Copies that the queue recognised, by its own count.
    pub(crate) duplicate_deliveries: u64,
    pub(crate) confirmed: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) lost: u64,
    /// Orders that were still in the queue when patience ran out.
    pub(crate) late: u64,
    pub(crate) confirmed_twice: u64,
    pub(crate) wrong: u64,
    pub(crate) failures: Failures,
    /// Rings by ticks: work was waiting without a ring.
    pub(crate) tick_rings: u64,
    /// Processes of the app that ended because they lost Redis, and were started again.
    pub(crate) restarts: u64,
    pub(crate) replicas: u32,
    /// Without verification.
    pub(crate) elapsed_s: f64,
    pub(crate) cores: usize,
    pub(crate) loadtest_version: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct KindFigures {
    pub(crate) kind: Kind,
    pub(crate) faults: u64,
    pub(crate) recover_s: P50Max,
    pub(crate) caught_up_s: P50Max,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct P50Max {
    /// The upper one of two.
    pub(crate) p50: f64,
    pub(crate) max: f64,
}

impl P50Max {
    /// Of times in ms; zeros if there are none.
    pub(crate) fn of(times_ms: impl Iterator<Item = i64>) -> Self {
        let mut times_ms: Vec<i64> = times_ms.collect();
        times_ms.sort_unstable();
        let at = |index: usize| times_ms.get(index).map_or(0.0, |ms| *ms as f64 / 1_000.0);
        Self { p50: at(times_ms.len() / 2), max: at(times_ms.len().saturating_sub(1)) }
    }
}

pub(crate) fn by_kind(
    recovered_ms: &[(Kind, i64)],
    caught_up_ms: &[(Kind, i64)],
) -> Vec<KindFigures> {
    let of = |kind: Kind, times: &[(Kind, i64)]| {
        P50Max::of(times.iter().filter(|(found, _)| *found == kind).map(|(_, ms)| *ms))
    };
    Kind::DECK
        .into_iter()
        .map(|(kind, _)| KindFigures {
            kind,
            faults: recovered_ms.iter().filter(|(found, _)| *found == kind).count() as u64,
            recover_s: of(kind, recovered_ms),
            caught_up_s: of(kind, caught_up_ms),
        })
        .filter(|figures| figures.faults > 0)
        .collect()
}

impl ChaosReport {
    pub(crate) fn is_success(&self) -> bool {
        self.lost == 0 && self.late == 0 && self.confirmed_twice == 0 && self.wrong == 0
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{} faults in {:.0} s with seed {}",
            self.faults, self.elapsed_s, self.seed
        )?;
        writeln!(text)?;
        writeln!(text, "                faults   next confirmed, s       caught up, s")?;
        let row = |text: &mut String, name: &str, faults, recover: P50Max, caught_up: P50Max| {
            let (p50, max) = (recover.p50, recover.max);
            write!(text, "  {name:<14}{faults:>6}   p50 {p50:>6.3}  max {max:>6.3}")?;
            writeln!(text, "   p50 {:>6.3}  max {:>6.3}", caught_up.p50, caught_up.max)
        };
        for figures in &self.by_kind {
            row(
                text,
                figures.kind.as_str(),
                figures.faults,
                figures.recover_s,
                figures.caught_up_s,
            )?;
        }
        row(text, "all", self.faults, self.recover_s, self.caught_up_s)?;
        writeln!(text)?;
        writeln!(
            text,
            "  orders             {} sent, {} acknowledged",
            self.orders, self.acknowledged
        )?;
        writeln!(
            text,
            "  lost answers       {} orders may exist, {} do; {} attempts to send again, {} copies recognised",
            self.uncertain, self.uncertain_found, self.sent_again, self.duplicate_deliveries
        )?;
        writeln!(text, "  ticks              rang {} times", self.tick_rings)?;
        writeln!(text, "  restarts           {} processes that lost Redis", self.restarts)?;
        writeln!(text)?;
        writeln!(text, "  confirmed {}  dead-lettered {}", self.confirmed, self.dead_lettered)?;
        let (lost, late, twice) = (self.lost, self.late, self.confirmed_twice);
        writeln!(
            text,
            "  lost {lost}  late {late}  confirmed twice {twice}  wrong {}",
            self.wrong
        )?;
        writeln!(text)?;
        self.failures.write_text(text, [lost, twice, self.wrong])?;
        let verdict = if self.is_success() {
            "every acknowledged order was found exactly once, as expected"
        } else {
            "FAILED: not every order ended as expected"
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
