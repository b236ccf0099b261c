//! The figures of a run of `versus`: every round of both sides, and what the rounds say together.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::options::Runtime;
use super::sides::{Artifact, Side};
use crate::compare::Spread;
use crate::measure::Memory;
use crate::report::units::{count, digits, time};
use crate::report::{AppAndRedis, Host, InstanceStartUs, Report, Setting};

/// The report. Its JSON form is what `--json` writes.
#[derive(Debug, Serialize)]
pub struct VersusReport {
    /// Version of loadtest.
    pub loadtest_version: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// What was asked for, and the Redis that both had.
    pub settings: Settings,
    /// Medians and ratios.
    pub figures: Vec<Compared>,
    /// What is shipped, and how large it is.
    pub artifacts: Vec<Artifact>,
    /// Every round.
    pub rounds: Vec<Round>,
    /// Processors of this machine.
    pub cores: usize,
    /// This machine.
    pub host: Host,
}

/// What was asked for, and the Redis that both had.
#[derive(Debug, Serialize)]
pub struct Settings {
    /// How often each side ran.
    pub rounds: u32,
    /// Orders of a burst.
    pub orders: u64,
    /// Share of orders with a prescription.
    pub prescriptions: f64,
    /// Seed of the orders.
    pub seed: u64,
    /// How long idle CPU time was measured.
    pub idle_s: u64,
    /// Score from which an order is complex.
    pub complexity_threshold: u32,
    /// What ran the Wasm components.
    pub runtime: Runtime,
    /// Version of Redis.
    pub redis_version: String,
    /// Its settings that decide what a figure means.
    pub redis_settings: Vec<Setting>,
}

/// Both sides, one after the other.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Its number, from 1.
    pub number: u32,
    /// Which side ran first.
    pub first: Side,
    /// The components.
    pub wasm: SideRound,
    /// The service.
    pub conventional: SideRound,
}

/// One side of a round.
#[derive(Debug, Clone, Serialize)]
pub struct SideRound {
    /// From the start of the process until it said that it is ready.
    pub start_to_ready_ms: f64,
    /// From the start of the process to the confirmation of an order that waited.
    pub start_to_first_confirmation_ms: f64,
    /// CPU time of the idle process, in ms for each second.
    pub idle_cpu_ms_per_s: f64,
    /// Memory of the idle process.
    pub idle_memory: Memory,
    /// The burst.
    pub burst: BurstFigures,
}

/// A burst, every order of which was found as it must be.
#[derive(Debug, Clone, Serialize)]
pub struct BurstFigures {
    /// Orders confirmed: all that were sent.
    pub confirmed: u64,
    /// Seconds from release to the last confirmation.
    pub total_s: f64,
    /// Orders by `total_s`.
    pub orders_per_s: f64,
    /// CPU seconds for 10,000 orders.
    pub cpu_s_per_10000_orders: AppAndRedis,
    /// The most resident memory in MiB.
    pub peak_memory_mib: AppAndRedis,
    /// Instances started; none where nobody tells.
    pub instance_starts: Option<u64>,
    /// How long they took; none where nobody tells.
    pub instance_start_us: Option<InstanceStartUs>,
}

impl BurstFigures {
    /// Of a report.
    pub fn of(report: &Report) -> Self {
        let per_10000 = |cpu_s: f64| cpu_s * 10_000.0 / report.orders.max(1) as f64;
        Self {
            confirmed: report.confirmed,
            total_s: report.total_s,
            orders_per_s: report.orders_per_s,
            cpu_s_per_10000_orders: AppAndRedis {
                app: report.cpu_s.app.map(per_10000),
                redis: per_10000(report.cpu_s.redis),
            },
            peak_memory_mib: report.rss_mib,
            instance_starts: report.instance_starts,
            instance_start_us: report.instance_start_us,
        }
    }
}

/// One figure of both sides over all rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What it is.
    pub name: &'static str,
    /// Over the rounds of the components.
    pub wasm: Spread,
    /// Over the rounds of the service.
    pub conventional: Spread,
    /// The median of the components by that of the service; none by nothing.
    pub ratio_of_medians: Option<f64>,
    /// The median of the rounds' ratios, each of two runs that were neighbours; none by nothing.
    pub median_of_ratios: Option<f64>,
    #[serde(skip)]
    pub(super) show: fn(f64) -> String,
}

type Row = (&'static str, fn(&SideRound) -> Option<f64>, fn(f64) -> String);

/// All figures, in the order of the table.
const ROWS: &[Row] = &[
    ("start to ready", |side| Some(side.start_to_ready_ms), time),
    ("start to first confirmation", |side| Some(side.start_to_first_confirmation_ms), time),
    ("idle CPU, ms a second", |side| Some(side.idle_cpu_ms_per_s), digits),
    ("idle memory, PSS", |side| Some(side.idle_memory.pss_mib), mib),
    ("idle memory, RSS", |side| Some(side.idle_memory.rss_mib), mib),
    ("burst: orders a second", |side| Some(side.burst.orders_per_s), whole),
    ("burst: all done after", |side| Some(side.burst.total_s * 1e3), time),
    ("CPU for 10,000 orders, app", |side| side.burst.cpu_s_per_10000_orders.app, seconds),
    ("CPU for 10,000 orders, Redis", |side| Some(side.burst.cpu_s_per_10000_orders.redis), seconds),
    ("peak memory, app", |side| side.burst.peak_memory_mib.app, mib),
    ("peak memory, Redis", |side| Some(side.burst.peak_memory_mib.redis), mib),
];

fn mib(figure: f64) -> String {
    format!("{} MiB", digits(figure))
}

fn seconds(figure: f64) -> String {
    format!("{figure:.3} s")
}

fn whole(figure: f64) -> String {
    count(figure.round() as u64)
}

/// Medians and ratios of the rounds.
pub fn compared(rounds: &[Round]) -> Vec<Compared> {
    let row = |(name, of, show): &Row| {
        let pairs = rounds.iter().filter_map(|round| of(&round.wasm).zip(of(&round.conventional)));
        let (wasm, conventional): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let ratios =
            wasm.iter().zip(&conventional).filter_map(|(wasm, other)| ratio(*wasm, *other));
        let median_of_ratios = Spread::over(ratios.collect()).map(|spread| spread.median);
        let (wasm, conventional) = (Spread::over(wasm)?, Spread::over(conventional)?);
        let ratio_of_medians = ratio(wasm.median, conventional.median);
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

    fn side(start_to_ready_ms: f64, app_cpu_s: Option<f64>) -> SideRound {
        let app_and_redis = |app| AppAndRedis { app, redis: 1.0 };
        SideRound {
            start_to_ready_ms,
            start_to_first_confirmation_ms: 1.0,
            idle_cpu_ms_per_s: 0.0,
            idle_memory: Memory { rss_mib: 2.0, pss_mib: 1.0 },
            burst: BurstFigures {
                confirmed: 1,
                total_s: 1.0,
                orders_per_s: 1.0,
                cpu_s_per_10000_orders: app_and_redis(app_cpu_s),
                peak_memory_mib: app_and_redis(Some(1.0)),
                instance_starts: None,
                instance_start_us: None,
            },
        }
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
        assert_eq!((ready.wasm.least, ready.wasm.median, ready.wasm.most), (10.0, 20.0, 30.0));
        assert_eq!((ready.conventional.median, ready.conventional.runs), (2.0, 3));
        assert_eq!(ready.ratio_of_medians, Some(10.0));
        // 10, 5 and 15.
        assert_eq!(ready.median_of_ratios, Some(10.0));
        let rounds = [rounds[0].clone(), rounds[1].clone()];
        let ready = compared(&rounds).swap_remove(0);
        assert_eq!(ready.ratio_of_medians, Some(15.0 / 2.5));
        assert_eq!(ready.median_of_ratios, Some(7.5));
    }

    #[test]
    fn nothing_is_not_divided_by_and_what_was_not_measured_has_no_row() {
        let figures = compared(&[round(side(1.0, None), side(1.0, Some(1.0)))]);
        let idle = figures.iter().find(|figure| figure.name.starts_with("idle CPU")).unwrap();
        assert_eq!((idle.ratio_of_medians, idle.median_of_ratios), (None, None));
        assert!(!figures.iter().any(|figure| figure.name == "CPU for 10,000 orders, app"));
    }
}
