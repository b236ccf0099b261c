//! Chaos: runs the app under load on its own Redis, breaks it at random moments, and accounts for
//! every order at the end.
//!
//! - [`supervisor`]: the processes of the app
//! - [`faults`]: what is broken, and how
//! - [`workload`](mod@workload): producers
//! - [`books`]: what they were told, compared with what is found
//! - [`ticks`]: as a cluster's probes do
//! - [`recovery`]: how long it takes until work goes on
//! - [`control`]: the connection that observes and breaks
//! - [`report`]: the figures
//!
//! The seed determines the faults and the orders; the moments at which they meet depend on the
//! machine. Everything that is started belongs to a value that stops it when it is dropped.

mod books;
mod control;
mod evidence;
mod faults;
mod options;
mod recovery;
mod report;
mod supervisor;
mod ticks;
mod workload;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;
use private_redis::RedisServer;
use queue::Settings;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::outcome::Outcome;
use crate::output::{Output, publish};
use crate::processes::{check_manifest, or_beside};
use crate::progress::Progress;
use crate::stop;
use crate::summary::cores;
use crate::verify::results::Before;
use crate::watch::Watch;
use books::Account;
use control::Control;
use faults::{Kind, Targets, deal, redis_options};
pub(crate) use options::ChaosOptions;
use recovery::CatchUps;
use report::{ChaosReport, P50Max, by_kind};
use supervisor::Supervisor;
use ticks::Ticks;
use workload::{Pace, Workload};

/// Settings of the app with which overdue entries and lost rings take about 1 s.
const CLAIM_IDLE_MS: u32 = 1_000;
const BELL_MS: u32 = 500;
/// Between the recovery from one fault and the next fault, in ms.
const GAP_MS: std::ops::RangeInclusive<u64> = 50..=800;
/// How long an aimed fault waits for orders in progress.
const AIM_LIMIT: Duration = Duration::from_millis(500);
/// When no order is confirmed for so long after a fault, the app has not recovered.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing may move at the end; orders that still wait then are late.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What was injected so far.
#[derive(Default)]
struct Injected {
    recovered_ms: Vec<(Kind, i64)>,
    /// Processes that ended because they lost Redis.
    restarts: u64,
}

pub(crate) fn run(options: &ChaosOptions) -> Result<Outcome> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    stop::listen()?;
    let report = chaos(options)?;
    publish(&report.to_text(), || json.map_or(Ok(()), |json| json.write_json(&report)))?;
    Ok(if report.is_success() { Outcome::Good } else { Outcome::Bad })
}

fn chaos(options: &ChaosOptions) -> Result<ChaosReport> {
    let program =
        or_beside(options.runtime_program.as_ref(), "local-runtime", "--runtime-program")?;
    check_manifest(&options.manifest)?;
    let settings =
        Settings { claim_idle_ms: CLAIM_IDLE_MS, bell_ms: BELL_MS, ..orders::pipeline::settings() };
    let server = RedisServer::start_with(&redis_options())?;
    eprintln!("redis on {}", server.url());
    let mut control = Control::new(server.url());
    let keys = control.keys().clone();
    let before = Before::look(control.reconnect()?, &keys, std::iter::empty())?;
    let variables = variables(&server.url());
    let supervisor = Supervisor::start(&program, &options.manifest, variables, options.replicas)?;
    let ticks = Ticks::start(&supervisor);
    let started = Instant::now();
    let pace = Pace { orders_per_s: options.orders_per_s, catch_up: options.catch_up };
    let workload = Workload::start(&server.url(), &keys, &supervisor.api(), options.seed, pace);
    let mut targets = Targets { server, supervisor, control, bell_ms: BELL_MS };
    let mut catch_ups = CatchUps::default();
    let mut injected =
        inject_all(options, &mut targets, &workload, &mut catch_ups).map_err(|error| {
            error.context(format!("the app printed\n{}", targets.supervisor.said_by_all()))
        })?;

    let books = workload.stop()?;
    targets.supervisor.wait_until_serving()?;
    eprintln!("{} orders sent; waiting until all are done", books.len());
    let (rings, restarts) = until_empty(&mut targets, &settings, books.len() as u64)?;
    injected.restarts += restarts;
    catch_ups.look(&mut targets.control)?;
    let elapsed = started.elapsed();
    let redis = targets.control.reconnect()?;
    let account = books.settle(redis, &settings, DEFAULT_COMPLEXITY_THRESHOLD, before)?;
    for line in evidence::of(redis, &keys, &account.verdict.failures)? {
        eprintln!("{line}");
    }
    Ok(report(options, &injected, &catch_ups, account, ticks.rings() + rings, elapsed))
}

fn inject_all(
    options: &ChaosOptions,
    targets: &mut Targets,
    workload: &Workload,
    catch_ups: &mut CatchUps,
) -> Result<Injected> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut injected = Injected::default();
    for (number, kind) in (1..).zip(deal(&mut random, options.faults as usize)) {
        let gap = Duration::from_millis(random.random_range(GAP_MS));
        injected.restarts += wait(targets, catch_ups, gap)?;
        if random.random() {
            aim(targets)?;
        }
        let done = targets.inject(kind, &mut random).with_context(|| kind.as_str())?;
        let ended_at_ms = recovery::now_ms(&mut targets.control)?;
        catch_ups.add(kind, ended_at_ms);
        let (recovered_ms, restarts) = recover(targets, catch_ups, workload, ended_at_ms)
            .with_context(|| format!("fault {number}, {done}"))?;
        injected.restarts += restarts;
        injected.recovered_ms.push((kind, recovered_ms));
        eprintln!(
            "fault {number}: {done}; at {ended_at_ms}; next order confirmed after {recovered_ms} ms"
        );
    }
    while workload.sent() < options.orders && !workload.has_failed() {
        injected.restarts += wait(targets, catch_ups, Duration::from_millis(50))?;
    }
    Ok(injected)
}

/// Waits between two faults; returns how many processes had to be restarted.
fn wait(targets: &mut Targets, catch_ups: &mut CatchUps, duration: Duration) -> Result<u64> {
    let end = Instant::now() + duration;
    let mut restarts = 0;
    while Instant::now() < end {
        stop::sleep(LOOK_EVERY)?;
        catch_ups.look(&mut targets.control)?;
        restarts += targets.supervisor.revive()?;
    }
    Ok(restarts)
}

/// Waits until orders are in progress, so that the fault hits a drain more often.
fn aim(targets: &mut Targets) -> Result<()> {
    let deadline = Instant::now() + AIM_LIMIT;
    while Instant::now() < deadline && recovery::backlog(&mut targets.control)? == 0 {
        stop::check()?;
    }
    Ok(())
}

/// Waits until an order is confirmed: how long after the fault ended, in ms, and how many processes
/// had to be restarted.
fn recover(
    targets: &mut Targets,
    catch_ups: &mut CatchUps,
    workload: &Workload,
    ended_at_ms: i64,
) -> Result<(i64, u64)> {
    let deadline = Instant::now() + RECOVERY_LIMIT;
    let mut restarts = 0;
    loop {
        restarts += targets.supervisor.revive()?;
        if let Some(confirmed_at) = recovery::first_confirmed_ms(&mut targets.control, ended_at_ms)?
        {
            return Ok((confirmed_at - ended_at_ms, restarts));
        }
        if workload.has_failed() {
            bail!("a producer gave up");
        }
        if Instant::now() > deadline {
            bail!("no order was confirmed for {} s", RECOVERY_LIMIT.as_secs());
        }
        catch_ups.look(&mut targets.control)?;
        stop::sleep(LOOK_EVERY)?;
    }
}

/// Waits until the streams are empty or patience runs out: how many bells had to be rung, and how
/// many processes restarted.
fn until_empty(targets: &mut Targets, settings: &Settings, total: u64) -> Result<(u64, u64)> {
    targets.control.reconnect()?;
    let mut progress = Progress::new(total);
    let (mut watch, mut restarts) = (Watch::new(settings), 0);
    loop {
        restarts += targets.supervisor.revive()?;
        watch.look(targets.control.connection()?)?;
        progress.show(total.saturating_sub(watch.left()), &watch.to_text());
        if watch.left() == 0 || watch.still_for() > PATIENCE {
            progress.finish();
            return Ok((watch.tick_rings, restarts));
        }
        stop::sleep(crate::watch::LOOK_EVERY)?;
    }
}

fn variables(redis_url: &str) -> Vec<(String, String)> {
    [
        ("REDIS_URL", redis_url.to_owned()),
        ("CLAIM_IDLE_MS", CLAIM_IDLE_MS.to_string()),
        ("BELL_MS", BELL_MS.to_string()),
        ("COMPLEXITY_THRESHOLD", DEFAULT_COMPLEXITY_THRESHOLD.to_string()),
    ]
    .map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value))
    .to_vec()
}

fn report(
    options: &ChaosOptions,
    injected: &Injected,
    catch_ups: &CatchUps,
    account: Account,
    tick_rings: u64,
    elapsed: Duration,
) -> ChaosReport {
    let verdict = account.verdict;
    ChaosReport {
        seed: options.seed,
        faults: injected.recovered_ms.len() as u64,
        by_kind: by_kind(&injected.recovered_ms, &catch_ups.caught_up_ms),
        recover_s: P50Max::of(injected.recovered_ms.iter().map(|(_, ms)| *ms)),
        caught_up_s: P50Max::of(catch_ups.caught_up_ms.iter().map(|(_, ms)| *ms)),
        orders: account.acknowledged + account.uncertain,
        acknowledged: account.acknowledged,
        uncertain: account.uncertain,
        uncertain_found: account.uncertain_found,
        sent_again: account.sent_again,
        duplicate_deliveries: account.duplicate_deliveries,
        confirmed: verdict.confirmed,
        dead_lettered: verdict.dead_lettered,
        lost: verdict.lost,
        late: verdict.late,
        confirmed_twice: verdict.confirmed_twice,
        wrong: verdict.wrong,
        failures: verdict.failures,
        tick_rings,
        restarts: injected.restarts,
        replicas: options.replicas,
        elapsed_s: elapsed.as_secs_f64(),
        cores: cores(),
        loadtest_version: env!("CARGO_PKG_VERSION"),
    }
}
