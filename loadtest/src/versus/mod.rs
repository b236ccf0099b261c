//! Versus: the Wasm components and the always-on service in turn, in one go, so that both meet the
//! same machine in the same minutes.
//!
//! - [`options`]: the command line
//! - [`sides`]: the programs, and how they are started
//! - [`first`]: from no process to the first confirmation
//! - [`report`], [`text`]: the figures, their medians and ratios
//!
//! Each side of each round has a private Redis of its own, fresh and with the same settings. Which
//! side goes first alternates. Every order of every burst is verified, and a round that is not
//! clean fails the command. All that is started is stopped, whatever the run ends with.

pub mod first;
pub mod options;
pub mod report;
pub mod sides;
pub mod text;

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use native::RedisConnection;
use private_redis::RedisServer;
use queue::QueueName;

use crate::app::App;
use crate::cli::{BurstOptions, Generated, Load, Recipe, Target};
use crate::compare::{Group, compare};
use crate::measure::{self, InstanceStarts, idle_cpu_ms_per_s, memory};
use crate::output::Output;
use crate::report::{Door, Report};
use crate::run::carry_out;
use crate::stop;
use crate::summary::{cores, host};
use first::first_confirmation;
use options::{Runtime, VersusOptions};
use report::{BurstFigures, Round, Settings, SideRound, VersusReport};
use sides::{Side, Sides, Spread};

/// Between the first confirmation and the measuring of idle processes: what starting left to do is
/// done by then.
const SETTLE: Duration = Duration::from_secs(1);

/// Measures and prints the report. There is no report of orders that are not where they must be:
/// that is an error.
///
/// # Errors
/// When it cannot be run to its end, or an order of a round is lost, doubled or wrong.
pub fn run(options: &VersusOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    let html = Output::create(options.html.as_deref(), "--html")?;
    stop::listen()?;
    let (report, groups) = versus(options)?;
    if let Some(json) = json {
        json.write_json(&report)?;
    }
    if let Some(html) = html {
        html.write(compare(groups).1.as_bytes())?;
    }
    print!("{}", report.to_text());
    Ok(true)
}

fn versus(options: &VersusOptions) -> Result<(VersusReport, Vec<Group>)> {
    let sides = Sides::find(&options.sides)?;
    let started_at = SystemTime::now().into();
    // Components are compiled and files read before anything is measured.
    warm_up(options, &sides)?;
    let (mut rounds, mut wasm, mut conventional) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        let one = |side: Side| {
            one_side(options, &sides, side, number)
                .with_context(|| format!("round {number} of {}", side.name()))
        };
        // Whatever changes slowly on a machine must not always meet the same side.
        let first = if number % 2 == 1 { Side::Wasm } else { Side::Conventional };
        let (of_wasm, of_conventional) = match first {
            Side::Wasm => {
                let wasm = one(Side::Wasm)?;
                (wasm, one(Side::Conventional)?)
            }
            Side::Conventional => {
                let conventional = one(Side::Conventional)?;
                (one(Side::Wasm)?, conventional)
            }
        };
        rounds.push(Round { number, first, wasm: of_wasm.0, conventional: of_conventional.0 });
        wasm.push(of_wasm.1);
        conventional.push(of_conventional.1);
    }
    let redis = wasm.first().context("--rounds: there was none")?;
    let settings = Settings {
        rounds: options.rounds,
        orders: options.orders,
        prescriptions: options.prescriptions,
        seed: options.seed,
        idle_s: options.idle_s,
        complexity_threshold: options.sides.complexity_threshold,
        runtime: sides.runtime(),
        redis_version: redis.redis_version.clone(),
        redis_settings: redis.redis_settings.clone(),
    };
    let report = VersusReport {
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        settings,
        figures: report::compared(&rounds),
        artifacts: sides.artifacts()?,
        rounds,
        cores: cores(),
        host: host(),
    };
    let groups = vec![
        Group { name: Side::Wasm.name().into(), reports: wasm },
        Group { name: Side::Conventional.name().into(), reports: conventional },
    ];
    Ok((report, groups))
}

fn warm_up(options: &VersusOptions, sides: &Sides) -> Result<()> {
    // The quicker one first, so that what is wrong with it is known soon.
    for side in [Side::Conventional, Side::Wasm] {
        eprintln!("first start of {}", side.name());
        start(options, sides, side).with_context(|| format!("first start of {}", side.name()))?;
    }
    Ok(())
}

/// A started side on its own Redis. Fields drop in their order: the app before the server it talks
/// to.
struct Started {
    app: App,
    first: first::FirstConfirmation,
    server: RedisServer,
}

fn start(options: &VersusOptions, sides: &Sides, side: Side) -> Result<Started> {
    let server = RedisServer::start()?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let common = &options.sides;
    let (mut apps, first) = first_confirmation(
        &mut redis,
        side,
        Spread::OneProcess,
        common.complexity_threshold,
        common.start_limit(),
        || sides.start(side, Spread::OneProcess, &server.url()),
    )?;
    let app = apps.pop().context("one process was started")?;
    Ok(Started { app, first, server })
}

fn one_side(
    options: &VersusOptions,
    sides: &Sides,
    side: Side,
    number: u32,
) -> Result<(SideRound, Report)> {
    let started = start(options, sides, side)?;
    stop::sleep(SETTLE)?;
    let pids = measure::pids(started.app.pid())?;
    let idle_cpu_ms_per_s = idle_cpu_ms_per_s(&pids, options.idle_s)?;
    let idle_memory = memory(pids.iter().copied())?;
    let report = carry_out(&burst(options, &started, side, sides.runtime(), number)?)?;
    stop::check()?;
    if !report.is_success() || report.confirmed != options.orders {
        bail!("a burst that is not clean counts for nothing\n{}", report.to_text());
    }
    let round = SideRound {
        start_to_ready_ms: started.first.start_to_ready_ms,
        start_to_first_confirmation_ms: started.first.start_to_first_confirmation_ms,
        idle_cpu_ms_per_s,
        idle_memory,
        burst: BurstFigures::of(&report),
    };
    Ok((round, report))
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
    let tells_starts = side == Side::Wasm && runtime == Runtime::Local;
    let target = Target {
        via: Door::Redis,
        connections: None,
        batch: None,
        http_url: urls.first().cloned().unwrap_or_default(),
        api_token: None,
        redis_url: started.server.url(),
        queue: QueueName::from_static(orders::QUEUE),
        complexity_threshold: options.sides.complexity_threshold,
        app_pid: Some(
            i32::try_from(started.app.pid()).context("a process id is a positive number")?,
        ),
        instance_starts_url: urls
            .first()
            .filter(|_| tells_starts)
            .map(|url| InstanceStarts::url(url)),
        json: None,
        html: None,
        patience_s: options.patience_s,
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
