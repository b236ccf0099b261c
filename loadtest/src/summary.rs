//! The part of a report that describes this program, Redis, this machine and the consumers.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use native::RedisConnection;
use procfs::Current;
use queue::Stats;

use crate::report::{Host, Report, Setting, Share};

/// Settings of Redis that decide what a figure means.
const REDIS_SETTINGS: [&str; 4] = ["appendonly", "appendfsync", "maxmemory", "maxmemory-policy"];

/// Adds this program, Redis and this machine to a report.
pub(crate) fn surroundings(redis: &mut RedisConnection, report: Report) -> Result<Report> {
    let info: redis::InfoDict = redis::cmd("INFO")
        .arg("server")
        .query(redis.inner())
        .context("failed to ask redis for its version")?;
    // A managed Redis may refuse `CONFIG`.
    let settings: BTreeMap<String, String> = redis::cmd("CONFIG")
        .arg("GET")
        .arg(&REDIS_SETTINGS)
        .query(redis.inner())
        .unwrap_or_default();
    Ok(Report {
        report_version: Report::VERSION,
        loadtest_version: env!("CARGO_PKG_VERSION").into(),
        redis_version: info.get("redis_version").unwrap_or_default(),
        redis_settings: settings.into_iter().map(|(name, value)| Setting { name, value }).collect(),
        cores: cores(),
        host: host(),
        ..report
    })
}

/// What each consumer has done between two moments, by the queue's own count.
pub(crate) fn shares(before: &Stats, now: &Stats) -> Vec<Share> {
    let before = before.shares();
    let mut shares = Vec::new();
    for (stream, consumers) in now.shares() {
        for (consumer, orders) in consumers {
            let before = before.get(stream).and_then(|consumers| consumers.get(consumer));
            let orders = orders.saturating_sub(before.copied().unwrap_or_default());
            if orders > 0 {
                let (consumer, stream) = (consumer.to_owned(), stream.to_owned());
                shares.push(Share { consumer, stream, orders });
            }
        }
    }
    shares
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

pub(crate) fn host() -> Host {
    let cpu = procfs::CpuInfo::current().ok();
    let cpu = cpu.as_ref().and_then(|cpu| cpu.model_name(0)).unwrap_or_default();
    let memory = procfs::Meminfo::current().map_or(0, |memory| memory.mem_total);
    let kernel = procfs::sys::kernel::Version::current();
    let kernel = kernel.map(|at| format!("Linux {}.{}.{}", at.major, at.minor, at.patch));
    Host {
        cpu: cpu.to_owned(),
        architecture: std::env::consts::ARCH.into(),
        memory_mib: memory / 1024 / 1024,
        kernel: kernel.unwrap_or_default(),
    }
}
