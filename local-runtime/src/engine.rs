//! The wasmtime engine: a pool of pre-allocated instance slots, so that a start takes microseconds.
//!
//! If there is a time limit, a thread advances the epoch.

use std::time::Duration;

use anyhow::{Result, ensure};
use wasmtime::component::Component;
use wasmtime::error::Context;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Instances that run at once, as in Spin. A further event fails.
const MAX_INSTANCES: u32 = 1000;
/// Limits of one composed component, as in Spin. A larger one is refused at the start.
const CORE_INSTANCES: u32 = 200;
const MEMORIES: u32 = 32;
const TABLES: u32 = 64;
/// Core instances of a component without dependencies: its module, the adapter and the shims
/// between them.
const USUAL_CORE_INSTANCES: u32 = 6;
/// Maximum number of entries in a table, which limits the functions of a component.
const TABLE_ELEMENTS: usize = 100_000;
/// Maximum size of a linear memory in bytes: 4 GiB. Each instance may have a lower limit.
const MAX_MEMORY: usize = 1 << 32;
/// Size in bytes of a page, the unit of a linear memory.
const PAGE: u64 = 1 << 16;
/// Bytes of a slot that stay resident from one instance to the next. Zeroing them is cheaper than
/// new page faults.
///
/// From Linux 6.7 the kernel reports which pages were written, and these are kept. Before, the
/// first pages are kept, where a Rust guest has its unused stack.
const KEEP_RESIDENT: usize = 256 * 1024;

/// Limits of one instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Maximum size of a linear memory in bytes.
    pub(crate) max_memory: usize,
    /// Maximum duration of an invocation.
    pub(crate) timeout: Option<Duration>,
}

impl Limits {
    /// Refuses a component that would start with more memory than an instance may have.
    pub(crate) fn check(&self, component: &Component) -> Result<()> {
        let pages = component.resources_required().and_then(|all| all.max_initial_memory_size);
        let needed = pages.unwrap_or_default() * PAGE;
        let limit = self.max_memory;
        ensure!(
            needed <= limit as u64,
            "it needs at least {needed} bytes of memory, and the limit is {limit} bytes \
             (--max-instance-memory or SPIN_MAX_INSTANCE_MEMORY)"
        );
        Ok(())
    }

    /// The interval at which the epoch advances, if there is a time limit.
    fn tick(timeout: Duration) -> Duration {
        (timeout / 10).clamp(Duration::from_millis(1), Duration::from_millis(100))
    }

    /// The number of epochs after which an instance is ended. It is one more than fits into the
    /// limit, because the first epoch may be nearly over.
    pub(crate) fn deadline_ticks(timeout: Duration) -> u64 {
        let ticks = timeout.as_nanos().div_ceil(Self::tick(timeout).as_nanos());
        u64::try_from(ticks).unwrap_or(u64::MAX - 1) + 1
    }
}

/// Creates the engine. If there is a time limit, starts the thread that advances the epoch.
pub(crate) fn engine(limits: Limits) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * USUAL_CORE_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES * 2)
        .total_stacks(MAX_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(MAX_MEMORY)
        .table_elements(TABLE_ELEMENTS)
        .pagemap_scan(wasmtime::Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .memory_init_cow(true)
        .epoch_interruption(limits.timeout.is_some())
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).context(
        "failed to reserve 4 GiB of addresses for each of 1,000 instances; see ulimit -v",
    )?;
    if let Some(timeout) = limits.timeout {
        let (engine, tick) = (engine.weak(), Limits::tick(timeout));
        std::thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    std::thread::sleep(tick);
                }
            })
            .context("failed to start the thread of --invocation-timeout-ms")?;
    }
    Ok(engine)
}

#[cfg(test)]
mod tests;
