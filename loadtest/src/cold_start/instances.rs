//! How long an instance takes to start: a fresh sandbox for each event, by local-runtime's own
//! meter.
//!
//! The meter runs from the event, a request's head or a bell whose turn it is, to an instance that
//! is ready to be called. Every event that is sent must have started one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use native::RedisConnection;
use orders::pipeline::{STREAMS, component};
use private_redis::RedisServer;
use queue::Keys;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::measure::InstanceStarts;
use crate::stop;
use crate::versus::sides::{Side, Sides, Spread};

/// A route of each component that does little and changes nothing in an empty queue.
const ROUTES: [(&str, &str); 4] = [
    ("orders-api", "/readyz"),
    ("distributor", "/distributor/tick"),
    ("receiver-simple", "/receiver-simple/tick"),
    ("receiver-complex", "/receiver-complex/tick"),
];
/// Events that are sent to each component before anything counts: slots, pages and connections are
/// there then.
const UNCOUNTED: u32 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The instances of one component for one kind of event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Instances {
    /// The component.
    pub component: String,
    /// `http`, or `redis` for bells.
    pub trigger: &'static str,
    /// How long they took.
    #[serde(flatten)]
    pub starts: Starts,
}

/// How long instances took to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starts {
    /// How many there were: one for each event.
    pub starts: u64,
    /// Median in microseconds.
    pub p50_us: u64,
    /// 99th percentile in microseconds.
    pub p99_us: u64,
    /// The slowest in microseconds.
    pub max_us: u64,
}

#[derive(Deserialize)]
struct Meter {
    components: BTreeMap<String, Starts>,
}

/// Sends `events` requests and bells to each component of an app on an empty queue.
///
/// # Errors
/// When the app does not start or answer, or an event did not start an instance within `limit`.
pub fn measure(sides: &Sides, events: u32, limit: Duration) -> Result<Vec<Instances>> {
    let server = RedisServer::start()?;
    let apps = sides.start(Side::Wasm, Spread::OneProcess, &server.url())?;
    let app = apps.first().context("one process was started")?;
    app.wait_until_ready(limit)?;
    let url = app.said().urls().first().cloned().context("the app did not say where it serves")?;
    let mut redis = RedisConnection::open(&server.url()).context("failed to connect to redis")?;
    let mut rig = Rig { app, redis: &mut redis, url, limit };
    rig.requests(UNCOUNTED)?;
    rig.bells(UNCOUNTED)?;
    let mut instances = rig.requests(events)?;
    instances.extend(rig.bells(events)?);
    Ok(instances)
}

struct Rig<'a> {
    app: &'a App,
    redis: &'a mut RedisConnection,
    url: String,
    limit: Duration,
}

impl Rig<'_> {
    /// One request after the other, as probes come.
    fn requests(&mut self, events: u32) -> Result<Vec<Instances>> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(self.limit)).build().into();
        InstanceStarts::reset(&self.meter())?;
        for (_, route) in ROUTES {
            let url = format!("{}{route}", self.url);
            for _ in 0..events {
                stop::check()?;
                let mut answer =
                    agent.get(&url).call().with_context(|| format!("failed to ask {url}"))?;
                // Read to its end, so that the connection can carry the next one.
                answer.body_mut().read_to_vec().with_context(|| format!("failed to read {url}"))?;
            }
        }
        self.collect("http", &ROUTES.map(|(component, _)| component), events)
    }

    /// All bells of a component at once; a trigger takes one after the other.
    fn bells(&mut self, events: u32) -> Result<Vec<Instances>> {
        let keys = Keys::new(&orders::pipeline::settings());
        InstanceStarts::reset(&self.meter())?;
        for stream in STREAMS {
            let mut rings = redis::pipe();
            (0..events).for_each(|_| {
                rings.cmd("PUBLISH").arg(keys.channel(stream)).arg("").ignore();
            });
            rings.query::<()>(self.redis.inner()).context("failed to ring a bell")?;
            // One component after the other: they would take the processors from each other.
            self.wait_for(component(stream), events)?;
        }
        self.collect("redis", &STREAMS.map(component), events)
    }

    fn collect(
        &mut self,
        trigger: &'static str,
        components: &[&str],
        events: u32,
    ) -> Result<Vec<Instances>> {
        let starts = |component: &&str| {
            let starts = self.wait_for(component, events)?;
            Ok(Instances { component: (*component).to_owned(), trigger, starts })
        };
        components.iter().map(starts).collect()
    }

    /// Waits until a component was started as often as it had events.
    fn wait_for(&mut self, component: &str, events: u32) -> Result<Starts> {
        let deadline = Instant::now() + self.limit;
        loop {
            let url = self.meter();
            let what = || format!("failed to read {url}");
            let mut answer = ureq::get(&url).call().with_context(what)?;
            let meter: Meter = answer.body_mut().read_json().with_context(what)?;
            let starts = meter.components.get(component).copied();
            match starts {
                Some(starts) if starts.starts == u64::from(events) => return Ok(starts),
                _ if Instant::now() > deadline => {
                    let found = starts.map_or(0, |starts| starts.starts);
                    bail!("{component} was started {found} times by {events} events");
                }
                _ => {}
            }
            self.app.check()?;
            stop::sleep(LOOK_EVERY)?;
        }
    }

    fn meter(&self) -> String {
        InstanceStarts::url(&self.url)
    }
}
