//! The one wasmtime engine: a pool of instance slots made ready in advance, so that a start is a matter of
//! microseconds, and, where a time limit is set, the thread that lets it run out.

use std::time::Duration;

use anyhow::{Result, ensure};
use wasmtime::component::Component;
use wasmtime::error::Context;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Instances that run at once, as in Spin. A further event fails.
const MAX_INSTANCES: u32 = 1000;
/// What one component may be composed of, as in Spin. A larger one is refused at the start.
const CORE_INSTANCES: u32 = 200;
const MEMORIES: u32 = 32;
const TABLES: u32 = 64;
/// Core modules of one component that has not been composed: its own, the adapter and the shims
/// between them.
const USUAL_CORE_INSTANCES: u32 = 6;
/// The most entries of a table, which bounds the functions a component may have.
const TABLE_ELEMENTS: usize = 100_000;
/// The most that a linear memory can have: 4 GiB. A lower limit is set for each instance.
const MAX_MEMORY: usize = 1 << 32;
/// The unit of a linear memory in bytes.
const PAGE: u64 = 1 << 16;
/// Memory of a slot that is kept, zeroed by hand, from one instance to the next: cheaper than
/// faulting it in again. Where the kernel can say which pages were written to (Linux 6.7), it is
/// those; else the first, where a guest of Rust has its unused stack.
const KEEP_RESIDENT: usize = 256 * 1024;

/// What one instance may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Size of a linear memory in bytes.
    pub(crate) max_memory: usize,
    /// Time from the call to its end.
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

    /// How often the epoch advances where there is a time limit.
    fn tick(timeout: Duration) -> Duration {
        (timeout / 10).clamp(Duration::from_millis(1), Duration::from_millis(100))
    }

    /// The epochs an instance may see, for a time limit; one more than fits, as the first may be nearly over.
    pub(crate) fn deadline_ticks(timeout: Duration) -> u64 {
        let ticks = timeout.as_nanos().div_ceil(Self::tick(timeout).as_nanos());
        u64::try_from(ticks).unwrap_or(u64::MAX - 1) + 1
    }
}

/// Makes the engine, and starts its ticking thread if there is a time limit.
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
