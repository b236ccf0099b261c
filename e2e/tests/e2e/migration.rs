//! A migration: the Wasm components and the native service drain the same streams at once, and
//! either may be killed at any moment.

use std::thread;
use std::time::{Duration, Instant};

use e2e::{PATIENCE, TestApp, binary, stats};
use orders::pipeline::{COMPLEX, STREAMS, settings};
use queue::{Queue, Stats};
use serde_json::Value;
use supervise::{Process, Signal};

/// Small batches, so that both get some of every wave; and what a dead program held is redelivered
/// within the test's patience.
const BATCH_SIZE: &str = "20";
const CLAIM_IDLE_MS: &str = "1000";

const SPIN: &str = "spin";
const CONVENTIONAL: &str = "conventional";

/// The native service, all three roles.
struct Containers(Process);

impl Containers {
    fn start(redis_url: &str) -> Self {
        let mut command = supervise::app(binary("conventional"));
        command.args(["--redis-url", redis_url, "--batch-size", BATCH_SIZE]);
        command.args(["--claim-idle-ms", CLAIM_IDLE_MS]);
        Self(Process::start_reading("conventional", command, |_| {}).unwrap())
    }
}

fn start_app() -> TestApp {
    TestApp::start_with(&[("batch_size", BATCH_SIZE), ("claim_idle_ms", CLAIM_IDLE_MS)])
}

fn share(stats: &Stats, stream: &str, consumer: &str) -> u64 {
    stats.shares().get(stream).and_then(|shares| shares.get(consumer)).copied().unwrap_or_default()
}

fn run_burst(app: &TestApp, orders: u64, seed: u64) -> Value {
    app.burst(&["--orders", &orders.to_string(), "--seed", &seed.to_string()])
}

/// Every order was found once with the right bytes, and the shares of each stage add up to the
/// orders that passed it.
fn assert_books(stats: &Stats, reports: &[Value]) {
    for report in reports {
        let shares = report["shares"].as_array().unwrap().iter();
        let ingress = shares.filter(|share| share["stream"] == "ingress");
        let routed = ingress.map(|share| share["orders"].as_u64().unwrap());
        assert_eq!(
            routed.sum::<u64>(),
            report["orders"],
            "the report names the consumers: {}",
            report["shares"]
        );
        assert_eq!(
            (&report["confirmed"], &report["duplicate_deliveries"]),
            (&report["orders"], &0.into())
        );
    }
    let sum = |field: &str| {
        let counts = reports.iter().map(|report| report.pointer(field).unwrap().as_u64().unwrap());
        counts.sum::<u64>()
    };
    let expected = [sum("/orders"), sum("/lanes/simple"), sum("/lanes/complex")];
    for (stream, expected) in STREAMS.into_iter().zip(expected) {
        let shares = [SPIN, CONVENTIONAL].map(|consumer| share(stats, stream.as_str(), consumer));
        assert_eq!(shares[0] + shares[1], expected, "{}: {shares:?}", stream.as_str());
    }
}

#[test]
fn components_and_containers_share_the_waves_of_a_burst_and_every_order_is_done_once() {
    let app = start_app();
    let _containers = Containers::start(&app.server.url());
    let mut redis = app.redis();
    let mut reports = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    let all_have_some = |stats: &Stats| {
        STREAMS.iter().all(|stream| {
            [SPIN, CONVENTIONAL].iter().all(|consumer| share(stats, stream.as_str(), consumer) > 0)
        })
    };
    // Who hears the bell first is chance, so there may have to be more waves than four.
    while reports.len() < 4 || !all_have_some(&stats(&mut redis)) {
        assert!(
            Instant::now() < deadline,
            "one of the two gets nothing: {:?}",
            stats(&mut redis).shares()
        );
        reports.push(run_burst(&app, 2_000, reports.len() as u64));
    }
    assert_books(&stats(&mut redis), &reports);
    // An operator sees the same.
    let totals = &app.get("/stats").body["totals"];
    let ingress = [SPIN, CONVENTIONAL]
        .map(|consumer| totals[format!("applied_ingress:{consumer}")].as_u64().unwrap());
    assert_eq!(ingress.iter().sum::<u64>(), reports.len() as u64 * 2_000);
}

/// Starts a burst, kills a process as soon as it has routed some of it, and returns how much. A lane
/// is paused until the kill, so the burst cannot be over by then.
fn kill_in_mid_burst(app: &TestApp, kill: impl Fn(), consumer: &str) -> (Value, u64) {
    const ORDERS: u64 = 20_000;
    let mut redis = app.redis();
    let settings = settings();
    Queue::new(&mut redis, &settings).pause(COMPLEX, "a burst").unwrap();
    thread::scope(|scope| {
        let sender = scope.spawn(|| run_burst(app, ORDERS, 7));
        let deadline = Instant::now() + PATIENCE;
        while share(&stats(&mut redis), "ingress", consumer) == 0 {
            assert!(Instant::now() < deadline, "waited in vain until {consumer} routes");
            thread::sleep(Duration::from_millis(1));
        }
        kill();
        let after = stats(&mut redis);
        assert!(after.results < ORDERS / 2, "the kill came too late, after {}", after.results);
        Queue::new(&mut redis, &settings).resume(COMPLEX).unwrap();
        (sender.join().unwrap(), share(&after, "ingress", consumer))
    })
}

#[test]
fn containers_finish_a_burst_when_the_app_dies_in_its_midst() {
    let app = start_app();
    let _containers = Containers::start(&app.server.url());
    let (report, done) = kill_in_mid_burst(&app, || app.signal(Signal::SIGKILL), SPIN);
    let stats = stats(&mut app.redis());
    assert_books(&stats, &[report]);
    assert!(share(&stats, "ingress", CONVENTIONAL) > 0);
    // What Redis had in hand from the dead program at the moment of the look is all that may come
    // on top.
    assert!(share(&stats, "ingress", SPIN) - done <= 20, "a dead program has done something");
}

#[test]
fn the_app_finishes_a_burst_when_the_containers_die_in_its_midst() {
    let app = start_app();
    let containers = Containers::start(&app.server.url());
    let (report, done) =
        kill_in_mid_burst(&app, || containers.0.signal(Signal::SIGKILL), CONVENTIONAL);
    let stats = stats(&mut app.redis());
    assert_books(&stats, &[report]);
    assert!(share(&stats, "ingress", SPIN) > 0);
    assert!(
        share(&stats, "ingress", CONVENTIONAL) - done <= 20,
        "a dead program has done something"
    );
}
