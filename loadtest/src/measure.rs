//! CPU time and memory of the app and of Redis, and how long instances took to start.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use native::{PatientRedis, RedisConnection};
use procfs::process::{Process, Stat, all_processes};
use serde::{Deserialize, Serialize};

use crate::stop;

pub(crate) const MIB: f64 = 1024.0 * 1024.0;
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Watched {
    pid: i32,
    tree: Vec<Process>,
    tree_is_of: Instant,
    cpu_s_before: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_s: f64,
    pub(crate) rss_mib: f64,
}

impl Watched {
    /// Resets its memory peak if the system allows it.
    pub(crate) fn new(pid: i32) -> Result<Self> {
        let tree = tree(pid)?;
        for process in &tree {
            // 5 resets the peak of resident memory (proc(5)). If another user's process refuses it,
            // the peak counts from its start.
            let _ = std::fs::write(format!("/proc/{}/clear_refs", process.pid), "5");
        }
        Ok(Self { pid, cpu_s_before: cpu_s(&stats(&tree)), tree, tree_is_of: Instant::now() })
    }

    /// CPU since watching began, and peak memory.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let tree = tree(self.pid)?;
        let peak_kib: u64 = tree.iter().filter_map(|process| process.status().ok()?.vmhwm).sum();
        Ok(Usage {
            cpu_s: cpu_s(&stats(&tree)) - self.cpu_s_before,
            rss_mib: peak_kib as f64 / 1024.0,
        })
    }

    /// CPU, and memory at this moment. Children are searched once a second.
    pub(crate) fn now(&mut self) -> Result<Usage> {
        if self.tree_is_of.elapsed() > Duration::from_secs(1) {
            (self.tree, self.tree_is_of) = (tree(self.pid)?, Instant::now());
        }
        let stats = stats(&self.tree);
        let pages: u64 = stats.iter().map(|stat| stat.rss).sum();
        let rss_mib = (pages * procfs::page_size()) as f64 / MIB;
        Ok(Usage { cpu_s: cpu_s(&stats) - self.cpu_s_before, rss_mib })
    }
}

/// A process with its children and theirs.
pub(crate) fn tree(root: i32) -> Result<Vec<Process>> {
    let what = || format!("there is no process {root}");
    let first = Process::new(root).with_context(what)?;
    // One that has ended stays until its parent has reaped it.
    ensure!(first.stat().with_context(what)?.state != 'Z', "process {root} has ended");
    let mut tree = vec![first];
    let all = all_processes().context("failed to list processes")?.flatten();
    // The CPU time of an ended child is in its parent's.
    let others = all.filter_map(|process| Some((process.stat().ok()?.ppid, process)));
    let mut others: Vec<(i32, Process)> = others.collect();
    let mut parents = 0;
    while let Some(parent) = tree.get(parents).map(|process| process.pid) {
        let children = others.extract_if(.., |(ppid, _)| *ppid == parent);
        tree.extend(children.filter_map(|(_, child)| Process::new(child.pid).ok()));
        parents += 1;
    }
    Ok(tree)
}

/// Includes children that have ended.
fn cpu_s(stats: &[Stat]) -> f64 {
    let ticks = |stat: &Stat| stat.utime as i64 + stat.stime as i64 + stat.cutime + stat.cstime;
    stats.iter().map(ticks).sum::<i64>() as f64 / procfs::ticks_per_second() as f64
}

fn stats(tree: &[Process]) -> Vec<Stat> {
    tree.iter().filter_map(|process| process.stat().ok()).collect()
}

/// Proportional set size: shared memory is divided among its users.
pub(crate) fn pss_mib(tree: &[Process]) -> Result<f64> {
    let mut bytes = 0;
    for process in tree {
        let rollup = process.smaps_rollup().context("failed to read the memory of a process")?;
        let maps = rollup.memory_map_rollup.iter();
        bytes += maps.filter_map(|map| map.extension.map.get("Pss")).sum::<u64>();
    }
    Ok(bytes as f64 / MIB)
}

/// Of all threads since the start.
fn cpu_ms(tree: &[Process]) -> Result<f64> {
    let mut ns = 0;
    for process in tree {
        for thread in process.tasks().context("failed to list the threads of a process")? {
            let thread = thread.context("a thread ended while it was watched")?;
            let used = thread.schedstat().context("failed to read the CPU time of a thread")?;
            ns += used.sum_exec_runtime;
        }
    }
    Ok(ns as f64 / 1e6)
}

pub(crate) fn idle_cpu_ms_per_s(tree: &[Process], time: Duration) -> Result<f64> {
    let before = cpu_ms(tree)?;
    stop::sleep(time)?;
    let used = cpu_ms(tree)? - before;
    Ok(used / time.as_secs_f64())
}

/// Uses the figures that Redis reports, so it works for a remote server too.
#[derive(Debug)]
pub(crate) struct WatchedRedis {
    /// CPU seconds of the server that answered last.
    cpu_s: f64,
    /// `rss_mib` is the peak of all samples.
    usage: Usage,
}

impl WatchedRedis {
    pub(crate) fn new(redis: &mut RedisConnection) -> Result<Self> {
        let (cpu_s, rss_mib) = info(redis)?;
        Ok(Self { cpu_s, usage: Usage { cpu_s: 0.0, rss_mib } })
    }

    /// Memory is the present one.
    pub(crate) fn now(&mut self, redis: &mut RedisConnection) -> Result<Usage> {
        let (cpu_s, rss_mib) = info(redis)?;
        // The figure of a restarted server begins at 0.
        self.usage.cpu_s += if cpu_s >= self.cpu_s { cpu_s - self.cpu_s } else { cpu_s };
        self.usage.rss_mib = self.usage.rss_mib.max(rss_mib);
        self.cpu_s = cpu_s;
        Ok(Usage { rss_mib, ..self.usage })
    }

    /// Memory is the peak. What a server used since the last look that it answered is not known.
    pub(crate) fn usage(&mut self, redis: &mut PatientRedis) -> Usage {
        let _ = redis.ask(|redis| self.now(redis));
        self.usage
    }
}

/// CPU seconds of the server, and its resident memory in MiB.
fn info(redis: &mut RedisConnection) -> Result<(f64, f64)> {
    let info: redis::InfoDict = redis::cmd("INFO")
        .arg(&["cpu", "memory"])
        .query(redis.inner())
        .context("failed to ask redis for its figures")?;
    let figure = |name: &str| info.get::<f64>(name).unwrap_or_default();
    let cpu_s = figure("used_cpu_user") + figure("used_cpu_sys");
    Ok((cpu_s, figure("used_memory_rss") / MIB))
}

/// As local-runtime reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct InstanceStarts {
    pub(crate) starts: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AllInstanceStarts {
    pub(crate) all: InstanceStarts,
    pub(crate) components: BTreeMap<String, InstanceStarts>,
}

impl AllInstanceStarts {
    pub(crate) fn url(base_url: &str) -> String {
        format!("{base_url}/.well-known/local-runtime/instance-starts")
    }

    pub(crate) fn reset(url: &str) -> Result<()> {
        let what = || format!("--instance-starts-url: failed to reset {url}");
        agent().delete(url).call().with_context(what)?;
        Ok(())
    }

    pub(crate) fn get(url: &str) -> Result<Self> {
        let what = || format!("--instance-starts-url: failed to read {url}");
        let mut response = agent().get(url).call().with_context(what)?;
        response.body_mut().read_json().with_context(what)
    }
}

/// An app that hangs must not delay a run.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER_LIMIT)).build().into()
}
