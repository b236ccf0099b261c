//! Versus: two sides in turn, so that both meet the same machine in the same minutes. A side is the
//! Wasm components of a manifest, or the always-on service.
//!
//! - [`sides`]: the programs, and how they are started
//! - [`first`]: from no process to the first confirmation
//! - [`report`]: the figures, their medians and ratios
//!
//! Each side of each round has its own private Redis with the same settings. Which side runs first
//! alternates. Every order of every burst is verified, and a round with a bad verdict fails the
//! command.

mod first;
mod report;
mod sides;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum, value_parser};
use orders::pipeline::{SIMPLE, component};
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, MAX_COMPLEXITY_THRESHOLD};
use serde::Serialize;
use supervise::note;

use crate::measure::{AllInstanceStarts, MIB, idle_cpu_ms_per_s, pss_mib, tree};
use crate::options::{Load, parse};
use crate::outcome::Outcome;
use crate::output::{Output, publish};
use crate::report::Timeline;
use crate::run::carry_out;
use crate::stop;
use crate::summary::{cores, host};
use first::Started;
use report::{Compared, Round, Settings, SideRound, VersusReport, rows_of};
use sides::{Side, Sides};

#[derive(Debug, Args)]
#[command(next_help_heading = "Rounds")]
pub(crate) struct VersusOptions {
    /// How many times each side runs.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Orders of the burst of each round.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=10_000_000))]
    orders: u64,
    /// Share of orders with a prescription, 0 to 1; 0 gives the plain orders of the published
    /// reference.
    #[arg(long, default_value_t = 0.3, value_parser = parse::share)]
    prescriptions: f64,
    /// Seed of the orders; both sides of a round get the same ones.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// How long idle CPU time is measured.
    #[arg(long, default_value = "5s", value_parser = parse::duration)]
    idle: Duration,
    /// Gives up a burst after this time without progress.
    #[arg(long, default_value = "30s", value_parser = parse::duration)]
    patience: Duration,
    /// The side that the other is compared with: a manifest, or `conventional` for the always-on
    /// service.
    #[arg(long, value_name = "SIDE", default_value = sides::CONVENTIONAL, help_heading = "Sides")]
    a: String,
    /// The other side.
    #[arg(long, value_name = "SIDE", default_value = "spin.toml", help_heading = "Sides")]
    b: String,
    /// What runs the Wasm components.
    #[arg(long, value_enum, default_value = "local", help_heading = "Sides")]
    runtime: Runtime,
    /// Its program [default: local-runtime beside this program, or spin on the PATH]
    #[arg(long, help_heading = "Sides")]
    runtime_program: Option<PathBuf>,
    /// The always-on service [default: conventional beside this program]
    #[arg(long, help_heading = "Sides")]
    conventional_program: Option<PathBuf>,
    /// Complexity threshold of both sides.
    #[arg(long, default_value_t = DEFAULT_COMPLEXITY_THRESHOLD, help_heading = "Sides",
        value_parser = value_parser!(u32).range(1..=i64::from(MAX_COMPLEXITY_THRESHOLD)))]
    complexity_threshold: u32,
    /// Gives up when a process is not ready, or has not confirmed the waiting order, after this time.
    #[arg(long, default_value = "3m", value_parser = parse::duration, help_heading = "Sides")]
    start_limit: Duration,
    /// Writes the report to this file as JSON.
    #[arg(long, help_heading = "Report")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}

/// Between the first confirmation and the measurement of the idle process, so that the start is
/// over.
const SETTLE: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &VersusOptions) -> Result<Outcome> {
    let sides = [("--a", Some(Path::new(&options.a))), ("--b", Some(Path::new(&options.b)))];
    let json = Output::create(options.json.as_deref(), "--json", &sides)?;
    stop::listen(None)?;
    let Some(report) = versus(options)? else { return Ok(Outcome::Bad) };
    publish(&report.to_text(), || json.map_or(Ok(()), |json| json.write_json(&report)))?;
    Ok(if stop::asked() > 0 { Outcome::Interrupted } else { Outcome::Good })
}

/// `None` after a burst in which an order did not end as expected; its report is printed instead.
fn versus(options: &VersusOptions) -> Result<Option<VersusReport>> {
    let sides = Sides::find(options)?;
    let started_at = SystemTime::now().into();
    // Components are compiled and files read before anything is measured.
    for side in &sides.pair {
        let what = format!("first start of {}", side.name);
        note(&what);
        Started::new(&sides, side).context(what)?;
    }
    let mut rounds: Vec<Round> = Vec::new();
    'rounds: for number in 1..=options.rounds {
        note(format_args!("round {number} of {}", options.rounds));
        // Slow changes of the machine must not always affect the same side.
        let order = if number % 2 == 1 { [0, 1] } else { [1, 0] };
        let mut measured = [None, None];
        for index in order {
            let side = &sides.pair[index];
            let round = format!("round {number} of {}", side.name);
            let figures = one_side(&sides, side, number);
            if figures.is_err() && stop::asked() > 0 && !rounds.is_empty() {
                note(format_args!("interrupted after round {}", rounds.len()));
                break 'rounds;
            }
            let mut figures = figures.with_context(|| round.clone())?;
            if !figures.burst.is_success() || figures.burst.confirmed != options.orders {
                // Its figures mean nothing.
                publish(&figures.burst.to_text(), || Ok(()))?;
                let why = "not every order ended as expected, so there are no figures";
                note(format_args!("{round}: {why}"));
                return Ok(None);
            }
            figures.burst.timeline = Timeline::default();
            figures.burst.samples.clear();
            figures.burst.latency_histogram.clear();
            measured[index] = Some(figures);
        }
        let [Some(a), Some(b)] = measured else { unreachable!("both have run") };
        rounds.push(Round { first: ["a", "b"][order[0]], a, b });
    }
    let burst = &rounds.first().context("--rounds: there was none")?.a.burst;
    let [a, b] = sides.pair.each_ref().map(|side| side.name.clone());
    let settings = Settings {
        a,
        b,
        rounds: rounds.len() as u32,
        orders: options.orders,
        prescriptions: options.prescriptions,
        seed: options.seed,
        idle_s: options.idle.as_secs_f64(),
        complexity_threshold: options.complexity_threshold,
        runtime: options.runtime,
        redis_version: burst.redis_version.clone(),
        redis_settings: burst.redis_settings.clone(),
    };
    Ok(Some(VersusReport {
        loadtest_version: env!("CARGO_PKG_VERSION"),
        started_at,
        settings,
        figures: rows_of(&rounds).iter().map(Compared::of).collect(),
        rounds,
        cores: cores(),
        host: host(),
    }))
}

fn one_side(sides: &Sides, side: &Side, number: u32) -> Result<SideRound> {
    let options = sides.options;
    let started = Started::new(sides, side)?;
    stop::sleep(SETTLE)?;
    let processes = tree(started.app.pid())?;
    let idle_cpu_ms_per_s = idle_cpu_ms_per_s(&processes, options.idle)?;
    let idle_pss_mib = pss_mib(&processes)?;
    let starts_url = (side.is_wasm() && options.runtime == Runtime::Local)
        .then(|| started.app.endpoint().url())
        .flatten()
        .map(|url| AllInstanceStarts::url(&url));
    let burst = carry_out(&burst(options, &started, starts_url.as_deref(), number)?)?;
    let starts = starts_url.map(|url| AllInstanceStarts::get(&url)).transpose()?;
    let receiver = starts.and_then(|starts| starts.components.get(component(SIMPLE)).copied());
    stop::check()?;
    Ok(SideRound {
        first: started.first,
        idle_cpu_ms_per_s,
        idle_pss_mib,
        files_mib: side.files_bytes as f64 / MIB,
        receiver_simple_starts: receiver,
        burst,
    })
}

/// The burst of a round: the same orders for both sides.
fn burst(
    options: &VersusOptions,
    started: &Started,
    starts_url: Option<&str>,
    number: u32,
) -> Result<Load> {
    let mut flags = vec![
        ("--orders", options.orders.to_string()),
        ("--seed", options.seed.to_string()),
        ("--prescriptions", options.prescriptions.to_string()),
        ("--run", number.to_string()),
        ("--redis-url", started.server.url()),
        ("--complexity-threshold", options.complexity_threshold.to_string()),
        ("--patience", humantime::format_duration(options.patience).to_string()),
        ("--app-pid", started.app.pid().to_string()),
    ];
    if let Some(url) = starts_url {
        flags.push(("--instance-starts-url", url.to_owned()));
    }
    let flags = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
    Ok(Load::parse(std::iter::once("burst".to_owned()).chain(flags))?)
}
