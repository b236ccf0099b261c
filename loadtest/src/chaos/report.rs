//! The figures of a chaos run, as text and as JSON.

use serde::Serialize;

use super::books::Account;
use super::faults::Kind;
use crate::figures::Spread;

/// What `--json` writes. Times are in seconds.
#[derive(Debug, Serialize)]
pub(crate) struct ChaosReport {
    /// By a signal: orders that were still in the queue then are late.
    pub(crate) interrupted: bool,
    pub(crate) seed: u64,
    pub(crate) faults: u64,
    pub(crate) by_kind: Vec<KindFigures>,
    /// From the end of a fault to the next confirmed order.
    pub(crate) recover_s: Option<Spread>,
    #[serde(flatten)]
    pub(crate) account: Account,
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
    pub(crate) recover_s: Spread,
}

/// Of times in ms; `None` without any.
pub(crate) fn seconds(times_ms: impl Iterator<Item = i64>) -> Option<Spread> {
    Spread::over(times_ms.map(|ms| ms as f64 / 1e3).collect())
}

pub(crate) fn by_kind(recovered_ms: &[(Kind, i64)]) -> Vec<KindFigures> {
    let figures = Kind::DECK.into_iter().filter_map(|(kind, _)| {
        let of_kind = recovered_ms.iter().filter(|(found, _)| *found == kind);
        Some(KindFigures { kind, recover_s: seconds(of_kind.map(|(_, ms)| *ms))? })
    });
    figures.collect()
}

impl ChaosReport {
    pub(crate) fn is_success(&self) -> bool {
        let Account { lost, late, confirmed_twice, wrong, .. } = self.account;
        lost + confirmed_twice + wrong == 0 && (late == 0 || self.interrupted)
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text =
            format!("{} faults in {:.0} s with seed {}\n", self.faults, self.elapsed_s, self.seed);
        text += if self.interrupted { "interrupted\n\n" } else { "\n" };
        text += "                faults   next order confirmed after\n";
        let kinds = self.by_kind.iter().map(|one| (one.kind.into(), one.recover_s));
        for (name, Spread { median, max, runs, .. }) in
            kinds.chain(self.recover_s.map(|all| ("all", all)))
        {
            text += &format!("  {name:<14}{runs:>6}   median {median:.3} s  max {max:.3} s\n");
        }
        let Self { account, tick_rings, restarts, .. } = self;
        let Account { orders, acknowledged, uncertain, uncertain_found, sent_again, .. } = account;
        let Account { duplicate_deliveries, confirmed, dead_lettered, .. } = account;
        let Account { lost, late, confirmed_twice, wrong, failures, .. } = account;
        text += &format!(
            "
  orders             {orders} sent, {acknowledged} acknowledged
  lost answers       {uncertain} orders may exist, {uncertain_found} do
  copies             {sent_again} tries to send again, {duplicate_deliveries} recognised
  ticks              rang {tick_rings} times
  restarts           {restarts} processes that lost Redis

  confirmed {confirmed}  dead-lettered {dead_lettered}
  lost {lost}  late {late}  confirmed twice {confirmed_twice}  wrong {wrong}

"
        );
        text += &failures.to_text([*lost, *confirmed_twice, *wrong]);
        text + if !self.is_success() {
            "FAILED: not every order ended as expected\n"
        } else if *late > 0 {
            "every order that had left the queue was found exactly once, as expected\n"
        } else {
            "every acknowledged order was found exactly once, as expected\n"
        }
    }
}
