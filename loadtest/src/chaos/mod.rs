//! Chaos: runs the app under load with a private Redis, breaks it at random moments, and accounts
//! for every order at the end.
//!
//! - [`supervisor`]: the processes of the app
//! - [`faults`]: what is broken, and how
//! - [`workload`](mod@workload): producers
//! - [`books`]: the answers to them, compared with what is found, and what Redis has of orders that
//!   did not end as expected
//! - [`report`]: the figures
//!
//! The seed determines the faults and the orders; the moments at which they meet depend on the
//! machine. Everything that is started belongs to a value that stops it when it is dropped.

mod books;
mod faults;
mod report;
mod supervisor;
mod workload;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, value_parser};
use native::PatientRedis;
use orders::DEFAULT_COMPLEXITY_THRESHOLD;
use private_redis::RedisServer;
use queue::{Keys, Settings, milliseconds};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redis::Commands;
use redis::streams::StreamRangeReply;
use supervise::note;

use crate::app::program;
use crate::clock::redis_us;
use crate::outcome::Outcome;
use crate::output::{Output, publish};
use crate::progress::Progress;
use crate::stop;
use crate::summary::cores;
use crate::ticks::Ticks;
use crate::verify::results::Results;
use crate::watch::{Watch, lengths};
use faults::{Kind, Targets, deal, redis_options};
use report::{ChaosReport, by_kind, seconds};
use supervisor::Supervisor;
use workload::Workload;

#[derive(Debug, Args)]
pub(crate) struct ChaosOptions {
    /// How many faults. Every twenty contain each kind, in random order.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..), help_heading = "Faults")]
    faults: u32,
    /// Seed of the faults, their times, and the orders.
    #[arg(long, default_value_t = 42, help_heading = "Faults")]
    seed: u64,
    /// Minimum number of orders: the load goes on after the last fault until they are sent.
    #[arg(long, default_value_t = 0, help_heading = "Load")]
    orders: u64,
    /// Orders a second of all producers together.
    #[arg(long, default_value_t = 200, help_heading = "Load")]
    #[arg(value_parser = value_parser!(u32).range(1..=100_000))]
    orders_per_s: u32,
    /// After an outage, sends the orders that were due meanwhile, all at once.
    #[arg(long, help_heading = "Load")]
    catch_up: bool,
    /// Processes of each worker.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=16), help_heading = "App")]
    replicas: u32,
    /// Program that runs the app [default: local-runtime beside this program]
    #[arg(long, help_heading = "App")]
    runtime_program: Option<PathBuf>,
    /// Manifest of the app.
    #[arg(long, default_value = "spin.toml", help_heading = "App")]
    manifest: PathBuf,
    /// Writes the report to this file as JSON.
    #[arg(long, help_heading = "Report")]
    json: Option<PathBuf>,
}

/// Settings of the app with which overdue entries and lost rings take about 1 s.
const CLAIM_IDLE_MS: u32 = 1_000;
const BELL_MS: u32 = 500;
/// Between the recovery from one fault and the next fault, in ms.
const GAP_MS: std::ops::RangeInclusive<u64> = 50..=800;
/// How long a fault may wait until orders are in progress.
const AIM_LIMIT: Duration = Duration::from_millis(500);
/// When no order is confirmed for so long after a fault, the app has not recovered.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing may move at the end; orders that still wait then are late.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(2);

pub(crate) fn run(options: &ChaosOptions) -> Result<Outcome> {
    let manifest = [("--manifest", Some(options.manifest.as_path()))];
    let json = Output::create(options.json.as_deref(), "--json", &manifest)?;
    stop::listen(None)?;
    let report = chaos(options)?;
    publish(&report.to_text(), || json.map_or(Ok(()), |json| json.write_json(&report)))?;
    Ok(match report.interrupted {
        _ if !report.is_success() => Outcome::Bad,
        true => Outcome::Interrupted,
        false => Outcome::Good,
    })
}

fn chaos(options: &ChaosOptions) -> Result<ChaosReport> {
    let program =
        program(options.runtime_program.as_deref(), "local-runtime", "--runtime-program")?;
    let manifest = &options.manifest;
    supervise::wasm_bytes(manifest)
        .with_context(|| format!("--manifest: no app in {}", manifest.display()))?;
    let settings =
        Settings { claim_idle_ms: CLAIM_IDLE_MS, bell_ms: BELL_MS, ..orders::pipeline::settings() };
    let server = RedisServer::start_with(&redis_options())?;
    let url = server.url();
    note(format_args!("redis on {url}"));
    let mut control = PatientRedis::open(&url, PATIENCE, || stop::asked() > 1)
        .context("failed to connect to redis")?;
    let keys = Keys::new(&settings);
    let before = control.ask(|redis| Results::before(redis, &keys, std::iter::empty()))?;
    let supervisor = Supervisor::start(&program, manifest, variables(&url), options.replicas)?;
    let ticks = Ticks::start(supervisor.workers());
    let started = Instant::now();
    let pace = (options.orders_per_s, options.catch_up);
    let workload = Workload::start((&url, &settings), supervisor.api(), options.seed, pace)?;
    let mut targets = Targets { server, supervisor, control, settings, keys };
    let mut recovered_ms = Vec::new();
    let injected = inject_all(options, &mut targets, &workload, &mut recovered_ms);
    unless_stopped(injected).map_err(|error| {
        error.context(format!("the app printed\n{}", targets.supervisor.said_by_all()))
    })?;

    let books = workload.stop()?;
    unless_stopped(targets.supervisor.wait(true))?;
    note(format_args!("{} orders sent; waiting until all are done", books.len()));
    let rings = until_empty(&mut targets, books.len() as u64)?;
    let elapsed = started.elapsed();
    let interrupted = stop::asked() > 0;
    // An order that moved between two reads of Redis would seem lost.
    targets.supervisor.kill_all();
    let (redis, keys) = (&mut targets.control, &targets.keys);
    let account = books.settle(redis, keys, DEFAULT_COMPLEXITY_THRESHOLD, before)?;
    for line in redis.ask(|redis| account.evidence(redis, keys))? {
        note(line);
    }
    Ok(ChaosReport {
        interrupted,
        seed: options.seed,
        faults: recovered_ms.len() as u64,
        by_kind: by_kind(&recovered_ms),
        recover_s: seconds(recovered_ms.iter().map(|(_, ms)| *ms)),
        account,
        tick_rings: ticks.rings() + rings,
        restarts: targets.supervisor.restarts,
        replicas: options.replicas,
        elapsed_s: elapsed.as_secs_f64(),
        cores: cores(),
        loadtest_version: env!("CARGO_PKG_VERSION"),
    })
}

/// A signal ends a phase; the report follows.
fn unless_stopped(phase: Result<()>) -> Result<()> {
    if stop::asked() > 0 { Ok(()) } else { phase }
}

/// Adds each fault to `recovered_ms` once an order is confirmed after it.
fn inject_all(
    options: &ChaosOptions,
    targets: &mut Targets,
    workload: &Workload,
    recovered_ms: &mut Vec<(Kind, i64)>,
) -> Result<()> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    for (number, kind) in (1..).zip(deal(&mut random, options.faults as usize)) {
        let gap = Duration::from_millis(random.random_range(GAP_MS));
        wait(targets, gap)?;
        if random.random() {
            aim(targets)?;
        }
        let done = targets.inject(kind, &mut random).with_context(|| <&str>::from(kind))?;
        let after_ms =
            recover(targets, workload).with_context(|| format!("fault {number}, {done}"))?;
        recovered_ms.push((kind, after_ms));
        note(format_args!("fault {number}: {done}; next order confirmed after {after_ms} ms"));
    }
    while workload.sent() < options.orders && !workload.has_failed() {
        wait(targets, Duration::from_millis(50))?;
    }
    Ok(())
}

/// Waits between two faults.
fn wait(targets: &mut Targets, duration: Duration) -> Result<()> {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        stop::sleep(LOOK_EVERY)?;
        targets.supervisor.revive()?;
    }
    Ok(())
}

/// Waits until orders are in progress, so that the fault hits a drain more often.
fn aim(targets: &mut Targets) -> Result<()> {
    let deadline = Instant::now() + AIM_LIMIT;
    while Instant::now() < deadline
        && targets.control.ask(|redis| Ok(lengths(redis, &targets.keys)?))? == [0; 3]
    {
        stop::check()?;
    }
    Ok(())
}

/// Waits until an order is confirmed: how long from now, in ms by the clock of Redis. A killed
/// process has been started by then, but does not serve.
fn recover(targets: &mut Targets, workload: &Workload) -> Result<i64> {
    let ended_at_ms = targets.control.ask(redis_us)? as i64 / 1_000;
    let deadline = Instant::now() + RECOVERY_LIMIT;
    loop {
        targets.supervisor.revive()?;
        let after = format!("{ended_at_ms}-0");
        let first: StreamRangeReply = targets.control.ask(|redis| {
            Ok(redis.inner().xrange_count(targets.keys.results(), &after, "+", 1)?)
        })?;
        if let Some(confirmed_at_ms) = first.ids.first().and_then(|entry| milliseconds(&entry.id)) {
            return Ok(confirmed_at_ms - ended_at_ms);
        }
        if workload.has_failed() {
            bail!("a producer gave up");
        }
        if Instant::now() > deadline {
            bail!("no order was confirmed for {} s", RECOVERY_LIMIT.as_secs());
        }
        stop::sleep(LOOK_EVERY)?;
    }
}

/// Waits until the streams are empty, patience runs out, or a signal comes: how many bells had to
/// be rung.
fn until_empty(targets: &mut Targets, total: u64) -> Result<u64> {
    let mut progress = Progress::new(total);
    let mut watch = Watch::new(&targets.settings);
    loop {
        targets.supervisor.revive()?;
        targets.control.ask(|redis| watch.look(redis))?;
        progress.show(total.saturating_sub(watch.left()), &watch.to_text());
        if watch.left() == 0 || watch.still_for() > PATIENCE || stop::asked() > 0 {
            return Ok(watch.tick_rings);
        }
        std::thread::sleep(crate::watch::LOOK_EVERY);
    }
}

fn variables(redis_url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("SPIN_VARIABLE_REDIS_URL", redis_url.to_owned()),
        ("SPIN_VARIABLE_CLAIM_IDLE_MS", CLAIM_IDLE_MS.to_string()),
        ("SPIN_VARIABLE_BELL_MS", BELL_MS.to_string()),
        ("SPIN_VARIABLE_COMPLEXITY_THRESHOLD", DEFAULT_COMPLEXITY_THRESHOLD.to_string()),
    ]
}
