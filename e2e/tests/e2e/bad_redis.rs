//! Redis in every bad state: what the API answers and what is logged. No order is accepted that was
//! not written, no process uses much CPU meanwhile, and work continues automatically when Redis
//! recovers.
//!
//! Most rows of the table in `docs/troubleshooting.md` have a test here. Redis killed in the middle
//! is in `outage`.

use std::time::{Duration, Instant};

use native::RedisConnection;
use orders::pipeline::SIMPLE;
use private_redis::RedisServer;
use redis::Commands;

use crate::proxy::{Mode, Proxy};
use e2e::{Setup, TestApp, an_order};

/// The most CPU time that the app may use in a second in which it can do nothing.
const IDLE_CPU: Duration = Duration::from_millis(150);
/// Short, so that what was claimed when Redis failed is soon claimed again.
const VARIABLES: [(&str, &str); 2] = [("claim_idle_ms", "500"), ("bell_ms", "200")];

fn start_plain() -> TestApp {
    confirm(TestApp::start_with(&VARIABLES), 1)
}

/// Starts the app behind a proxy and has an order confirmed.
fn start_behind_proxy(arguments: &[&str]) -> (TestApp, Proxy) {
    let server = RedisServer::start().unwrap();
    let proxy = Proxy::before(server.port());
    let url = proxy.url();
    let setup =
        Setup { variables: &VARIABLES, redis_url: Some(&url), arguments, ..Setup::default() };
    let mut app = TestApp::listen_on(server, &setup);
    app.poll_until("the app answers", |app| (app.get("/readyz").status == 200).then_some(()));
    (confirm(app, 1), proxy)
}

fn state(app: &TestApp, number: u32) -> String {
    let answer = app.get(&format!("/orders/00000000-0000-4000-8000-{number:012x}"));
    answer.body["state"].as_str().unwrap_or_default().to_owned()
}

/// Sends an order until it is taken in, and waits for its confirmation; all that is asked for is an
/// open dashboard.
fn confirm(mut app: TestApp, number: u32) -> TestApp {
    app.poll_until("an order is taken in", |app| {
        let answer = app.try_get("/readyz").map(|_| app.post("/orders", an_order(number)))?;
        (answer.status == 202).then_some(())
    });
    app.poll_until("the order is confirmed", |app| {
        app.get("/stats");
        (state(app, number) == "confirmed").then_some(())
    });
    app
}

/// Nothing is taken in, each answer has this code, the log these words, and the app is at rest.
fn refuses(app: &mut TestApp, code: &str, log: &str) {
    let answer = app.post("/orders", an_order(2));
    assert_eq!(answer.outcome(), (503, code), "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    app.poll_until("the log says why", |app| app.said().contains(log).then_some(()));
    is_at_rest(app);
}

fn is_at_rest(app: &TestApp) {
    let ticks_per_second = procfs::ticks_per_second();
    let process = procfs::process::Process::new(app.pid() as i32).unwrap();
    let used = || {
        let stat = process.stat().unwrap();
        Duration::from_secs_f64((stat.utime + stat.stime) as f64 / ticks_per_second as f64)
    };
    let (start, before) = (Instant::now(), used());
    // Not a wait for something: the second in which the app is watched.
    std::thread::sleep(Duration::from_secs(1));
    let rate = used().saturating_sub(before).div_f64(start.elapsed().as_secs_f64());
    assert!(rate < IDLE_CPU, "{rate:?} of CPU time in a second");
}

/// Order 2, which was refused, was not written; sent again it is confirmed, once.
fn is_healed(app: TestApp) {
    assert_eq!(state(&app, 2), "", "an order that was refused is not there");
    let app = confirm(app, 2);
    let length: u64 = app.redis().inner().xlen(app.keys().results()).unwrap();
    assert_eq!(length, 2);
}

#[test]
fn down_at_the_start_it_is_waited_for() {
    let mut server = RedisServer::start().unwrap();
    server.kill().unwrap();
    let mut app = TestApp::listen_on(server, &Setup { variables: &VARIABLES, ..Setup::default() });
    refuses(&mut app, "queue_unavailable", "can't be reached, trying again");
    app.server.restart().unwrap();
    is_healed(confirm(app, 1));
}

#[test]
fn loading_is_said_and_waited_for() {
    let (mut app, proxy) = start_behind_proxy(&[]);
    proxy.set(Mode::Loading);
    refuses(
        &mut app,
        "queue_loading",
        "failed to enqueue: An error was signalled by the server - BusyLoadingError",
    );
    assert_eq!(app.get("/readyz").outcome(), (503, "queue_loading"));
    proxy.set(Mode::Forward);
    is_healed(app);
}

#[test]
fn a_replica_is_read_from_and_not_written_to() {
    let mut app = start_plain();
    let nobody = private_redis::free_port().unwrap().to_string();
    let () =
        redis::cmd("REPLICAOF").arg(&["127.0.0.1", &nobody]).query(app.redis().inner()).unwrap();
    refuses(&mut app, "queue_read_only", "ReadOnly: You can't write against a read only replica");
    assert_eq!(state(&app, 1), "confirmed");
    let () = redis::cmd("REPLICAOF").arg(&["NO", "ONE"]).query(app.redis().inner()).unwrap();
    is_healed(app);
}

#[test]
fn without_memory_nothing_comes_in_and_what_is_in_goes_out() {
    let mut app = start_plain();
    let keys = app.keys();
    let mut redis = app.redis();
    // In the stream without a bell, so that it is still there when the memory is gone.
    let _: String = redis
        .inner()
        .xadd(keys.stream(queue::Stream::Ingress), "*", &[("order", an_order(3))])
        .unwrap();
    let () = redis::cmd("CONFIG").arg(&["SET", "maxmemory", "100kb"]).query(redis.inner()).unwrap();
    refuses(&mut app, "queue_out_of_memory", "failed to enqueue: OOM");
    app.poll_until("the order that was in is confirmed, by ticks alone", |app| {
        for component in ["distributor", "receiver-simple"] {
            assert_eq!(app.get(&format!("/{component}/tick")).status, 200);
        }
        (state(app, 3) == "confirmed").then_some(())
    });
    let () = redis::cmd("CONFIG").arg(&["SET", "maxmemory", "0"]).query(redis.inner()).unwrap();
    let _: u64 =
        redis.inner().xtrim(keys.results(), redis::streams::StreamMaxlen::Equals(1)).unwrap();
    is_healed(app);
}

#[test]
fn a_key_of_another_type_is_left_alone() {
    let mut app = start_plain();
    let ingress = app.keys().stream(queue::Stream::Ingress).to_owned();
    let mut redis = app.redis();
    let () = redis.inner().set(&ingress, "somebody else's").unwrap();
    refuses(&mut app, "queue_refused", "WRONGTYPE");
    assert_eq!(app.get("/stats").outcome(), (503, "queue_refused"));
    assert_eq!(redis.inner().get::<_, String>(&ingress).unwrap(), "somebody else's");
    let () = redis.inner().del(&ingress).unwrap();
    is_healed(app);
}

#[test]
fn a_drain_that_redis_refuses_says_why_and_loses_nothing() {
    let mut app = start_plain();
    let lane = app.keys().stream(SIMPLE).to_owned();
    let mut redis = app.redis();
    let _: u64 = redis.inner().del(&lane).unwrap();
    let () = redis.inner().set(&lane, "somebody else's").unwrap();
    for number in 10..30 {
        app.xadd(an_order(number));
    }
    app.poll_until("the log has Redis's code, the command and the key", |app| {
        app.get("/distributor/tick");
        let said = app.said();
        let mut causes = said.lines().filter(|line| line.contains("failed to commit: "));
        causes
            .any(|line| line.contains("WRONGTYPE") && line.contains("(XADD {orders}:simple)"))
            .then_some(())
    });
    let _: u64 = redis.inner().del(&lane).unwrap();
    app.poll_until("all are confirmed", |app| {
        (app.get("/stats").body["totals"]["confirmed_simple"] == 21).then_some(())
    });
}

#[test]
fn forgotten_scripts_are_sent_again() {
    let app = start_plain();
    let () = redis::cmd("SCRIPT").arg("FLUSH").query(app.redis().inner()).unwrap();
    assert_eq!(app.post("/orders", an_order(2)).status, 202, "nobody notices");
    let app = confirm(app, 2);
    assert!(!app.said().contains("NoScript"), "{}", app.said());
}

#[test]
fn a_password_that_is_asked_for_and_not_given_is_said() {
    let mut app = start_plain();
    let mut redis = app.redis();
    let () =
        redis::cmd("CONFIG").arg(&["SET", "requirepass", "hush"]).query(redis.inner()).unwrap();
    refuses(
        &mut app,
        "queue_refused",
        "failed to enqueue: An error was signalled by the server - ResponseError: Protocol error: \
         unauthenticated",
    );
    assert_eq!(app.get("/readyz").outcome(), (503, "queue_refused"));
    app.poll_until("the log says it in better words", |app| {
        app.said().contains("NOAUTH").then_some(())
    });
    let () = redis::cmd("CONFIG").arg(&["SET", "requirepass", ""]).query(redis.inner()).unwrap();
    is_healed(app);
}

#[test]
fn slow_is_slow_and_nothing_else() {
    let (app, proxy) = start_behind_proxy(&[]);
    proxy.set(Mode::Slow(Duration::from_millis(300)));
    let begin = Instant::now();
    assert_eq!(app.post("/orders", an_order(2)).status, 202);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    is_at_rest(&app);
    let app = confirm(app, 2);
    let length: u64 = app.redis().inner().xlen(app.keys().results()).unwrap();
    assert_eq!(length, 2);
}

#[test]
fn a_half_open_connection_is_given_up_and_made_again() {
    let (mut app, proxy) = start_behind_proxy(&["--invocation-timeout-ms", "1000"]);
    proxy.set(Mode::HalfOpen);
    let answer = app.post("/orders", an_order(2));
    assert_eq!(answer.status, 500, "it is unknown whether it was written: {}", answer.body);
    app.poll_until("the log says why", |app| {
        app.said()
            .contains("longer than 1000 ms and was ended (--invocation-timeout-ms)")
            .then_some(())
    });
    app.poll_until("the triggers notice", |app| app.said().contains("lost Redis at").then_some(()));
    is_at_rest(&app);
    proxy.set(Mode::Forward);
    is_healed(app);
}

#[test]
fn restarted_empty_it_is_set_up_again() {
    let mut app = start_plain();
    app.server.kill().unwrap();
    let data = app.server.folder().join("appendonlydir");
    std::fs::remove_dir_all(&data).unwrap();
    app.server.restart().unwrap();
    let app = confirm(app, 2);
    let mut redis = RedisConnection::open(&app.server.url()).unwrap();
    let length: u64 = redis.inner().xlen(app.keys().results()).unwrap();
    assert_eq!(length, 1, "what Redis lost is lost; what came after is done");
}
