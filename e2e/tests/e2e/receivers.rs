//! The receivers of the simple lane, in Rust and in TypeScript. Tests of their common behaviour use
//! this list.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use queue::{GROUP, Stream};
use redis::Commands;
use redis::streams::{StreamReadOptions, StreamReadReply};
use serde_json::{Value, json};

use crate::logs::lines;
use e2e::{Setup, TestApp, an_order};
use orders::pipeline::SIMPLE;

/// A receiver of the simple lane.
pub(crate) struct Receiver {
    pub(crate) manifest: &'static str,
    pub(crate) wasm: &'static str,
    /// The same receiver, but it crashes on some orders.
    pub(crate) twin: &'static str,
}

pub(crate) const RECEIVERS: [Receiver; 2] = [
    Receiver {
        manifest: "spin.toml",
        wasm: "target/wasm32-wasip1/release/receiver_simple.wasm",
        twin: "target/wasm32-wasip1/release/examples/poison.wasm",
    },
    Receiver {
        manifest: "spin.typescript.toml",
        wasm: "typescript/receiver-simple/dist/receiver-simple.wasm",
        twin: "typescript/receiver-simple/dist/poison.wasm",
    },
];

/// Short, so that what is pending is soon overdue.
const VARIABLES: [(&str, &str); 2] = [("claim_idle_ms", "500"), ("bell_ms", "50")];

impl Receiver {
    /// Starts the app with this receiver, and waits until it hears its bells.
    pub(crate) fn start(&self, variables: &[(&str, &str)]) -> TestApp {
        let manifest = Some(Path::new(self.manifest));
        one_by_one(|| TestApp::start_as(&Setup { variables, manifest, ..Setup::default() }))
    }
}

/// The first start compiles a component, which is slow; the others find it in the cache.
pub(crate) fn one_by_one(start: impl FnOnce() -> TestApp) -> TestApp {
    static STARTS: Mutex<()> = Mutex::new(());
    let _guard = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
    start()
}

fn confirmed(app: &TestApp) -> u64 {
    // Looking at the figures ticks.
    app.get("/stats").body["totals"]["confirmed_simple"].as_u64().unwrap_or_default()
}

/// Waits until so many orders are confirmed, and none of them twice.
fn are_confirmed_once(app: &mut TestApp, orders: u64) {
    app.poll_until("all orders are confirmed", |app| (confirmed(app) == orders).then_some(()));
    let length: u64 = app.redis().inner().xlen(app.keys().results()).unwrap();
    assert_eq!(length, orders);
}

fn post(app: &TestApp, orders: u32) {
    let orders: Vec<String> = (1..=orders).map(an_order).collect();
    assert_eq!(app.post("/orders", orders.join("\n")).status, 202);
}

#[test]
fn a_batch_that_a_dead_drain_held_is_split_and_confirmed() {
    let tallies = RECEIVERS.map(|receiver| {
        let mut app = receiver.start(&VARIABLES);
        assert_eq!(
            app.put("/control/simple", json!({ "paused": true, "reason": "r" })).status,
            200
        );
        post(&app, 5);
        let (mut redis, keys) = (app.redis(), app.keys());
        let options = StreamReadOptions::default().group(GROUP, "dead").count(10);
        let _: Result<(), _> = redis.inner().xgroup_create_mkstream(keys.stream(SIMPLE), GROUP, 0);
        app.poll_until("the dead drain has the batch", |_| {
            let lane = [keys.stream(SIMPLE)];
            let read: Option<StreamReadReply> =
                redis.inner().xread_options(&lane, &[">"], &options).unwrap();
            read.map(drop)
        });
        assert_eq!(app.delete("/control/simple").status, 200);
        are_confirmed_once(&mut app, 5);
        app.poll_until("the drain is logged", |app| {
            let split = |line: &Value| line["tally"]["split"] == 1 && line["stream"] == "simple";
            let mut line = lines(app, "drained").into_iter().find(split)?;
            serde_json::from_value::<BTreeMap<String, Value>>(line["tally"].take()).ok()
        })
    });
    let [rust, typescript] = tallies.map(|tally| tally.into_keys().collect::<Vec<_>>());
    assert_eq!(rust, typescript, "a log is read in the same way");
}

#[test]
fn a_kill_in_mid_burst_loses_nothing_and_confirms_nothing_twice() {
    const ORDERS: u32 = 5_000;
    // Small batches take long.
    let variables = [VARIABLES[0], VARIABLES[1], ("batch_size", "3")];
    for receiver in RECEIVERS {
        let mut app = receiver.start(&variables);
        post(&app, ORDERS);
        let mut redis = app.redis();
        app.poll_until("some orders are confirmed", |app| {
            (redis.inner().xlen::<_, u32>(app.keys().results()).unwrap() > 0).then_some(())
        });
        app.kill();
        let url = app.server.url();
        let done: u32 = redis.inner().xlen(app.keys().results()).unwrap();
        assert!(0 < done && done < ORDERS, "{done}: the kill came too late");
        let setup = Setup {
            variables: &variables,
            redis_url: Some(&url),
            manifest: Some(Path::new(receiver.manifest)),
            ..Setup::default()
        };
        let mut restarted = one_by_one(|| TestApp::start_as(&setup));
        restarted.poll_until("all orders are confirmed", |restarted| {
            restarted.get("/distributor/tick");
            (confirmed(restarted) == u64::from(ORDERS)).then_some(())
        });
        let length: u32 = redis.inner().xlen(app.keys().results()).unwrap();
        assert_eq!(length, ORDERS);
        let waiting: u64 = redis.inner().xlen(app.keys().stream(Stream::Ingress)).unwrap();
        assert_eq!(waiting, 0);
    }
}
