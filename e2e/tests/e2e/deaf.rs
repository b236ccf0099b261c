//! Workers that do not hear their bell: the tick says so by 503, so that a probe restarts them.

use private_redis::RedisServer;
use redis::Commands;

use crate::proxy::{Mode, Proxy};
use e2e::{Setup, TestApp, an_order, changed_manifest};

/// Short, so that each tick may ring.
const VARIABLES: [(&str, &str); 2] = [("bell_ms", "50"), ("claim_idle_ms", "500")];

/// Ticks until the distributor counts as deaf: what the tick said then, and how many subscribers got
/// the rings before.
fn tick_until_deaf(app: &mut TestApp) -> (serde_json::Value, u64) {
    let (mut ticks, mut heard) = (0, 0);
    app.poll_until("the tick answers 503", |app| {
        let tick = app.get("/distributor/tick");
        ticks += 1;
        heard = heard.max(tick.body["heard"].as_u64().unwrap_or_default());
        assert!(tick.status == 200 || ticks > 3, "three rings may go unanswered: {}", tick.body);
        (tick.status == 503).then_some((tick.body, heard))
    })
}

#[test]
fn a_worker_that_is_not_subscribed_is_reported_and_one_that_is_ends_that() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        changed_manifest(folder.path(), "spin.toml", "{{ queue }}.ingress", "{{ queue }}.nowhere");
    let setup = Setup { variables: &VARIABLES, manifest: Some(&manifest), ..Setup::default() };
    let mut app = TestApp::listen_on(RedisServer::start().unwrap(), &setup);
    for _ in 0..10 {
        let tick = app.get("/distributor/tick");
        assert_eq!(tick.status, 200, "nothing waits: {}", tick.body);
    }
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    let (tick, heard) = tick_until_deaf(&mut app);
    assert_eq!((&tick["waiting"], heard), (&1.into(), 0), "{tick}");
    assert!(tick["unanswered_rings"].as_u64() >= Some(3), "{tick}");
    app.poll_until("the log says so", |app| {
        app.said().contains("rings were not answered").then_some(())
    });
    assert_eq!(app.get("/receiver-simple/tick").status, 200, "nothing waits there");

    let url = app.server.url();
    let setup = Setup { variables: &VARIABLES, redis_url: Some(&url), ..Setup::default() };
    let mut restarted = TestApp::listen_on(RedisServer::start().unwrap(), &setup);
    restarted.poll_until("the order is confirmed", |restarted| {
        restarted.get("/distributor/tick");
        (restarted.get("/stats").body["totals"]["confirmed_simple"] == 1).then_some(())
    });
    for app in [&app, &restarted] {
        assert_eq!(app.get("/distributor/tick").status, 200);
    }
}

#[test]
fn a_worker_behind_a_half_open_connection_is_reported() {
    let server = RedisServer::start().unwrap();
    let proxy = Proxy::before(server.port());
    let url = proxy.url();
    let setup = Setup {
        variables: &VARIABLES,
        redis_url: Some(&url),
        // As Spin: what is heard on a connection is waited for without a limit.
        arguments: &["--no-reconnect"],
        ..Setup::default()
    };
    let mut app = TestApp::listen_on(server, &setup);
    app.poll_until("the app answers", |app| (app.get("/readyz").status == 200).then_some(()));
    proxy.set(Mode::HalfOpen);
    let (mut redis, keys) = (app.redis(), app.keys());
    let channel = keys.channel(queue::Stream::Ingress);
    app.poll_until("the connection of the trigger is dead", |_| {
        let _: u64 = redis.inner().publish(channel, "").unwrap();
        (proxy.swallowed() > 0).then_some(())
    });
    proxy.set(Mode::Forward);
    app.xadd(an_order(1));
    let (tick, heard) = tick_until_deaf(&mut app);
    assert_eq!(heard, 1, "Redis counts it as a subscriber: {tick}");
}
