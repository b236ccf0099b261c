//! One burst: prepare, release, wait, verify, report.

use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use chrono::DateTime;
use conventional::connection::RedisConnection;
use shared::queue::Keys;
use shared::settings::QueueSettings;

use crate::cli::BurstOptions;
use crate::expect::Expectation;
use crate::generate;
use crate::measure::{InstanceStarts, Usage, Watched, WatchedRedis};
use crate::report::{
    AppAndRedis, Door, Failures, Host, InstanceStartUs, Lanes, Latency, Report, Shape, Timeline, Via,
};
use crate::send::{PIPELINE, Sent, send};
use crate::verify::{Before, Verdict, verify};
use crate::wait::{Waited, lengths, until_empty};

/// Runs a burst and prints its report; `false` when an order is lost, doubled or wrong.
///
/// # Errors
/// When the burst cannot be run to its end: a file or Redis cannot be used.
pub fn run(options: &BurstOptions) -> Result<bool> {
    // Before the burst: a path that cannot be written must not cost a run.
    let json = match &options.json {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("--json: failed to create {}", path.display()))?;
            Some((file, path))
        }
        None => None,
    };
    let report = burst(options)?;
    if let Some((file, path)) = json {
        report.write_json(&file, path)?;
    }
    print!("{}", report.to_text());
    Ok(report.is_clean())
}

/// Runs a burst.
///
/// # Errors
/// When it cannot be run to its end.
pub fn burst(options: &BurstOptions) -> Result<Report> {
    let settings = QueueSettings { queue: options.queue.clone(), ..QueueSettings::default() };
    let keys = Keys::new(settings.queue.clone());
    let run = options.run.unwrap_or_else(clock);
    let expectation = Expectation::new(orders(options, run)?, options.complexity_threshold);
    let mut redis = RedisConnection::open(&options.redis_url).with_context(|| {
        format!("--redis-url: failed to connect to {}", without_password(&options.redis_url))
    })?;

    let before = Before::look(&mut redis, &keys, &expectation)?;
    let backlog_before: u64 = lengths(&mut redis, &keys)?.iter().sum();
    let app = options.app_pid.map(|pid| Watched::new(pid).context("--app-pid")).transpose()?;
    let server = WatchedRedis::new(&mut redis)?;
    if let Some(url) = &options.instance_starts_url {
        InstanceStarts::reset(url)?;
    }

    let sent = send(&mut redis, &settings, &expectation.sent)?;
    let patience = Duration::from_secs(options.patience_s);
    let waited = until_empty(&mut redis, &settings, patience, expectation.sent.len() as u64)?;

    let figures = Figures {
        app: app.map(|app| app.usage()).transpose()?,
        redis: server.usage(&mut redis)?,
        starts: options.instance_starts_url.as_deref().map(InstanceStarts::get).transpose()?,
        redis_version: redis_version(&mut redis)?,
        backlog_before,
    };
    if before.known() > 0 {
        eprintln!("{} of these orders were confirmed before; sent again they are duplicates", before.known());
    }
    if waited.left > 0 {
        eprintln!("gave up: {} orders did not move for {} s", waited.left, options.patience_s);
    }
    let verdict = verify(&mut redis, &settings, &before, &expectation, &sent.entry_ids)?;
    Ok(report(options, run, &sent, waited, verdict, figures))
}

struct Figures {
    app: Option<Usage>,
    redis: Usage,
    starts: Option<InstanceStarts>,
    redis_version: String,
    backlog_before: u64,
}

fn orders(options: &BurstOptions, run: u64) -> Result<Vec<Vec<u8>>> {
    let Some(path) = &options.file else {
        return Ok(generate::orders(options.recipe, Some(run)).collect());
    };
    let text = std::fs::read(path).with_context(|| format!("--file: failed to read {}", path.display()))?;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Ok(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

fn report(
    options: &BurstOptions,
    run: u64,
    sent: &Sent,
    waited: Waited,
    verdict: Verdict,
    figures: Figures,
) -> Report {
    let orders = sent.entry_ids.len() as u64;
    // The release is known in microseconds, the last entry in milliseconds, rounded down: half a millisecond is added for it.
    let total_s = verdict
        .last_done_at_ms
        .map_or(0.0, |last| (last as f64 * 1_000.0 + 500.0 - sent.released_at_us as f64).max(0.0) / 1e6);
    let is_generated = options.file.is_none();
    let percentile = |quantile| verdict.latency_ms.value_at_quantile(quantile) as f64;
    let latency_ms = Latency {
        p50: percentile(0.5),
        p90: percentile(0.9),
        p95: percentile(0.95),
        p99: percentile(0.99),
        p999: percentile(0.999),
        max: verdict.latency_ms.max() as f64,
        mean: verdict.latency_ms.mean(),
    };
    Report {
        report_version: Report::VERSION,
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        started_at: DateTime::from_timestamp_micros(sent.released_at_us as i64).unwrap_or_default(),
        shape: Shape::Burst { scheduled: false },
        via: Via { door: Door::Redis, connections: 1, batch: PIPELINE },
        seed: is_generated.then_some(options.recipe.seed),
        run: is_generated.then_some(run),
        file: options.file.as_ref().map(|path| path.display().to_string()),
        prescriptions: is_generated.then_some(options.recipe.prescriptions),
        mutated: is_generated.then_some(options.recipe.mutated),
        queue: options.queue.to_string(),
        complexity_threshold: options.complexity_threshold,
        interrupted: false,
        orders,
        confirmed: verdict.confirmed,
        dead_lettered: verdict.dead_lettered,
        refused: 0,
        not_taken: Vec::new(),
        duplicates: verdict.duplicates,
        lost: verdict.lost.len() as u64,
        unfinished: waited.left,
        doubled: verdict.doubled.len() as u64,
        wrong: verdict.wrong.len() as u64,
        failures: Failures { lost: verdict.lost, doubled: verdict.doubled, wrong: verdict.wrong },
        lanes: Lanes { simple: verdict.lanes[0], complex: verdict.lanes[1] },
        shares: Vec::new(),
        enqueue_s: sent.elapsed.as_secs_f64(),
        total_s,
        orders_per_s: if total_s > 0.0 { orders as f64 / total_s } else { 0.0 },
        latency_ms,
        latency_histogram: Vec::new(),
        queue_latency_ms: latency_ms,
        send_latency_ms: Latency::default(),
        cpu_s: AppAndRedis { app: figures.app.map(|usage| usage.cpu_s), redis: figures.redis.cpu_s },
        rss_mib: AppAndRedis { app: figures.app.map(|usage| usage.rss_mib), redis: figures.redis.rss_mib },
        instance_start_us: figures
            .starts
            .map(|starts| InstanceStartUs { p50: starts.p50_us, p99: starts.p99_us }),
        instance_starts: figures.starts.map(|starts| starts.starts),
        metronome_rings: waited.metronome_rings,
        backlog_before: figures.backlog_before,
        timeline: Timeline::default(),
        samples: Vec::new(),
        redis_version: figures.redis_version,
        redis_settings: Vec::new(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        host: Host::default(),
    }
}

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_micros() as u64)
}

fn redis_version(redis: &mut RedisConnection) -> Result<String> {
    let info: redis::InfoDict = redis::cmd("INFO")
        .arg("server")
        .query(redis.inner())
        .context("failed to ask redis for its version")?;
    Ok(info.get("redis_version").unwrap_or_default())
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
        _ => url.to_owned(),
    }
}
