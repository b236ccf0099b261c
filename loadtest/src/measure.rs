//! CPU time and memory of the app and of Redis, and how long instances took to start.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::RedisConnection;
use procfs::process::{Process, Stat, all_processes};
use serde::Deserialize;

use crate::stop;

const MIB: f64 = 1024.0 * 1024.0;
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Watched {
    pid: i32,
    has_children: bool,
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
        Self::watch(pid, true)
    }

    /// Without children: a forked copy shares its memory and would be counted again.
    pub(crate) fn alone(pid: i32) -> Result<Self> {
        Self::watch(pid, false)
    }

    fn watch(pid: i32, has_children: bool) -> Result<Self> {
        let tree = tree(pid, has_children)?;
        for process in &tree {
            // 5 resets the peak of resident memory (proc(5)). Another user's process may refuse it:
            // then the peak is that of its life.
            let _ = std::fs::write(format!("/proc/{}/clear_refs", process.pid), "5");
        }
        Ok(Self {
            pid,
            has_children,
            cpu_s_before: cpu_s(&stats(&tree)),
            tree,
            tree_is_of: Instant::now(),
        })
    }

    /// Since watching began; memory is the peak.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let tree = tree(self.pid, self.has_children)?;
        let peak_kib: u64 = tree.iter().filter_map(|process| process.status().ok()?.vmhwm).sum();
        Ok(Usage {
            cpu_s: cpu_s(&stats(&tree)) - self.cpu_s_before,
            rss_mib: peak_kib as f64 / 1024.0,
        })
    }

    /// Memory is the present one. Children are looked for once a second.
    pub(crate) fn now(&mut self) -> Result<Usage> {
        if self.tree_is_of.elapsed() > Duration::from_secs(1) {
            (self.tree, self.tree_is_of) = (tree(self.pid, self.has_children)?, Instant::now());
        }
        let stats = stats(&self.tree);
        let pages: u64 = stats.iter().map(|stat| stat.rss).sum();
        let rss_mib = (pages * procfs::page_size()) as f64 / MIB;
        Ok(Usage { cpu_s: cpu_s(&stats) - self.cpu_s_before, rss_mib })
    }
}

pub(crate) fn pids(root: u32) -> Result<Vec<u32>> {
    let root = i32::try_from(root).context("a process id is a positive number")?;
    Ok(tree(root, true)?.iter().filter_map(|process| u32::try_from(process.pid).ok()).collect())
}

fn tree(root: i32, has_children: bool) -> Result<Vec<Process>> {
    let mut tree = vec![Process::new(root).with_context(|| format!("there is no process {root}"))?];
    if !has_children {
        return Ok(tree);
    }
    let others: Vec<(i32, Process)> = all_processes()
        .context("failed to list processes")?
        .filter_map(|process| {
            process.ok().and_then(|process| Some((process.stat().ok()?.ppid, process)))
        })
        .collect();
    let mut frontier = vec![root];
    while let Some(parent) = frontier.pop() {
        for (_, child) in others.iter().filter(|(ppid, _)| *ppid == parent) {
            frontier.push(child.pid);
            // One that has ended meanwhile counts with its parent.
            tree.extend(Process::new(child.pid));
        }
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
pub(crate) fn pss_mib(pids: &[u32]) -> Result<f64> {
    let mut bytes = 0;
    for pid in pids {
        let rollup =
            process(*pid)?.smaps_rollup().context("failed to read the memory of a process")?;
        let maps = rollup.memory_map_rollup.iter();
        bytes += maps.filter_map(|map| map.extension.map.get("Pss")).sum::<u64>();
    }
    Ok(bytes as f64 / MIB)
}

/// Of all threads since the start.
fn cpu_ms(pids: &[u32]) -> Result<f64> {
    let mut ns = 0;
    for pid in pids {
        for thread in process(*pid)?.tasks().context("failed to list the threads of a process")? {
            let thread = thread.context("a thread ended while it was watched")?;
            ns += thread
                .schedstat()
                .context("failed to read the CPU time of a thread")?
                .sum_exec_runtime;
        }
    }
    Ok(ns as f64 / 1e6)
}

pub(crate) fn idle_cpu_ms_per_s(pids: &[u32], time: Duration) -> Result<f64> {
    let before = cpu_ms(pids)?;
    stop::sleep(time)?;
    let used = cpu_ms(pids)? - before;
    Ok(used / time.as_secs_f64())
}

fn process(pid: u32) -> Result<Process> {
    let pid = i32::try_from(pid).context("a process id is a positive number")?;
    Process::new(pid).with_context(|| format!("process {pid} is gone"))
}

/// Measured by the system if Redis runs on this machine, and otherwise by itself.
#[derive(Debug)]
pub(crate) struct WatchedRedis {
    local: Option<Watched>,
    cpu_s_before: f64,
    /// At the last look, and of servers before a restart.
    cpu_s_now: f64,
    cpu_s_of_earlier: f64,
    rss_mib_seen: f64,
}

impl WatchedRedis {
    pub(crate) fn new(redis: &mut RedisConnection) -> Result<Self> {
        let info = info(redis)?;
        let is_redis = |pid: &i32| {
            let name = Process::new(*pid).and_then(|process| process.stat()).map(|stat| stat.comm);
            name.is_ok_and(|name| name.starts_with("redis") || name.starts_with("valkey"))
        };
        let local = match info.get::<i32>("process_id").filter(is_redis) {
            Some(pid) => Some(Watched::alone(pid)?),
            None => None,
        };
        let cpu_s_before = redis_cpu_s(&info);
        Ok(Self { local, cpu_s_before, cpu_s_now: 0.0, cpu_s_of_earlier: 0.0, rss_mib_seen: 0.0 })
    }

    /// Memory is the peak; of a server elsewhere that of its data.
    pub(crate) fn usage(&mut self, redis: &mut RedisConnection) -> Result<Usage> {
        let now = self.now(redis)?;
        let rss_mib = match &self.local {
            Some(watched) => watched.usage()?.rss_mib,
            None => info(redis)?.get::<f64>("used_memory_peak").unwrap_or_default() / MIB,
        };
        Ok(Usage { rss_mib: rss_mib.max(self.rss_mib_seen), ..now })
    }

    pub(crate) fn now(&mut self, redis: &mut RedisConnection) -> Result<Usage> {
        let looked = if let Some(watched) = &mut self.local {
            watched.now().ok()
        } else {
            let info = info(redis)?;
            let cpu_s = redis_cpu_s(&info) - self.cpu_s_before;
            let rss_mib = info.get::<f64>("used_memory").unwrap_or_default() / MIB;
            Some(Usage { cpu_s, rss_mib })
        };
        let is_the_same = |usage: &Usage| usage.cpu_s >= self.cpu_s_now;
        let Some(usage) = looked.filter(is_the_same) else {
            let cpu_s_of_earlier = self.cpu_s_of_earlier + self.cpu_s_now;
            *self = Self { cpu_s_of_earlier, rss_mib_seen: self.rss_mib_seen, ..Self::new(redis)? };
            return Ok(Usage { cpu_s: cpu_s_of_earlier, rss_mib: 0.0 });
        };
        self.cpu_s_now = usage.cpu_s;
        self.rss_mib_seen = self.rss_mib_seen.max(usage.rss_mib);
        Ok(Usage { cpu_s: usage.cpu_s + self.cpu_s_of_earlier, ..usage })
    }
}

fn info(redis: &mut RedisConnection) -> Result<redis::InfoDict> {
    redis::cmd("INFO").query(redis.inner()).context("failed to ask redis for its figures")
}

fn redis_cpu_s(info: &redis::InfoDict) -> f64 {
    let figure = |name: &str| info.get::<f64>(name).unwrap_or_default();
    figure("used_cpu_user") + figure("used_cpu_sys")
}

/// As local-runtime reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct InstanceStarts {
    pub(crate) starts: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

#[derive(Deserialize)]
struct AllInstanceStarts {
    all: InstanceStarts,
}

impl InstanceStarts {
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
        let all: AllInstanceStarts = agent()
            .get(url)
            .call()
            .with_context(what)?
            .body_mut()
            .read_json()
            .with_context(what)?;
        Ok(all.all)
    }
}

/// An app that hangs must not delay a run.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER_LIMIT)).build().into()
}
