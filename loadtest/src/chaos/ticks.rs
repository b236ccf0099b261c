//! Ticks every worker's process once a second by `GET /<component>/tick`, as the probes of a
//! cluster do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::supervisor::Supervisor;
use crate::app;

const PERIOD: Duration = Duration::from_secs(1);

/// Dropping it stops the ticks.
#[derive(Debug)]
pub(crate) struct Ticks {
    stop: Arc<AtomicBool>,
    rings: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Ticks {
    /// Each process has its own thread: one that hangs does not delay the others.
    pub(crate) fn start(supervisor: &Supervisor) -> Self {
        let (stop, rings) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = supervisor
            .workers()
            .map(|(component, endpoint)| {
                let (stop, rings) = (Arc::clone(&stop), Arc::clone(&rings));
                std::thread::spawn(move || {
                    let agent = app::probe_agent();
                    while !stop.load(Ordering::Relaxed) {
                        let rung = app::tick(&agent, &endpoint, component).unwrap_or_default();
                        rings.fetch_add(u64::from(rung), Ordering::Relaxed);
                        std::thread::park_timeout(PERIOD);
                    }
                })
            })
            .collect();
        Self { stop, rings, threads }
    }

    /// How often a tick found waiting work and no ring.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::Relaxed)
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
