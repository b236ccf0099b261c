//! Density: how many idle copies of the app one process holds, and how many processes one machine.
//!
//! - [`options`]: the command line        - [`app`]: the processes that are measured
//! - [`figures`]: memory, CPU time and connections        - [`orders`]: a few copies are woken, and nobody else
//! - [`report`]: the figures as text and JSON
//!
//! Everything runs on a private Redis, fresh for each step. A copy counts only when all its bells are heard. What is measured is
//! measured while nothing is to do; orders are sent afterwards. All that is started is stopped, whatever the run ends with.

pub mod app;
pub mod figures;
pub mod options;
pub mod orders;
pub mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use conventional::connection::RedisConnection;
use private_redis::RedisServer;

use crate::output::Output;
use crate::processes::{beside, check_manifest, or_beside};
use crate::stop;
use crate::summary::cores;
use app::{App, listeners};
use options::DensityOptions;
use orders::{Confirmed, send_to_some};
use report::{CopiesStep, DensityReport, Ended, ProcessesPart, ProcessesStep, slope};

/// Between a start and the measuring: what starting left to do is done by then.
const SETTLE: Duration = Duration::from_secs(1);
/// How many processes run at the first steps; it goes on by doubling.
const FIRST_STEPS: [u32; 4] = [1, 10, 50, 100];

/// Measures and prints the report; `false` when an order was not confirmed by the copy it was for, or by another.
///
/// # Errors
/// When it cannot be run to its end.
pub fn run(options: &DensityOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    stop::listen()?;
    let report = density(options)?;
    if let Some(json) = json {
        json.write_json(&report)?;
    }
    print!("{}", report.to_text());
    Ok(report.is_clean())
}

fn density(options: &DensityOptions) -> Result<DensityReport> {
    let runtime =
        or_beside(options.runtime_program.as_ref(), "local-runtime", "--runtime-program")?;
    check_manifest(&options.manifest)?;
    let conventional = match &options.conventional_program {
        Some(program) if !program.exists() => {
            bail!("--conventional-program: there is no {}", program.display())
        }
        Some(program) => Some(program.clone()),
        None => beside("conventional", "--conventional-program").ok(),
    };
    let (machine_mib, available_mib) = figures::machine()?;
    // What the first start compiles, the measured ones find in the cache.
    let server = RedisServer::start()?;
    App::runtime(&runtime, &options.manifest, &server.url(), 1, 1)?.wait_until_serving()?;
    drop(server);
    let mut copies: Vec<CopiesStep> = Vec::new();
    for count in &options.copies {
        eprintln!("{count} copies in one process");
        let mut step = copies_step(options, &runtime, *count)?;
        let rss_of = |step: &CopiesStep| (step.copies, step.memory.rss_mib);
        step.copy_kib = copies
            .first()
            .and_then(|first| slope(rss_of(first), rss_of(&step)))
            .map(|mib| mib * 1024.0);
        copies.push(step);
    }
    let mut processes = Vec::new();
    if options.processes > 0 {
        let manifest = options.manifest.as_path();
        let start = |redis_url: &str, copy| App::runtime(&runtime, manifest, redis_url, 1, copy);
        processes.push(processes_part(options, "local-runtime", machine_mib, start)?);
        match conventional {
            Some(program) => {
                let start = |redis_url: &str, copy| App::conventional(&program, redis_url, copy);
                processes.push(processes_part(options, "conventional", machine_mib, start)?);
            }
            None => eprintln!("--conventional-program: there is none to compare with"),
        }
    }
    Ok(DensityReport {
        copies,
        processes,
        machine_mib,
        available_mib,
        idle_s: options.idle_s,
        cores: cores(),
        loadtest_version: env!("CARGO_PKG_VERSION"),
    })
}

fn copies_step(options: &DensityOptions, runtime: &Path, copies: u32) -> Result<CopiesStep> {
    let server = RedisServer::start()?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let start = Instant::now();
    let mut app = App::runtime(runtime, &options.manifest, &server.url(), copies, 1)?;
    let urls = app.wait_until_serving()?;
    let start_s = start.elapsed().as_secs_f64();
    let (heard, expected) = (listeners(&mut redis, 1..=copies)?, 3 * copies as usize);
    if urls.len() != copies as usize || heard != expected {
        bail!(
            "{} of {copies} copies listen, and {heard} of {expected} bells are heard",
            urls.len()
        );
    }
    let idle_cpu_ms_per_s = idle(options, std::slice::from_ref(&app))?;
    Ok(CopiesStep {
        copies,
        start_s,
        memory: figures::memory(std::iter::once(app.pid()))?,
        copy_kib: None,
        idle_cpu_ms_per_s,
        redis: figures::redis(&mut redis)?,
        orders: send_to_some(&mut redis, copies, &urls, options.orders, options.seed)?,
    })
}

/// The CPU time of idle processes, in ms for each second.
fn idle(options: &DensityOptions, apps: &[App]) -> Result<f64> {
    stop::sleep(SETTLE)?;
    let pids: Vec<u32> = apps.iter().map(App::pid).collect();
    figures::idle_cpu_ms_per_s(&pids, options.idle_s)
}

fn processes_part(
    options: &DensityOptions,
    program: &'static str,
    machine_mib: f64,
    start_one: impl Fn(&str, u32) -> Result<App>,
) -> Result<ProcessesPart> {
    let server = RedisServer::start()?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let (_, available_mib) = figures::machine()?;
    let budget_mib = available_mib * options.memory_share;
    let (mut apps, mut steps) = (Vec::new(), Vec::<ProcessesStep>::new());
    let mut start_s = 0.0;
    let mut ended = Ended::Number;
    for target in targets(options.processes) {
        eprintln!("{target} processes of {program}");
        if let Some(last) = steps.last() {
            // What was measured last is the best guess of what the next step takes.
            let guess = last.memory.pss_mib / f64::from(last.processes) * f64::from(target);
            if guess > budget_mib {
                ended = Ended::Memory;
                break;
            }
        }
        let begin = Instant::now();
        while apps.len() < target as usize {
            let copy = u32::try_from(apps.len() + 1).context("the number of a process")?;
            let mut app = start_one(&server.url(), copy)?;
            app.wait_until_heard(&mut redis, copy)?;
            apps.push(app);
        }
        start_s += begin.elapsed().as_secs_f64();
        let idle_cpu_ms_per_s = idle(options, &apps)?;
        steps.push(ProcessesStep {
            processes: target,
            start_s,
            memory: figures::memory(apps.iter().map(App::pid))?,
            machine_mib: available_mib - figures::machine()?.1,
            idle_cpu_ms_per_s,
            redis: figures::redis(&mut redis)?,
        });
    }
    let count = u32::try_from(apps.len()).context("the number of processes")?;
    let orders = match program {
        // The always-on service looks into its streams without being rung, so that all of them leave traces.
        "conventional" => Confirmed::default(),
        _ => send_to_some(&mut redis, count, &[], options.orders, options.seed)?,
    };
    Ok(ProcessesPart::new(program, steps, ended, orders, machine_mib))
}

/// How many processes run at each step: 1, 10, 50, 100, then doubling, up to the last number.
fn targets(last: u32) -> Vec<u32> {
    let doubling = std::iter::successors(Some(200u32), |step| step.checked_mul(2));
    let steps = FIRST_STEPS.into_iter().chain(doubling).take_while(|step| *step < last);
    steps.chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_to_the_number_that_was_asked_for() {
        assert_eq!(targets(1), [1]);
        assert_eq!(targets(50), [1, 10, 50]);
        assert_eq!(targets(700), [1, 10, 50, 100, 200, 400, 700]);
    }
}
