//! Calls `GET /<component>/tick` of each worker once a second, in place of the probes of a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::app::Endpoint;

const PERIOD: Duration = Duration::from_secs(1);
/// The time limit of a call; probes in Kubernetes have the same default.
const LIMIT: Duration = Duration::from_secs(1);
/// How often a starting process is checked for its first answer.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Dropping it stops the ticks.
#[derive(Debug)]
pub(crate) struct Ticks {
    rings: Arc<AtomicU64>,
}

impl Ticks {
    /// Workers are given by component and endpoint. Each has its own thread, so that one that hangs
    /// does not delay the others.
    pub(crate) fn start(workers: impl IntoIterator<Item = (&'static str, Endpoint)>) -> Self {
        let rings = Arc::new(AtomicU64::new(0));
        for (component, endpoint) in workers {
            let rings = Arc::downgrade(&rings);
            std::thread::spawn(move || {
                let agent =
                    ureq::Agent::config_builder().timeout_global(Some(LIMIT)).build().into();
                let mut pause = LOOK_EVERY;
                while let Some(rings) = rings.upgrade() {
                    let rung = tick(&agent, &endpoint, component);
                    rings.fetch_add(u64::from(rung == Some(true)), Ordering::Relaxed);
                    drop(rings);
                    if rung.is_some() {
                        pause = PERIOD;
                    }
                    std::thread::sleep(pause);
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

/// Whether the bell of a component was rung; `None` if the process did not answer.
fn tick(agent: &ureq::Agent, endpoint: &Endpoint, component: &str) -> Option<bool> {
    let url = endpoint.url()?;
    let mut response = agent.get(format!("{url}/{component}/tick")).call().ok()?;
    let tick: serde_json::Value = response.body_mut().read_json().ok()?;
    tick["rung"].as_bool()
}
