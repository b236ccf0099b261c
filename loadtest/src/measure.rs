//! CPU time and memory of the app and of Redis, and how long instances took to start.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::RedisConnection;
use procfs::process::{Process, Stat, all_processes};
use serde::{Deserialize, Serialize};

use crate::stop;

const MIB: f64 = 1024.0 * 1024.0;
/// The longest the runtime may take to tell about its instances.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// A process with its children, watched from the moment it is made.
#[derive(Debug)]
pub struct Watched {
    pid: i32,
    has_children: bool,
    tree: Vec<Process>,
    tree_is_of: Instant,
    cpu_s_before: f64,
}

/// What a process used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU seconds, user and system.
    pub cpu_s: f64,
    /// Memory in MiB.
    pub rss_mib: f64,
}

impl Watched {
    /// Begins to watch a process; its memory peak is counted from now where the system allows it to
    /// be reset.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn new(pid: i32) -> Result<Self> {
        Self::watch(pid, true)
    }

    /// As [`Watched::new`], without children: a forked copy of the process shares its memory, and
    /// would be counted again.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn alone(pid: i32) -> Result<Self> {
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

    /// CPU seconds since watching began, and the most resident memory meanwhile.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn usage(&self) -> Result<Usage> {
        let tree = tree(self.pid, self.has_children)?;
        let peak_kib: u64 = tree.iter().filter_map(|process| process.status().ok()?.vmhwm).sum();
        Ok(Usage {
            cpu_s: cpu_s(&stats(&tree)) - self.cpu_s_before,
            rss_mib: peak_kib as f64 / 1024.0,
        })
    }

    /// CPU seconds since watching began, and the resident memory just now. Cheap: children are
    /// looked for once a second.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn now(&mut self) -> Result<Usage> {
        if self.tree_is_of.elapsed() > Duration::from_secs(1) {
            (self.tree, self.tree_is_of) = (tree(self.pid, self.has_children)?, Instant::now());
        }
        let stats = stats(&self.tree);
        let pages: u64 = stats.iter().map(|stat| stat.rss).sum();
        let rss_mib = (pages * procfs::page_size()) as f64 / MIB;
        Ok(Usage { cpu_s: cpu_s(&stats) - self.cpu_s_before, rss_mib })
    }
}

/// The process ids of a process and of all its descendants.
///
/// # Errors
/// When there is no such process.
pub fn pids(root: u32) -> Result<Vec<u32>> {
    let root = i32::try_from(root).context("a process id is a positive number")?;
    Ok(tree(root, true)?.iter().filter_map(|process| u32::try_from(process.pid).ok()).collect())
}

/// The process and, if wanted, all its descendants.
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

/// CPU seconds of these processes and of their children that have ended.
fn cpu_s(stats: &[Stat]) -> f64 {
    let ticks = |stat: &Stat| stat.utime as i64 + stat.stime as i64 + stat.cutime + stat.cstime;
    stats.iter().map(ticks).sum::<i64>() as f64 / procfs::ticks_per_second() as f64
}

fn stats(tree: &[Process]) -> Vec<Stat> {
    tree.iter().filter_map(|process| process.stat().ok()).collect()
}

/// Memory of one or more processes in MiB, from `/proc/<pid>/smaps_rollup`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Resident: what is shared counts in full for each process.
    pub rss_mib: f64,
    /// Proportional: what is shared is divided among those who share it. The sum over processes is
    /// what they take together.
    pub pss_mib: f64,
}

/// The memory of processes, added up.
///
/// # Errors
/// When one is gone.
pub fn memory(pids: impl Iterator<Item = u32>) -> Result<Memory> {
    let mut sum = Memory::default();
    for pid in pids {
        let rollup =
            process(pid)?.smaps_rollup().context("failed to read the memory of a process")?;
        let of = |name: &str| {
            let maps = rollup.memory_map_rollup.iter();
            maps.filter_map(|map| map.extension.map.get(name)).sum::<u64>() as f64 / MIB
        };
        sum.rss_mib += of("Rss");
        sum.pss_mib += of("Pss");
    }
    Ok(sum)
}

/// The CPU time of processes in ms since their start, all threads.
///
/// # Errors
/// When one is gone.
pub fn cpu_ms(pids: impl Iterator<Item = u32>) -> Result<f64> {
    let mut ns = 0;
    for pid in pids {
        for thread in process(pid)?.tasks().context("failed to list the threads of a process")? {
            let thread = thread.context("a thread ended while it was watched")?;
            ns += thread
                .schedstat()
                .context("failed to read the CPU time of a thread")?
                .sum_exec_runtime;
        }
    }
    Ok(ns as f64 / 1e6)
}

/// The CPU time of idle processes over so many seconds, in ms for each of them.
///
/// # Errors
/// When one is gone, or a stop is asked for.
pub fn idle_cpu_ms_per_s(pids: &[u32], seconds: u64) -> Result<f64> {
    let before = cpu_ms(pids.iter().copied())?;
    stop::sleep(Duration::from_secs(seconds))?;
    let used = cpu_ms(pids.iter().copied())? - before;
    Ok(used / seconds as f64)
}

fn process(pid: u32) -> Result<Process> {
    let pid = i32::try_from(pid).context("a process id is a positive number")?;
    Process::new(pid).with_context(|| format!("process {pid} is gone"))
}

/// Redis, by its own account and, where it runs on this machine, by the system's.
#[derive(Debug)]
pub struct WatchedRedis {
    local: Option<Watched>,
    cpu_s_before: f64,
    /// What it had used at the last look, and what servers before it had: it may be restarted in
    /// the midst of a run.
    cpu_s_now: f64,
    cpu_s_of_earlier: f64,
    /// The most memory seen.
    rss_mib_seen: f64,
}

impl WatchedRedis {
    /// Begins to watch the server behind a connection.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn new(redis: &mut RedisConnection) -> Result<Self> {
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

    /// What it used since, and the most memory meanwhile. For a server elsewhere that is the most
    /// that its data ever took.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn usage(&mut self, redis: &mut RedisConnection) -> Result<Usage> {
        let now = self.now(redis)?;
        let rss_mib = match &self.local {
            Some(watched) => watched.usage()?.rss_mib,
            None => info(redis)?.get::<f64>("used_memory_peak").unwrap_or_default() / MIB,
        };
        Ok(Usage { rss_mib: rss_mib.max(self.rss_mib_seen), ..now })
    }

    /// What it used since, and the memory just now. For a server elsewhere that is what its data
    /// takes.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn now(&mut self, redis: &mut RedisConnection) -> Result<Usage> {
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

/// How long instances took to start, as local-runtime tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct InstanceStarts {
    /// Instances started.
    pub starts: u64,
    /// Median in microseconds.
    pub p50_us: u64,
    /// 99th percentile in microseconds.
    pub p99_us: u64,
}

#[derive(Deserialize)]
struct AllInstanceStarts {
    all: InstanceStarts,
}

impl InstanceStarts {
    /// Where a local-runtime that serves at this URL tells them.
    pub fn url(base_url: &str) -> String {
        format!("{base_url}/.well-known/local-runtime/instance-starts")
    }

    /// Forgets what was measured so far.
    ///
    /// # Errors
    /// When the runtime does not answer.
    pub fn reset(url: &str) -> Result<()> {
        let what = || format!("--instance-starts-url: failed to reset {url}");
        agent().delete(url).call().with_context(what)?;
        Ok(())
    }

    /// Asks the runtime.
    ///
    /// # Errors
    /// When the runtime does not answer.
    pub fn get(url: &str) -> Result<Self> {
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

/// One that does not wait for long: an app that hangs must not hold up a run.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER_LIMIT)).build().into()
}
