//! Memory, CPU time and connections of idle processes, as the system and Redis tell them.

use std::time::Duration;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use procfs::process::Process;
use procfs::{Current, Meminfo};
use serde::Serialize;

use crate::stop;

const MIB: f64 = 1024.0 * 1024.0;

/// Memory of one or more processes in MiB, from `/proc/<pid>/smaps_rollup`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Resident: what is shared counts in full for each process.
    pub rss_mib: f64,
    /// Proportional: what is shared is divided among those who share it. The sum over processes is what they take together.
    pub pss_mib: f64,
}

/// What Redis holds for idle applications.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Redis {
    /// Connections, this program's own left out.
    pub connections: u64,
    /// Memory by its own account, in MiB.
    pub memory_mib: f64,
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

/// Memory of this machine in MiB: all, and what is available.
///
/// # Errors
/// When the system does not tell.
pub fn machine() -> Result<(f64, f64)> {
    let info = Meminfo::current().context("failed to read /proc/meminfo")?;
    let available = info.mem_available.context("/proc/meminfo does not tell what is available")?;
    Ok((info.mem_total as f64 / MIB, available as f64 / MIB))
}

/// What Redis holds.
///
/// # Errors
/// When it fails.
pub fn redis(redis: &mut RedisConnection) -> Result<Redis> {
    let info: redis::InfoDict =
        redis::cmd("INFO").query(redis.inner()).context("failed to ask redis for its figures")?;
    let connections: u64 =
        info.get("connected_clients").context("redis does not tell its connections")?;
    let memory: f64 = info.get("used_memory").context("redis does not tell its memory")?;
    Ok(Redis { connections: connections.saturating_sub(1), memory_mib: memory / MIB })
}
