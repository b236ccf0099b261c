//! What the loadtest reports, and that it detects a faulty pipeline.

use std::process::Command;

use loadtest::report::Report;
use orders::{Lane, Times};
use queue::{Keys, Stream};
use redis::Commands;
use redis::streams::StreamRangeReply;

use crate::support::{Loads, TestApp, an_order, binary, wait_until_waiting};

#[test]
fn three_bursts_in_a_row_are_confirmed_each_order_once() {
    let app = TestApp::start();
    for seed in ["1", "1", "2"] {
        let report = app.run(&["burst", "--orders", "2000", "--seed", seed]);
        assert_eq!((report.orders, report.confirmed), (2_000, 2_000));
        assert_eq!((report.dead_lettered, report.duplicate_deliveries), (0, 0));
        assert_eq!(report.lanes.simple + report.lanes.complex, 2_000);
        let share = report.lanes.complex as f64 / 2_000.0;
        assert!((0.25..=0.35).contains(&share), "about 30 % are complex, found {share}");
        assert!(report.total_s > 0.0 && report.orders_per_s > 0.0);
        assert!(
            report.latency_ms.p50 <= report.latency_ms.p99
                && report.latency_ms.p99 <= report.latency_ms.max
        );
        assert!(report.cpu_s.app.unwrap() > 0.0 && report.rss_mib.app.unwrap() > 1.0);
        assert!(report.instance_starts.unwrap() >= 3, "each of the three workers ran");
        assert!(report.instance_start_us.unwrap().p50 > 0);
        assert_eq!(report.report_version, Report::VERSION);
        assert_eq!(report.loadtest_version, env!("CARGO_PKG_VERSION"));
    }
    let totals = &app.get("/stats").body["totals"];
    let confirmed = |lane: &str| totals[format!("confirmed_{lane}")].as_u64().unwrap();
    assert_eq!(confirmed("simple") + confirmed("complex"), 6_000);
}

#[test]
fn mutated_orders_that_kept_their_identity_from_an_earlier_run_are_not_lost() {
    let app = TestApp::start();
    let first = app.run(&["burst", "--orders", "3000", "--mutated", "1", "--seed", "5"]);
    let again = app.run(&["burst", "--orders", "3000", "--mutated", "1", "--seed", "5"]);
    assert!(again.dead_lettered > 1_000 && first.confirmed > 0, "{}", again.to_text());
}

#[test]
fn the_references_plain_orders_are_split_sensibly() {
    let app = TestApp::start();
    let report = app.run(&["burst", "--orders", "2000", "--prescriptions", "0"]);
    let share = report.lanes.complex as f64 / 2_000.0;
    assert!((0.1..=0.35).contains(&share), "found {share}");
}

#[test]
fn a_burst_frees_nothing_that_the_app_keeps_for_longer_than_the_default() {
    let app = TestApp::start_with(&[("retention_s", "604800")]);
    let (mut redis, keys) = (app.redis(), app.keys());
    assert_eq!(app.get("/stats").status, 200, "it marks the queue");
    let (now_s, _): (u64, u64) = redis::cmd("TIME").query(redis.inner()).unwrap();
    let old_ms = (now_s - 2 * 86_400) * 1_000;
    let (entry, id) = (format!("{old_ms}-0"), "00000000-0000-4000-8000-000000000001");
    let fields = [("order_id", id), ("confirmation", "{}")];
    let _: String = redis.inner().xadd(keys.results(), &entry, &fields).unwrap();
    let record = format!("confirmed {entry} {entry} simple {entry} 0 - -");
    let _: u64 = redis.inner().hset(keys.index(), id, &record).unwrap();
    let _: u64 = redis.inner().hset(keys.format(), "rotated_ms", old_ms).unwrap();
    let mut kept = || -> (usize, Option<String>) {
        let found: StreamRangeReply = redis.inner().xrange(keys.results(), &entry, &entry).unwrap();
        (found.ids.len(), redis.inner().hget(keys.index(), id).unwrap())
    };
    let all = (1, Some(record));
    assert_eq!(app.get("/stats").status, 200, "it ticks with the retention of the app");
    assert_eq!(kept(), all);
    app.run(&["burst", "--orders", "10"]);
    assert_eq!(kept(), all);
}

#[test]
fn a_burst_of_no_orders_is_a_burst() {
    let app = TestApp::start();
    let report = app.run(&["burst", "--orders", "0"]);
    assert_eq!((report.orders, report.confirmed), (0, 0));
}

#[test]
fn orders_that_vanish_are_lost_and_orders_that_still_wait_are_late() {
    // No app at all: the orders stay in ingress, and one of them is taken out.
    let server = private_redis::RedisServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let url = server.url();
    let thief = std::thread::spawn(move || {
        let mut redis = native::RedisConnection::open(&url).unwrap();
        let keys = Keys::new(&orders::pipeline::settings());
        let ingress = keys.stream(Stream::Ingress);
        wait_until_waiting(&mut redis, 3);
        let entries: StreamRangeReply = redis.inner().xrange_all(ingress).unwrap();
        let _: u64 = redis.inner().xdel(ingress, &[&entries.ids[0].id]).unwrap();
    });
    let output = Command::new(binary("loadtest"))
        .args(["burst", "--orders", "3", "--from-zero", "--patience", "1s", "--redis-url"])
        .args([&server.url(), "--json"])
        .arg(&json)
        .output()
        .unwrap();
    thief.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let counts = "lost 1  late 2  confirmed twice 0  wrong 0";
    assert!(text.contains(counts) && text.contains("FAILED"), "{text}");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!((&report["lost"], &report["late"]), (&1.into(), &2.into()));
    let ids = report["failures"]["lost"].as_array().unwrap();
    assert_eq!(ids.len(), 1);
    assert!(text.contains(&format!("lost: {}", ids[0].as_str().unwrap())), "{text}");
}

#[test]
fn orders_that_no_list_holds_are_counted() {
    let server = private_redis::RedisServer::start().unwrap();
    let url = server.url();
    let thief = std::thread::spawn(move || {
        let mut redis = native::RedisConnection::open(&url).unwrap();
        let keys = Keys::new(&orders::pipeline::settings());
        let ingress = keys.stream(Stream::Ingress);
        wait_until_waiting(&mut redis, 10_795);
        let _: u64 = redis.inner().del(ingress).unwrap();
    });
    let output = Command::new(binary("loadtest"))
        .args(["burst", "--orders", "10795", "--from-zero", "--redis-url", &server.url()])
        .output()
        .unwrap();
    thief.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "lost: 10,775 more (the first 1,000 are in the JSON report)\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn twice_confirmed_wrong_and_misrouted_orders_are_distinguished_from_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.ndjson");
    let orders: Vec<String> = (1..=3).map(an_order).collect();
    std::fs::write(&file, orders.join("\n")).unwrap();
    let server = private_redis::RedisServer::start().unwrap();
    let mut redis = native::RedisConnection::open(&server.url()).unwrap();
    let url = server.url();
    // Forges the results: order 1 confirmed twice, order 2 in the wrong lane, order 3 not at all.
    let forger = std::thread::spawn(move || {
        let keys = Keys::new(&orders::pipeline::settings());
        let ingress = keys.stream(Stream::Ingress);
        wait_until_waiting(&mut redis, 3);
        let entries: StreamRangeReply = redis.inner().xrange_all(ingress).unwrap();
        let entries = entries.ids;
        for number in [1, 1, 2] {
            let order: String = entries[number - 1].get("order").unwrap();
            let queued_at_ms = queue::milliseconds(&entries[number - 1].id).unwrap();
            let times = Times { queued_at_ms, decided_at_ms: queued_at_ms };
            let lane = if number == 1 { Lane::Simple } else { Lane::Complex };
            let forged = orders::fulfil(order.as_bytes(), lane, times).unwrap();
            let id = forged.id.to_string();
            let fields =
                [("order_id", id.as_bytes()), ("confirmation", forged.confirmation.as_slice())];
            let _: String = redis.inner().xadd(keys.results(), "*", &fields).unwrap();
        }
        let _: u64 = redis.inner().del(ingress).unwrap();
    });
    let output = Command::new(binary("loadtest"))
        .args(["burst", "--from-zero", "--redis-url", &url, "--file"])
        .arg(&file)
        .output()
        .unwrap();
    forger.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("lost 1  late 0  confirmed twice 1  wrong 1"), "{text}");
    for (kind, number) in [("confirmed twice", 1), ("wrong", 2), ("lost", 3)] {
        assert!(text.contains(&format!("{kind}: 00000000-0000-4000-8000-{number:012x}")), "{text}");
    }
}

#[test]
fn generated_orders_are_the_same_for_the_same_seed_and_valid() {
    let generate = |arguments: &[&str]| {
        let output =
            Command::new(binary("loadtest")).arg("generate").args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let first = generate(&["--orders", "500", "--seed", "7"]);
    assert_eq!(first, generate(&["--orders", "500", "--seed", "7"]));
    assert_ne!(first, generate(&["--orders", "500", "--seed", "8"]));
    assert_eq!(first.lines().count(), 500);
    let mut ids = std::collections::BTreeSet::new();
    for line in first.lines() {
        let order = orders::order::Order::parse(line.as_bytes()).unwrap();
        assert_eq!(order.id.get_version_num(), 4);
        ids.insert(order.id);
    }
    assert_eq!(ids.len(), 500);
}
