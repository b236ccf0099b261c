//! Ticks every worker's process once a second by `GET /<component>/tick`, as the probes of a
//! cluster do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::supervisor::Supervisor;
use crate::app;

const PERIOD: Duration = Duration::from_secs(1);

/// Dropping it stops the ticks.
#[derive(Debug)]
pub(crate) struct Ticks {
    rings: Arc<AtomicU64>,
}

impl Ticks {
    /// Each process has its own thread: one that hangs does not delay the others.
    pub(crate) fn start(supervisor: &Supervisor) -> Self {
        let rings = Arc::new(AtomicU64::new(0));
        for (component, endpoint) in supervisor.workers() {
            let rings = Arc::downgrade(&rings);
            std::thread::spawn(move || {
                let agent = app::probe_agent();
                loop {
                    let rung = app::tick(&agent, &endpoint, component).unwrap_or_default();
                    let Some(rings) = rings.upgrade() else { return };
                    rings.fetch_add(u64::from(rung), Ordering::Relaxed);
                    drop(rings);
                    std::thread::sleep(PERIOD);
                }
            });
        }
        Self { rings }
    }

    /// How often a tick found waiting work and no ring.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::Relaxed)
    }
}
