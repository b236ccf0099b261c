//! The figures of a run of `versus`: every round of both sides, and what the rounds say together.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::first::FirstConfirmation;
use super::options::Runtime;
use super::sides::Side;
use crate::report::units::{count, digits, time};
use crate::report::{Host, Report, Setting};
use crate::spread::Spread;

/// What `--json` writes.
#[derive(Debug, Serialize)]
pub(crate) struct VersusReport {
    pub(crate) loadtest_version: String,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) settings: Settings,
    pub(crate) figures: Vec<Compared>,
    pub(crate) rounds: Vec<Round>,
    pub(crate) cores: usize,
    pub(crate) host: Host,
}

#[derive(Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) rounds: u32,
    pub(crate) orders: u64,
    pub(crate) prescriptions: f64,
    pub(crate) seed: u64,
    pub(crate) idle_s: f64,
    pub(crate) complexity_threshold: u32,
    pub(crate) runtime: Runtime,
    pub(crate) redis_version: String,
    pub(crate) redis_settings: Vec<Setting>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) first: Side,
    pub(crate) wasm: SideRound,
    pub(crate) conventional: SideRound,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct SideRound {
    #[serde(flatten)]
    pub(crate) first: FirstConfirmation,
    /// Of the idle process, in ms a second.
    pub(crate) idle_cpu_ms_per_s: f64,
    /// Proportional set size of the idle process.
    pub(crate) idle_pss_mib: f64,
    /// Without timeline, samples and histogram.
    pub(crate) burst: Report,
}

/// One figure over all rounds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Compared {
    pub(crate) name: &'static str,
    pub(crate) wasm: Spread,
    /// `None` if it does not apply: the service starts no instances.
    pub(crate) conventional: Option<Spread>,
    /// Wasm to conventional.
    pub(crate) ratio_of_medians: Option<f64>,
    /// The median of the rounds' ratios, each of two neighbouring runs.
    pub(crate) median_of_ratios: Option<f64>,
    #[serde(skip)]
    pub(super) show: fn(f64) -> String,
}

type Row = (&'static str, fn(&SideRound) -> Option<f64>, fn(f64) -> String);

const ROWS: &[Row] = &[
    ("start to ready", |side| Some(side.first.start_to_ready_ms), time),
    ("start to first confirmation", |side| Some(side.first.start_to_first_confirmation_ms), time),
    ("start of an instance, p50", |side| Some(side.burst.instance_start_us?.p50 as f64), us),
    ("start of an instance, p99", |side| Some(side.burst.instance_start_us?.p99 as f64), us),
    ("idle CPU, ms a second", |side| Some(side.idle_cpu_ms_per_s), digits),
    ("idle memory, PSS", |side| Some(side.idle_pss_mib), mib),
    ("burst: orders a second", |side| Some(side.burst.orders_per_s), whole),
    ("burst: all done after", |side| Some(side.burst.total_s * 1e3), time),
    ("CPU for 10,000 orders, app", |side| per_10000(side, side.burst.cpu_s.app?), seconds),
    ("CPU for 10,000 orders, Redis", |side| per_10000(side, side.burst.cpu_s.redis), seconds),
    ("peak memory, app", |side| side.burst.rss_mib.app, mib),
    ("peak memory, Redis", |side| Some(side.burst.rss_mib.redis), mib),
];

fn per_10000(side: &SideRound, cpu_s: f64) -> Option<f64> {
    Some(side.burst.us_per_order(cpu_s)? / 100.0)
}

fn us(figure: f64) -> String {
    format!("{} us", digits(figure))
}

fn mib(figure: f64) -> String {
    format!("{} MiB", digits(figure))
}

fn seconds(figure: f64) -> String {
    format!("{figure:.3} s")
}

fn whole(figure: f64) -> String {
    count(figure.round() as u64)
}

pub(crate) fn compared(rounds: &[Round]) -> Vec<Compared> {
    let row = |(name, of, show): &Row| {
        let wasm = Spread::over(rounds.iter().filter_map(|round| of(&round.wasm)).collect())?;
        let conventional = rounds.iter().filter_map(|round| of(&round.conventional)).collect();
        let conventional = Spread::over(conventional);
        let ratios = rounds.iter().filter_map(|round| {
            of(&round.wasm)
                .zip(of(&round.conventional))
                .and_then(|(wasm, other)| ratio(wasm, other))
        });
        let median_of_ratios = Spread::over(ratios.collect()).map(|spread| spread.median);
        let ratio_of_medians = conventional.and_then(|other| ratio(wasm.median, other.median));
        Some(Compared { name, wasm, conventional, ratio_of_medians, median_of_ratios, show: *show })
    };
    ROWS.iter().filter_map(row).collect()
}

fn ratio(wasm: f64, conventional: f64) -> Option<f64> {
    (conventional > 0.0).then(|| wasm / conventional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::InstanceStartUs;
    use crate::report::tests::a_report;

    fn side(start_to_ready_ms: f64, app_cpu_s: Option<f64>) -> SideRound {
        let mut burst: Report = serde_json::from_value(a_report()).unwrap();
        burst.cpu_s.app = app_cpu_s;
        let first = FirstConfirmation { start_to_ready_ms, start_to_first_confirmation_ms: 1.0 };
        SideRound { first, idle_cpu_ms_per_s: 0.0, idle_pss_mib: 1.0, burst }
    }

    fn round(wasm: SideRound, conventional: SideRound) -> Round {
        Round { number: 1, first: Side::Wasm, wasm, conventional }
    }

    #[test]
    fn the_two_ratios_are_that_of_the_medians_and_the_median_of_those_of_neighbours() {
        let rounds = [
            round(side(10.0, None), side(1.0, None)),
            round(side(20.0, None), side(4.0, None)),
            round(side(30.0, None), side(2.0, None)),
        ];
        let figures = compared(&rounds);
        let ready = figures.iter().find(|figure| figure.name == "start to ready").unwrap();
        assert_eq!((ready.wasm.min, ready.wasm.median, ready.wasm.max), (10.0, 20.0, 30.0));
        let conventional = ready.conventional.unwrap();
        assert_eq!((conventional.median, conventional.runs), (2.0, 3));
        assert_eq!(ready.ratio_of_medians, Some(10.0));
        // 10, 5 and 15.
        assert_eq!(ready.median_of_ratios, Some(10.0));
        let rounds = [rounds[0].clone(), rounds[1].clone()];
        let ready = compared(&rounds).swap_remove(0);
        assert_eq!(ready.ratio_of_medians, Some(15.0 / 2.5));
        assert_eq!(ready.median_of_ratios, Some(7.5));
    }

    #[test]
    fn a_ratio_to_zero_is_none_and_an_unmeasured_figure_has_no_row() {
        let mut wasm = side(1.0, None);
        wasm.burst.instance_start_us = Some(InstanceStartUs { p50: 61, p99: 204 });
        let figures = compared(&[round(wasm, side(1.0, Some(1.0)))]);
        let idle = figures.iter().find(|figure| figure.name.starts_with("idle CPU")).unwrap();
        assert_eq!((idle.ratio_of_medians, idle.median_of_ratios), (None, None));
        assert!(!figures.iter().any(|figure| figure.name == "CPU for 10,000 orders, app"));
        // Only one of the two sides starts instances.
        let start =
            figures.iter().find(|figure| figure.name == "start of an instance, p50").unwrap();
        assert_eq!((start.wasm.median, start.conventional), (61.0, None));
    }
}
