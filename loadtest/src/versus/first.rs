//! From no process to the first confirmation: an order waits in Redis, nobody has been rung, and
//! the processes are started.
//!
//! The always-on service looks when it starts. Wasm components have to be rung: each process's tick
//! is called as soon as it serves, and then once a second, as a probe without an initial delay
//! does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use native::RedisConnection;
use orders::pipeline::{STREAMS, component, settings};
use queue::Stream;
use serde::Serialize;

use super::sides::{Side, Spread};
use crate::app::{App, Said};
use crate::cli::Recipe;
use crate::generate;
use crate::one_order::OneOrder;
use crate::stop;

/// Between two probes.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long a probe waits, as a cluster's do by default.
const PROBE_LIMIT: Duration = Duration::from_secs(1);
/// How late a probe may notice that a process serves.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How a start went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FirstConfirmation {
    /// From the start of the first process until all have said that they are ready.
    pub start_to_ready_ms: f64,
    /// From the start of the first process to the confirmation.
    pub start_to_first_confirmation_ms: f64,
}

/// Adds an order to an empty queue, starts processes, and waits until they are ready and the order
/// is confirmed.
///
/// # Errors
/// When a process ends or is not ready within `limit`, or the order is not confirmed as it must be.
pub fn first_confirmation(
    redis: &mut RedisConnection,
    side: Side,
    spread: Spread,
    complexity_threshold: u32,
    limit: Duration,
    start: impl FnOnce() -> Result<Vec<App>>,
) -> Result<(Vec<App>, FirstConfirmation)> {
    // One order, the same each time; its run is none that a burst has.
    let recipe = Recipe { seed: 42, prescriptions: 0.0, mutated: 0.0 };
    let order = generate::orders(recipe, 0).next().context("a generated order")?;
    let order = OneOrder::add(redis, &settings(), order)?;
    let started_at = Instant::now();
    let apps = start()?;
    let said: Vec<Said> = apps.iter().map(App::said).collect();
    let is_over = AtomicBool::new(false);
    let confirmed_at = thread::scope(|scope| {
        for (said, stream) in said.iter().zip(STREAMS) {
            let paths: Vec<String> = match (side, spread) {
                (Side::Conventional, _) => break,
                (Side::Wasm, Spread::OneProcess) => STREAMS.map(tick_path).to_vec(),
                (Side::Wasm, Spread::ProcessPerWorker) => vec![tick_path(stream)],
            };
            let is_over = &is_over;
            scope.spawn(move || probe(said, &paths, is_over));
        }
        let alive = || stop::check().and_then(|()| apps.iter().try_for_each(App::check));
        let waited = order.wait(redis, limit, alive);
        is_over.store(true, Ordering::Relaxed);
        waited
    });
    let confirmed_at = confirmed_at.context("the order that waited was not confirmed")?;
    let ready = apps.iter().map(|app| app.wait_until_ready(limit));
    let ready_at =
        ready.collect::<Result<Vec<_>>>()?.into_iter().max().context("no process was started")?;
    if !order.is_confirmed(redis, complexity_threshold)? {
        bail!("the order that waited was not confirmed once, in its lane, with the right bytes");
    }
    let ms = |moment: Instant| (moment - started_at).as_secs_f64() * 1e3;
    let first = FirstConfirmation {
        start_to_ready_ms: ms(ready_at),
        start_to_first_confirmation_ms: ms(confirmed_at),
    };
    Ok((apps, first))
}

fn tick_path(stream: Stream) -> String {
    format!("/{}/tick", component(stream))
}

fn probe(said: &Said, paths: &[String], is_over: &AtomicBool) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PROBE_LIMIT)).build().into();
    let mut probed_at: Option<Instant> = None;
    while !is_over.load(Ordering::Relaxed) {
        let is_due = probed_at.is_none_or(|last| last.elapsed() >= PROBE_EVERY);
        if let Some(url) = said.urls().first().filter(|_| is_due) {
            // A process that does not answer is asked again.
            let answers = paths.iter().map(|path| agent.get(format!("{url}{path}")).call().is_ok());
            if answers.fold(true, |all, one| all & one) {
                probed_at = Some(Instant::now());
            }
        }
        thread::sleep(LOOK_EVERY);
    }
}
