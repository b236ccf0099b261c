//! Chaos: runs the app under load on a Redis of its own, breaks it at random moments, and accounts
//! for every order at the end.
//!
//! - [`supervisor`]: the processes of the app
//! - [`faults`]: what is broken, and how
//! - [`workload`](mod@workload): producers
//! - [`books`]: what they were told, held against what is found
//! - [`metronome`]: ticks, as a cluster's probes do
//! - [`recovery`]: how long it takes until work goes on
//! - [`control`]: the connection that looks and breaks
//! - [`report`]: the figures
//!
//! The seed gives the faults and the orders; the moments they meet are the machine's. Everything
//! that is started belongs to a value that stops it when it is dropped, whatever the run ends with.

pub mod books;
pub mod control;
pub mod evidence;
pub mod faults;
pub mod metronome;
pub mod recovery;
pub mod report;
pub mod supervisor;
pub mod workload;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;
use private_redis::RedisServer;
use queue::Settings;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::cli::ChaosOptions;
use crate::output::Output;
use crate::processes::{check_manifest, or_beside};
use crate::stop;
use crate::summary::cores;
use crate::verify::results::Before;
use crate::wait::until_empty;
use books::Account;
use control::Control;
use faults::{Kind, Victims, deal, redis_options};
use metronome::Metronome;
use recovery::Watch;
use report::{ChaosReport, P50Max, by_kind};
use supervisor::Supervisor;
use workload::Workload;

/// Settings of the app that make an overdue entry and a lost ring a matter of a second.
const CLAIM_IDLE_MS: u32 = 1_000;
const BELL_MS: u32 = 500;
/// Between the recovery from one fault and the next fault, in ms.
const GAP_MS: std::ops::RangeInclusive<u64> = 50..=800;
/// How long an aimed fault waits for work in flight before it strikes all the same.
const AIM_LIMIT: Duration = Duration::from_millis(500);
/// When no order is confirmed for so long after a fault, the app has not recovered.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing may move at the end before what is left counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What the faults left to report.
struct Struck {
    recovered_ms: Vec<(Kind, i64)>,
    /// Processes that ended because they lost Redis.
    restarts: u64,
}

/// Runs chaos and prints the report; `false` when an order is lost, doubled or wrong.
///
/// # Errors When it cannot be run to its end: something cannot be started or broken, or work does
/// not go on after a fault.
pub fn run(options: &ChaosOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    stop::listen()?;
    let report = chaos(options)?;
    if let Some(json) = json {
        json.write_json(&report)?;
    }
    print!("{}", report.to_text());
    Ok(report.is_clean())
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
    let metronome = Metronome::start(&supervisor);
    let started = Instant::now();
    let workload = Workload::start(
        &server.url(),
        &keys,
        &supervisor.api(),
        options.seed,
        options.orders_per_s,
    );
    let mut victims = Victims { server, supervisor, control, bell_ms: BELL_MS };
    let mut watch = Watch::default();
    let struck = strike_all(options, &mut victims, &workload, &mut watch).map_err(|error| {
        error.context(format!("the app said\n{}", victims.supervisor.said_by_all()))
    })?;

    let books = workload.stop()?;
    victims.supervisor.wait_until_serving()?;
    eprintln!("{} orders sent; waiting until all is done", books.len());
    let redis = victims.control.reconnect()?;
    let waited = until_empty(redis, &settings, PATIENCE, books.len() as u64)?;
    if waited.left > 0 {
        eprintln!("gave up: {} orders did not move for {} s", waited.left, PATIENCE.as_secs());
    }
    watch.look(&mut victims.control)?;
    let elapsed = started.elapsed();
    let redis = victims.control.reconnect()?;
    let account = books.settle(redis, &settings, DEFAULT_COMPLEXITY_THRESHOLD, before)?;
    for line in evidence::of(redis, &keys, &account.verdict.failures)? {
        eprintln!("{line}");
    }
    Ok(report(
        options,
        &struck,
        &watch,
        account,
        metronome.rings() + waited.metronome_rings,
        elapsed,
    ))
}

fn strike_all(
    options: &ChaosOptions,
    victims: &mut Victims,
    workload: &Workload,
    watch: &mut Watch,
) -> Result<Struck> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut struck = Struck { recovered_ms: Vec::new(), restarts: 0 };
    for (number, kind) in (1..).zip(deal(&mut random, options.kills as usize)) {
        let gap = Duration::from_millis(random.random_range(GAP_MS));
        struck.restarts += wait(victims, watch, gap)?;
        if random.random() {
            aim(victims)?;
        }
        let done = victims.strike(kind, &mut random).with_context(|| kind.as_str())?;
        let ended_at_ms = recovery::now_ms(&mut victims.control)?;
        watch.add(kind, ended_at_ms);
        let (recovered_ms, restarts) = recover(victims, watch, workload, ended_at_ms)
            .with_context(|| format!("kill {number}, {done}"))?;
        struck.restarts += restarts;
        struck.recovered_ms.push((kind, recovered_ms));
        eprintln!(
            "kill {number}: {done}; at {ended_at_ms}; next order confirmed after {recovered_ms} ms"
        );
    }
    while workload.sent() < options.orders && !workload.has_failed() {
        struck.restarts += wait(victims, watch, Duration::from_millis(50))?;
    }
    Ok(struck)
}

/// Waits between two faults and watches backlogs; how many processes had to be restarted meanwhile.
fn wait(victims: &mut Victims, watch: &mut Watch, duration: Duration) -> Result<u64> {
    let end = Instant::now() + duration;
    let mut restarts = 0;
    while Instant::now() < end {
        stop::sleep(LOOK_EVERY)?;
        watch.look(&mut victims.control)?;
        restarts += victims.supervisor.revive()?;
    }
    Ok(restarts)
}

/// Waits until orders are under way: a fault that strikes then hits a drain more often than one at
/// any time.
fn aim(victims: &mut Victims) -> Result<()> {
    let deadline = Instant::now() + AIM_LIMIT;
    while Instant::now() < deadline && recovery::backlog(&mut victims.control)? == 0 {
        stop::check()?;
    }
    Ok(())
}

/// Waits until an order is confirmed: how long that took since the fault ended, in ms, and how many
/// processes had to be restarted.
fn recover(
    victims: &mut Victims,
    watch: &mut Watch,
    workload: &Workload,
    ended_at_ms: i64,
) -> Result<(i64, u64)> {
    let deadline = Instant::now() + RECOVERY_LIMIT;
    let mut restarts = 0;
    loop {
        restarts += victims.supervisor.revive()?;
        if let Some(confirmed_at) = recovery::first_confirmed_ms(&mut victims.control, ended_at_ms)?
        {
            return Ok((confirmed_at - ended_at_ms, restarts));
        }
        if workload.has_failed() {
            bail!("a producer gave up");
        }
        if Instant::now() > deadline {
            bail!("no order was confirmed for {} s", RECOVERY_LIMIT.as_secs());
        }
        watch.look(&mut victims.control)?;
        stop::sleep(LOOK_EVERY)?;
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
    struck: &Struck,
    watch: &Watch,
    account: Account,
    metronome_rings: u64,
    elapsed: Duration,
) -> ChaosReport {
    let verdict = account.verdict;
    ChaosReport {
        seed: options.seed,
        kills: struck.recovered_ms.len() as u64,
        by_kind: by_kind(&struck.recovered_ms, &watch.caught_up_ms),
        recover_s: P50Max::of(struck.recovered_ms.iter().map(|(_, ms)| *ms)),
        caught_up_s: P50Max::of(watch.caught_up_ms.iter().map(|(_, ms)| *ms)),
        orders: account.acknowledged + account.uncertain,
        acknowledged: account.acknowledged,
        uncertain: account.uncertain,
        uncertain_found: account.uncertain_found,
        sent_again: account.sent_again,
        duplicates: account.duplicates,
        confirmed: verdict.confirmed,
        dead_lettered: verdict.dead_lettered,
        lost: verdict.lost,
        doubled: verdict.doubled,
        wrong: verdict.wrong,
        failures: verdict.failures,
        metronome_rings,
        restarts: struck.restarts,
        replicas: options.replicas,
        elapsed_s: elapsed.as_secs_f64(),
        cores: cores(),
        loadtest_version: env!("CARGO_PKG_VERSION"),
    }
}
