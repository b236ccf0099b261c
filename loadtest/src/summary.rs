//! The report of a run, from its figures.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::DateTime;
use native::RedisConnection;
use procfs::Current;
use queue::{Queue, Settings, Stats};

use crate::clock::Clocks;
use crate::monitor::Used;
use crate::options::{Generated, Target};
use crate::patient::Ask;
use crate::report::{
    AppAndRedis, Host, InstanceStartUs, Lanes, Report, Setting, Shape, Share, Via,
};
use crate::timeline::{buckets, percentiles};
use crate::verify::Verdict;
use crate::watch::Watch;

/// Settings of Redis that decide what a figure means.
const REDIS_SETTINGS: [&str; 4] = ["appendonly", "appendfsync", "maxmemory", "maxmemory-policy"];

pub(crate) struct About<'a> {
    pub(crate) shape: Shape,
    pub(crate) via: Via,
    /// `None` for a file.
    pub(crate) generated: Option<Generated>,
    pub(crate) file: Option<String>,
    pub(crate) interrupted: bool,
    pub(crate) target: &'a Target,
}

pub(crate) struct Measured<'a> {
    pub(crate) clocks: &'a Clocks,
    pub(crate) verdict: Verdict,
    pub(crate) used: Used,
    pub(crate) watch: &'a Watch,
    pub(crate) shares: Vec<Share>,
}

/// The state before a run.
#[derive(Debug)]
pub(crate) struct Surroundings {
    redis_version: String,
    redis_settings: Vec<Setting>,
    backlog: u64,
    stats: Stats,
}

impl Surroundings {
    pub(crate) fn look(
        redis: &mut RedisConnection,
        settings: &Settings,
        backlog: u64,
    ) -> Result<Self> {
        let info: redis::InfoDict = redis::cmd("INFO")
            .arg("server")
            .query(redis.inner())
            .context("failed to ask redis for its version")?;
        // A managed Redis may refuse.
        let redis_settings: BTreeMap<String, String> = redis::cmd("CONFIG")
            .arg("GET")
            .arg(&REDIS_SETTINGS)
            .query(redis.inner())
            .unwrap_or_default();
        Ok(Self {
            redis_version: info.get("redis_version").unwrap_or_default(),
            redis_settings: redis_settings
                .into_iter()
                .map(|(name, value)| Setting { name, value })
                .collect(),
            backlog,
            stats: Queue::new(redis, settings).stats()?,
        })
    }

    /// What each consumer has done since, by the queue's own count.
    pub(crate) fn shares_since(
        &self,
        redis: &mut impl Ask,
        settings: &Settings,
    ) -> Result<Vec<Share>> {
        let now = redis.ask(|redis| Ok(Queue::new(redis, settings).stats()?))?;
        let before = self.stats.shares();
        let mut shares = Vec::new();
        for (stream, consumers) in now.shares() {
            for (consumer, orders) in consumers {
                let before = before.get(stream).and_then(|consumers| consumers.get(consumer));
                let orders = orders.saturating_sub(before.copied().unwrap_or_default());
                if orders > 0 {
                    shares.push(Share {
                        consumer: consumer.to_owned(),
                        stream: stream.to_owned(),
                        orders,
                    });
                }
            }
        }
        Ok(shares)
    }
}

pub(crate) fn report(
    about: About<'_>,
    measured: Measured<'_>,
    surroundings: Surroundings,
) -> Report {
    let About { shape, via, generated, file, interrupted, target } = about;
    let Measured { clocks, verdict, used, watch, shares } = measured;
    let released_at_us = clocks.released_at_us();
    let orders = verdict.sent;
    // The last entry is known in milliseconds, rounded down; half of one is the mean of the rest.
    let total_s = verdict
        .last_done_at_ms
        .map_or(0.0, |last| (last as f64 * 1_000.0 + 500.0 - released_at_us as f64).max(0.0) / 1e6);
    let recipe = generated.map(|generated| generated.recipe);
    let mut report = Report {
        report_version: Report::VERSION,
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        started_at: DateTime::from_timestamp_micros(released_at_us as i64).unwrap_or_default(),
        shape,
        via,
        seed: recipe.map(|recipe| recipe.seed),
        run: generated.and_then(|generated| generated.run),
        file,
        prescriptions: recipe.map(|recipe| recipe.prescriptions),
        mutated: recipe.map(|recipe| recipe.mutated),
        queue: target.queue.to_string(),
        complexity_threshold: target.complexity_threshold,
        interrupted,
        orders,
        confirmed: verdict.confirmed,
        dead_lettered: verdict.dead_lettered,
        refused: verdict.refused,
        rejected: verdict.rejected,
        duplicate_deliveries: verdict.duplicate_deliveries,
        lost: verdict.lost,
        late: verdict.late,
        confirmed_twice: verdict.confirmed_twice,
        wrong: verdict.wrong,
        failures: verdict.failures,
        lanes: Lanes { simple: verdict.lanes[0], complex: verdict.lanes[1] },
        shares,
        enqueue_s: verdict.last_acknowledged_us as f64 / 1e6,
        total_s,
        orders_per_s: 0.0,
        latency_ms: percentiles(&verdict.latency_us),
        latency_histogram: buckets(&verdict.latency_us),
        queue_latency_ms: percentiles(&verdict.queue_latency_us),
        send_latency_ms: percentiles(&verdict.send_latency_us),
        cpu_s: AppAndRedis { app: used.app.map(|usage| usage.cpu_s), redis: used.redis.cpu_s },
        rss_mib: AppAndRedis {
            app: used.app.map(|usage| usage.rss_mib),
            redis: used.redis.rss_mib,
        },
        instance_start_us: used
            .starts
            .map(|starts| InstanceStartUs { p50: starts.p50_us, p99: starts.p99_us }),
        instance_starts: used.starts.map(|starts| starts.starts),
        tick_rings: watch.tick_rings,
        backlog_before: surroundings.backlog,
        clock: clocks.drift(),
        timeline: verdict.recorder.finish(),
        samples: used.samples,
        redis_version: surroundings.redis_version,
        redis_settings: surroundings.redis_settings,
        cores: cores(),
        host: host(),
    };
    if total_s > 0.0 {
        report.orders_per_s = report.done() as f64 / total_s;
    }
    report
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

pub(crate) fn host() -> Host {
    let cpu = procfs::CpuInfo::current().ok();
    let cpu = cpu.as_ref().and_then(|cpu| cpu.model_name(0)).unwrap_or_default();
    let memory = procfs::Meminfo::current().map_or(0, |memory| memory.mem_total);
    let kernel = procfs::sys::kernel::Version::current();
    Host {
        cpu: cpu.to_owned(),
        architecture: std::env::consts::ARCH.into(),
        memory_mib: memory / 1024 / 1024,
        kernel: kernel.map_or_else(
            |_| String::new(),
            |version| format!("Linux {}.{}.{}", version.major, version.minor, version.patch),
        ),
    }
}
