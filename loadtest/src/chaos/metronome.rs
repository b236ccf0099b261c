//! Ticks as the probes of a cluster do: `GET /<component>/tick` of every worker's process, once a
//! second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::supervisor::{Endpoint, Supervisor, lock};

const PERIOD: Duration = Duration::from_secs(1);
/// How long a probe waits, as a cluster's do by default.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// The running metronome. Dropping it stops it.
#[derive(Debug)]
pub struct Metronome {
    stop: Arc<AtomicBool>,
    rings: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Metronome {
    /// Ticks every worker's process, each on its own: one that hangs does not hold up the others.
    pub fn start(supervisor: &Supervisor) -> Self {
        let (stop, rings) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = supervisor
            .workers()
            .map(|(component, endpoint)| {
                let (stop, rings) = (Arc::clone(&stop), Arc::clone(&rings));
                std::thread::spawn(move || {
                    let agent: ureq::Agent = ureq::Agent::config_builder()
                        .timeout_global(Some(PROBE_LIMIT))
                        .build()
                        .into();
                    while !stop.load(Ordering::Relaxed) {
                        let rung = tick(&agent, component, &endpoint).unwrap_or_default();
                        rings.fetch_add(u64::from(rung), Ordering::Relaxed);
                        std::thread::park_timeout(PERIOD);
                    }
                })
            })
            .collect();
        Self { stop, rings, threads }
    }

    /// How often a tick found work that nobody had been rung for.
    pub fn rings(&self) -> u64 {
        self.rings.load(Ordering::Relaxed)
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Whether the bell was rung; `None` where the process did not answer, which is what faults are
/// for.
fn tick(agent: &ureq::Agent, component: &str, endpoint: &Endpoint) -> Option<bool> {
    let url = lock(endpoint).clone()?;
    let mut response = agent.get(format!("{url}/{component}/tick")).call().ok()?;
    let tick: serde_json::Value = response.body_mut().read_json().ok()?;
    tick["rung"].as_bool()
}
