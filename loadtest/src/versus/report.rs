//! The figures of a run of `versus`: every round of both sides, and the figures over all rounds.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Runtime;
use super::first::FirstConfirmation;
use super::sides::CONVENTIONAL;
use crate::figures::Better::Lower;
use crate::figures::{FIGURES, Figure, Row, Spread, figure, noise, rows, table, us};
use crate::measure::InstanceStarts;
use crate::report::text::wrapped;
use crate::report::units::{counted, digits, mib, orders, time};
use crate::report::{Host, Report, Setting};

/// What `--json` writes.
#[derive(Debug, Serialize)]
pub(super) struct VersusReport {
    pub(super) loadtest_version: &'static str,
    pub(super) started_at: DateTime<Utc>,
    pub(super) settings: Settings,
    pub(super) figures: Vec<Compared>,
    pub(super) rounds: Vec<Round>,
    pub(super) cores: usize,
    pub(super) host: Host,
}

#[derive(Debug, Serialize)]
pub(super) struct Settings {
    pub(super) a: String,
    pub(super) b: String,
    pub(super) rounds: u32,
    pub(super) orders: u64,
    pub(super) prescriptions: f64,
    pub(super) seed: u64,
    pub(super) idle_s: f64,
    pub(super) complexity_threshold: u32,
    pub(super) runtime: Runtime,
    pub(super) redis_version: String,
    pub(super) redis_settings: Vec<Setting>,
}

#[derive(Debug, Serialize)]
pub(super) struct Round {
    /// `a` or `b`.
    pub(super) first: &'static str,
    pub(super) a: SideRound,
    pub(super) b: SideRound,
}

#[derive(Debug, Serialize)]
pub(super) struct SideRound {
    #[serde(flatten)]
    pub(super) first: FirstConfirmation,
    /// Of the idle process, in ms a second.
    pub(super) idle_cpu_ms_per_s: f64,
    /// Proportional set size of the idle process.
    pub(super) idle_pss_mib: f64,
    pub(super) files_mib: f64,
    /// Within the burst, where the runtime reports it.
    pub(super) receiver_simple_starts: Option<InstanceStarts>,
    /// Without timeline, samples and histogram.
    pub(super) burst: Report,
}

/// One figure over all rounds.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    key: &'static str,
    name: &'static str,
    a: Option<Spread>,
    b: Option<Spread>,
    /// Median of b divided by the median of a.
    ratio: Option<f64>,
}

const OF_SIDES: [Figure<SideRound>; 7] = [
    figure("ready", "start to ready", Lower, |s| Some(s.first.start_to_ready_ms), time),
    figure(
        "first",
        "start to first confirmed",
        Lower,
        |s| Some(s.first.start_to_first_confirmation_ms),
        time,
    ),
    figure("idle_cpu", "idle CPU, ms a second", Lower, |s| Some(s.idle_cpu_ms_per_s), digits),
    figure("idle_memory", "idle memory, PSS", Lower, |s| Some(s.idle_pss_mib), mib),
    figure("files", "size of its files", Lower, |s| Some(s.files_mib), mib),
    figure("receiver_start_p50", "receiver-simple start, p50", Lower, start_p50, us),
    figure("receiver_start_p99", "receiver-simple start, p99", Lower, start_p99, us),
];

fn start_p50(side: &SideRound) -> Option<f64> {
    Some(side.receiver_simple_starts?.p50_us as f64)
}

fn start_p99(side: &SideRound) -> Option<f64> {
    Some(side.receiver_simple_starts?.p99_us as f64)
}

pub(super) fn rows_of(rounds: &[Round]) -> Vec<Row> {
    let sides: [fn(&Round) -> &SideRound; 2] = [|round| &round.a, |round| &round.b];
    let sides = sides.map(|side| rounds.iter().map(side).collect::<Vec<_>>());
    let bursts =
        sides.each_ref().map(|runs| runs.iter().map(|side| &side.burst).collect::<Vec<_>>());
    rows(&OF_SIDES, &sides).into_iter().chain(rows(FIGURES, &bursts)).collect()
}

impl Compared {
    pub(super) fn of(row: &Row) -> Self {
        let [a, b] = [row.spreads[0], row.spreads[1]];
        Self { key: row.key, name: row.name, a, b, ratio: row.ratio(1) }
    }
}

impl VersusReport {
    pub(super) fn to_text(&self) -> String {
        let Self { settings, host, cores, .. } = self;
        let runtime = if settings.runtime == Runtime::Spin { "spin" } else { "local-runtime" };
        let redis = settings.redis_settings.iter();
        let redis = redis.map(|setting| format!("{} {}", setting.name, setting.value));
        let head = [
            format!(
                "{} and {}, Wasm on {runtime}, one process each, in turn: {} of {} \
                 (seed {}, {} with a prescription), each side on a fresh Redis {}",
                settings.a,
                settings.b,
                counted(settings.rounds.into(), "round"),
                orders(settings.orders),
                settings.seed,
                settings.prescriptions,
                settings.redis_version
            ),
            format!("Redis: {}", redis.collect::<Vec<_>>().join(", ")),
            format!("{cores} cores, {}, {}", host.cpu, host.kernel),
        ];
        let mut text: String = head.iter().map(|words| wrapped("", "", words)).collect();
        let rows = rows_of(&self.rounds);
        text += "\n";
        text += &table(&rows, &[settings.a.clone(), settings.b.clone()], &[1]);
        text += "\n";
        text += &self.words(&rows);
        text + "\nevery order of every round was found exactly once, as expected\n"
    }

    fn words(&self, rows: &[Row]) -> String {
        let mut text = String::new();
        let mut say = |words: &str| text += &wrapped("- ", "  ", words);
        let noise = noise(rows, 1);
        if !noise.is_empty() {
            let why = "With so few rounds, or because the rounds of both sides overlap";
            say(&format!("{why}, these differences may be noise: {noise}."));
        }
        if [&self.settings.a, &self.settings.b].iter().any(|name| *name == CONVENTIONAL) {
            say(
                "The service has no HTTP and no sandbox; the Wasm side answers HTTP and starts an \
                 instance for each event.",
            );
        }
        say(
            "CPU time and memory of the app are what a side costs. Orders a second are not: both sides \
             wait for a Redis that shares this machine with them and with the sender.",
        );
        say(
            "The start of an instance is a fresh sandbox in a running process, from the event to the \
             call. A cluster adds scheduling, images and pods to the start of a process.",
        );
        say("Neither ran in a container or a cluster.");
        if self.settings.runtime == Runtime::Local {
            say(
                "The runtime is local-runtime, not Spin. Spin 4.0.2 took 1.6 times the app CPU of \
                 local-runtime for the same burst.",
            );
        }
        text
    }
}

#[cfg(test)]
mod tests;
