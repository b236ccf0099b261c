//! Cold start, in three parts that are often taken for one another:
//!
//! - [`instances`]: an event starts a fresh sandbox in a process that runs
//! - [`report`]: a process is started until it is ready, and an order that waited is confirmed;
//!   with its words
//! - [`options`]: the command line
//!
//! What a cluster adds before a process is started, deciding, scheduling, pulling an image, is not
//! measured. Each start has a private Redis of its own. All that is started is stopped, whatever
//! the run ends with.

pub mod instances;
pub mod options;
pub mod report;

use std::time::SystemTime;

use anyhow::{Context, Result};
use native::RedisConnection;
use orders::pipeline::STREAMS;
use private_redis::RedisServer;

use crate::output::Output;
use crate::stop;
use crate::summary::{cores, host};

use crate::versus::first::{FirstConfirmation, first_confirmation};
use crate::versus::options::Runtime;
use crate::versus::sides::{Side, Sides, Spread};
use options::ColdStartOptions;
use report::{Cache, ColdStartReport, Way, WayStarts};

/// All ways of starting, in the order of the table.
const WAYS: [Way; 5] = [
    Way { side: Side::Wasm, spread: Spread::OneProcess, cache: Some(Cache::Empty) },
    Way { side: Side::Wasm, spread: Spread::OneProcess, cache: Some(Cache::Filled) },
    Way { side: Side::Wasm, spread: Spread::ProcessPerWorker, cache: Some(Cache::Filled) },
    Way { side: Side::Conventional, spread: Spread::OneProcess, cache: None },
    Way { side: Side::Conventional, spread: Spread::ProcessPerWorker, cache: None },
];

/// Measures and prints the report.
///
/// # Errors
/// When it cannot be run to its end, or an order is not confirmed as it must be.
pub fn run(options: &ColdStartOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    stop::listen()?;
    let report = cold_start(options)?;
    if let Some(json) = json {
        json.write_json(&report)?;
    }
    print!("{}", report.to_text());
    Ok(true)
}

fn cold_start(options: &ColdStartOptions) -> Result<ColdStartReport> {
    let sides = Sides::find(&options.sides)?;
    let started_at = SystemTime::now().into();
    let runtime = sides.runtime();
    // Spin keeps compiled code where it likes; it cannot be told to begin without.
    let ways =
        WAYS.iter().filter(|way| runtime == Runtime::Local || way.cache != Some(Cache::Empty));
    let mut starts: Vec<(Way, Vec<FirstConfirmation>)> =
        ways.map(|way| (*way, Vec::new())).collect();
    // Fills the cache, and lets the files be in memory for all.
    for (way, _) in &starts {
        start(options, &sides, Way { cache: way.cache.and(Some(Cache::Filled)), ..*way })?;
    }
    let instances = match runtime {
        Runtime::Local => {
            eprintln!("{} events of each kind for each component", options.events);
            instances::measure(&sides, options.events, options.sides.start_limit())
                .context("failed to measure instances")?
        }
        // It does not tell.
        Runtime::Spin => Vec::new(),
    };
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        // Each way begins a round in its turn: what one leaves behind on the machine must not
        // always meet the same next one.
        let turn = (number as usize - 1) % starts.len().max(1);
        starts.rotate_left(turn);
        for (way, firsts) in &mut starts {
            let what = || format!("round {number} of {}", way.in_words());
            firsts.push(start(options, &sides, *way).with_context(what)?);
        }
        starts.rotate_right(turn);
    }
    let starts =
        starts.into_iter().filter_map(|(way, firsts)| WayStarts::of(way, firsts)).collect();
    Ok(ColdStartReport {
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        runtime,
        events: options.events,
        rounds: options.rounds,
        workers: STREAMS.len(),
        instances,
        starts,
        cores: cores(),
        host: host(),
    })
}

/// Starts in one way on a Redis of its own, and stops everything again.
fn start(options: &ColdStartOptions, sides: &Sides, way: Way) -> Result<FirstConfirmation> {
    let server = RedisServer::start()?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let empty = tempfile::tempdir().context("failed to make a folder for compiled components")?;
    let (apps, first) = first_confirmation(
        &mut redis,
        way.side,
        way.spread,
        options.sides.complexity_threshold,
        options.sides.start_limit(),
        || match way.cache {
            Some(Cache::Empty) => {
                sides.start_with_cache(way.side, way.spread, &server.url(), empty.path())
            }
            _ => sides.start(way.side, way.spread, &server.url()),
        },
    )?;
    drop(apps);
    Ok(first)
}
