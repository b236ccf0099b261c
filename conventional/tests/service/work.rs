//! Roles, outages, pauses, the tick, the probe.

use std::time::{Duration, Instant};

use native::RedisConnection;
use private_redis::{Options, RedisServer};
use queue::{Queue, Stream};
use redis::Commands;
use serde_json::{Map, Value};
use supervise::Signal;

use crate::support::{Service, add, connect, keys, poll_until, program, ring, stats};

#[test]
fn a_role_drains_its_own_stream_and_no_other() {
    let server = RedisServer::start().unwrap();
    let mut redis = connect(&server);
    add(&mut redis, Stream::Ingress, 0..10);
    let distributor = Service::ready(&server, &["--role", "distributor"]);
    assert!(
        distributor.said().contains("ready as distributor; redis 127.0.0.1:"),
        "{}",
        distributor.said()
    );
    poll_until("all are routed", || {
        (stats(&mut redis).streams["simple"].messages == 10).then_some(())
    });
    add(&mut redis, Stream::Ingress, 10..20);
    let simple = Service::ready(&server, &["--role", "receiver-simple"]);
    poll_until("all are confirmed", || (stats(&mut redis).results >= 10).then_some(()));
    assert!(!simple.said().contains("\"component\":\"distributor\""), "{}", simple.said());
    ring(&mut redis, Stream::Ingress);
    poll_until("the rest is confirmed", || (stats(&mut redis).results == 20).then_some(()));
    let totals = stats(&mut redis).totals;
    assert_eq!(
        (totals["applied_ingress:conventional"], totals["applied_simple:conventional"]),
        (20, 20)
    );
}

#[test]
fn a_drain_and_a_dead_letter_are_logged_with_the_fields_of_a_component() {
    let server = RedisServer::start().unwrap();
    let mut redis = connect(&server);
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let fields = [("order", "{}"), ("traceparent", traceparent)];
    let ingress = keys().stream(Stream::Ingress).to_owned();
    let _: String = redis.inner().xadd(ingress, "*", &fields).unwrap();
    let service = Service::ready(&server, &["--role", "distributor"]);
    let said = poll_until("the drain is logged", || {
        Some(service.said()).filter(|said| said.contains("\"drained\""))
    });
    let json =
        said.lines().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
    let names = json.map(|line| line.keys().cloned().collect::<Vec<_>>().join(" "));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "code component delivery_count entry_id event id level stream trace_id",
            "component elapsed_ms event level oldest_wait_ms stream tally trace_ids",
        ]
    );
}

#[test]
fn work_that_nobody_rang_for_is_found_by_the_tick() {
    let server = RedisServer::start().unwrap();
    let mut redis = connect(&server);
    let _service = Service::ready(&server, &[]);
    add(&mut redis, Stream::Ingress, 0..3);
    poll_until("all are confirmed", || (stats(&mut redis).results == 3).then_some(()));
}

#[test]
fn an_idle_service_drops_the_confirmations_that_were_kept_for_long_enough() {
    let server = RedisServer::start().unwrap();
    let mut redis = connect(&server);
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(redis.inner()).unwrap();
    let mut pipeline = redis::pipe();
    for number in 0..1_000 {
        let id = format!("{}-{number}", (seconds - 3_600) * 1_000);
        pipeline.xadd(keys().results(), id, &[("order_id", "old")]).ignore();
    }
    let () = pipeline.query(redis.inner()).unwrap();
    let _service = Service::ready(&server, &["--role", "receiver-complex", "--retention-s", "60"]);
    // Whole nodes of a stream are dropped, 100 entries each.
    poll_until("they are dropped", || (stats(&mut redis).results < 100).then_some(()));
}

/// How many scripts the server has run: a claim is one, a tick is one.
fn scripts_run(redis: &mut RedisConnection) -> u64 {
    let info: redis::InfoDict =
        redis::cmd("INFO").arg("commandstats").query(redis.inner()).unwrap();
    let calls = |name: &str| {
        let line: Option<String> = info.get(&format!("cmdstat_{name}"));
        let calls =
            line.and_then(|line| line.split_once("calls=")?.1.split_once(',')?.0.parse().ok());
        calls.unwrap_or(0_u64)
    };
    calls("eval") + calls("evalsha")
}

#[test]
fn a_paused_stream_is_left_alone_without_a_hot_loop_and_begun_at_once_when_it_is_resumed() {
    let server = RedisServer::start().unwrap();
    let (mut redis, settings) = (connect(&server), orders::pipeline::settings());
    Queue::new(&mut redis, &settings).pause(Stream::Ingress, "maintenance").unwrap();
    add(&mut redis, Stream::Ingress, 0..10);
    let service = Service::ready(&server, &[]);
    // A ring from outside is heard, and finds the pause.
    ring(&mut redis, Stream::Ingress);
    let (before, began) = (scripts_run(&mut redis), Instant::now());
    // Three roles tick once a second. Up to 9 scripts may come from the start and the ring, and 3 more
    // are sent twice when they are new.
    poll_until("the tick has ticked", || (scripts_run(&mut redis) >= before + 20).then_some(()));
    assert!(began.elapsed() > Duration::from_millis(1_500), "20 scripts in {:?}", began.elapsed());
    let paused = stats(&mut redis);
    assert_eq!((paused.streams["ingress"].length, paused.streams["ingress"].pending), (10, 0));
    assert!(!service.said().contains("drained"), "{}", service.said());
    assert!(Queue::new(&mut redis, &settings).resume(Stream::Ingress).unwrap());
    poll_until("all are confirmed", || (stats(&mut redis).results == 10).then_some(()));
}

#[test]
fn it_logs_once_that_redis_is_unavailable_and_continues_when_it_is_back() {
    let options = Options { fsync_always: true, ..Options::default() };
    let mut server = RedisServer::start_with(&options).unwrap();
    let service = Service::ready(&server, &["--role", "distributor,receiver-simple"]);
    server.kill().unwrap();
    let count = || service.said().matches("failed to connect to redis").count();
    poll_until("both roles notice", || (count() >= 2).then_some(()));
    server.restart().unwrap();
    let mut redis = connect(&server);
    add(&mut redis, Stream::Ingress, 0..10);
    poll_until("all are confirmed", || (stats(&mut redis).results == 10).then_some(()));
    assert_eq!(count(), 2, "{}", service.said());
    assert!(service.said().matches("Connection refused").count() <= 2, "{}", service.said());
    assert_eq!(service.said().matches("ready").count(), 1, "{}", service.said());
}

#[test]
fn a_service_whose_output_is_closed_works_through_an_outage_and_stops_with_success() {
    let options = Options { fsync_always: true, ..Options::default() };
    let mut server = RedisServer::start_with(&options).unwrap();
    let mut service = Service::start_unheard(&server);
    for confirmed in 1..=2 {
        let mut redis = connect(&server);
        add(&mut redis, Stream::Ingress, confirmed..confirmed + 1);
        poll_until("all are confirmed", || {
            (stats(&mut redis).results == u64::from(confirmed)).then_some(())
        });
        server.kill().unwrap();
        server.restart().unwrap();
    }
    service.signal(Signal::SIGTERM);
    let (_, status) = service.end(Instant::now());
    assert!(status.success(), "{status}");
}

#[test]
fn the_probe_succeeds_as_long_as_redis_answers_and_the_streams_are_streams() {
    let mut server = RedisServer::start().unwrap();
    let url = server.url();
    let check = || program().arg("check").env("REDIS_URL", &url).output().unwrap();
    assert!(check().status.success());
    let mut redis = connect(&server);
    add(&mut redis, Stream::Ingress, 0..2);
    let output = check();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "conventional: redis answers, 2 orders wait\n"
    );
    let () = redis.inner().set(keys().stream(orders::pipeline::COMPLEX), "no stream").unwrap();
    let output = check();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("WRONGTYPE"), "{error}");
    server.kill().unwrap();
    let output = check();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("failed to connect to redis"), "{error}");
    assert_eq!(error.matches("Connection refused").count(), 1, "{error}");
}
