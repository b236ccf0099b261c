//! Versus: the Wasm components and the always-on service in turn, so that both meet the same
//! machine in the same minutes.
//!
//! - [`options`]: the command line
//! - [`sides`]: the programs, and how they are started
//! - [`first`]: from no process to the first confirmation
//! - [`report`], [`text`]: the figures, their medians and ratios
//!
//! Each side of each round has its own private Redis with the same settings. Which side runs first
//! alternates. Every order of every burst is verified, and a round that is not clean fails the
//! command.

mod first;
mod options;
mod report;
mod sides;
mod text;

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use native::RedisConnection;
use private_redis::RedisServer;
use queue::QueueName;

use crate::app::App;
use crate::measure::{self, InstanceStarts, idle_cpu_ms_per_s, pss_mib};
use crate::options::{BurstOptions, Generated, Load, Recipe, Results, Target};
use crate::outcome::Outcome;
use crate::output::{Output, publish};
use crate::report::{Door, Report, Timeline};
use crate::run::carry_out;
use crate::stop;
use crate::summary::{cores, host};
use first::first_confirmation;
use options::Runtime;
pub(crate) use options::VersusOptions;
use report::{Round, Settings, SideRound, VersusReport};
use sides::{Side, Sides};

/// Between the first confirmation and the measurement of the idle process, so that the start is
/// over.
const SETTLE: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &VersusOptions) -> Result<Outcome> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    stop::listen()?;
    match versus(options)? {
        Ended::Measured(report) => {
            publish(&report.to_text(), || json.map_or(Ok(()), |json| json.write_json(&report)))?;
            Ok(Outcome::Good)
        }
        // Figures of such a burst count for nothing.
        Ended::NotClean { round, burst } => {
            print!("{}", burst.to_text());
            eprintln!("{round}: a burst that is not clean counts for nothing");
            Ok(Outcome::Bad)
        }
    }
}

enum Ended {
    Measured(Box<VersusReport>),
    NotClean { round: String, burst: Box<Report> },
}

fn versus(options: &VersusOptions) -> Result<Ended> {
    let sides = Sides::find(&options.sides)?;
    let started_at = SystemTime::now().into();
    // Components are compiled and files read before anything is measured.
    warm_up(options, &sides)?;
    let mut rounds: Vec<Round> = Vec::new();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        // Slow changes of the machine must not always meet the same side.
        let order = if number % 2 == 1 { Side::ALL } else { [Side::Conventional, Side::Wasm] };
        let mut measured = Vec::new();
        for side in order {
            let round = format!("round {number} of {}", side.name());
            let mut figures =
                one_side(options, &sides, side, number).with_context(|| round.clone())?;
            if !figures.burst.is_success() || figures.burst.confirmed != options.orders {
                return Ok(Ended::NotClean { round, burst: Box::new(figures.burst) });
            }
            figures.burst.timeline = Timeline::default();
            figures.burst.samples.clear();
            figures.burst.latency_histogram.clear();
            measured.push(figures);
        }
        if order[0] != Side::Wasm {
            measured.reverse();
        }
        let conventional = measured.pop().context("two sides were measured")?;
        let wasm = measured.pop().context("two sides were measured")?;
        rounds.push(Round { number, first: order[0], wasm, conventional });
    }
    let burst = &rounds.first().context("--rounds: there was none")?.wasm.burst;
    let settings = Settings {
        rounds: options.rounds,
        orders: options.orders,
        prescriptions: options.prescriptions,
        seed: options.seed,
        idle_s: options.idle.as_secs_f64(),
        complexity_threshold: options.sides.complexity_threshold,
        runtime: sides.runtime(),
        redis_version: burst.redis_version.clone(),
        redis_settings: burst.redis_settings.clone(),
    };
    Ok(Ended::Measured(Box::new(VersusReport {
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        settings,
        figures: report::compared(&rounds),
        rounds,
        cores: cores(),
        host: host(),
    })))
}

fn warm_up(options: &VersusOptions, sides: &Sides) -> Result<()> {
    // The quicker one first, so that its failure shows soon.
    for side in [Side::Conventional, Side::Wasm] {
        eprintln!("first start of {}", side.name());
        start(options, sides, side).with_context(|| format!("first start of {}", side.name()))?;
    }
    Ok(())
}

/// Fields drop in their order: the app before its server.
struct Started {
    app: App,
    first: first::FirstConfirmation,
    server: RedisServer,
}

fn start(options: &VersusOptions, sides: &Sides, side: Side) -> Result<Started> {
    let server = RedisServer::start()?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let common = &options.sides;
    let (app, first) = first_confirmation(
        &mut redis,
        side,
        common.complexity_threshold,
        common.start_limit,
        || sides.start(side, &server.url()),
    )?;
    Ok(Started { app, first, server })
}

fn one_side(options: &VersusOptions, sides: &Sides, side: Side, number: u32) -> Result<SideRound> {
    let started = start(options, sides, side)?;
    stop::sleep(SETTLE)?;
    let pids = measure::pids(started.app.pid())?;
    let idle_cpu_ms_per_s = idle_cpu_ms_per_s(&pids, options.idle)?;
    let idle_pss_mib = pss_mib(&pids)?;
    let burst = carry_out(&burst(options, &started, side, sides.runtime(), number)?)?;
    stop::check()?;
    Ok(SideRound { first: started.first, idle_cpu_ms_per_s, idle_pss_mib, burst })
}

/// The burst of a round: the same orders for both sides.
fn burst(
    options: &VersusOptions,
    started: &Started,
    side: Side,
    runtime: Runtime,
    number: u32,
) -> Result<Load> {
    let urls = started.app.said().urls();
    let has_starts = side == Side::Wasm && runtime == Runtime::Local;
    let app_pid = i32::try_from(started.app.pid()).context("a process id is a positive number")?;
    let starts_url = urls.first().filter(|_| has_starts).map(|url| InstanceStarts::url(url));
    let results =
        Results { app_pid: Some(app_pid), instance_starts_url: starts_url, ..Results::default() };
    let target = Target {
        via: Door::Redis,
        connections: None,
        batch: None,
        http_url: urls.first().cloned().unwrap_or_default(),
        api_token: None,
        redis_url: started.server.url(),
        queue: QueueName::from_static(orders::QUEUE),
        complexity_threshold: options.sides.complexity_threshold,
        from_zero: false,
        patience: options.patience,
        results,
    };
    let recipe = Recipe { seed: options.seed, prescriptions: options.prescriptions, mutated: 0.0 };
    let generated = Generated { recipe, run: Some(u64::from(number)) };
    Ok(Load::Burst(BurstOptions {
        orders: options.orders,
        generated,
        file: None,
        scheduled: false,
        target,
    }))
}
