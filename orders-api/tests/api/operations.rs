//! `/stats`, `/metrics` and `/readyz`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use orders_api::families;

use crate::support::{TestApi, an_order, file, repository};

/// Some of everything: confirmed, dead-lettered, duplicate, waiting, paused.
fn busy() -> TestApi {
    let api = TestApi::start();
    api.post("/orders", format!("[{},{}]", an_order(1), an_order(2)));
    api.post("/orders", an_order(1));
    api.add("order", "broken");
    api.work();
    api.put("/control/complex", &serde_json::json!({ "paused": true, "reason": "x" }));
    api.post("/orders", an_order(3));
    api
}

/// Samples by name with labels.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    let samples: BTreeMap<String, f64> = lines.clone().map(sample).collect();
    assert_eq!(samples.len(), lines.count(), "no sample is there twice");
    samples
}

#[test]
fn stats_count_orders_and_entries_and_ring_for_what_was_left_waiting() {
    let api = busy();
    let stats = api.get("/stats").body;
    let ingress = &stats["streams"]["ingress"];
    assert_eq!(
        (&ingress["messages"], &ingress["length"], &ingress["pending"]),
        (&1.into(), &1.into(), &0.into())
    );
    assert_eq!((&ingress["added"], &ingress["vanished"]), (&5.into(), &0.into()));
    assert_eq!((&stats["confirmations"], &stats["deadLetters"]), (&2.into(), &1.into()));
    assert_eq!(stats["totals"]["applied_ingress:spin"], 4);
    let _: () = api.command("DEL {orders}:bell:ingress");
    api.get("/metrics");
    let rung: bool = api.command("EXISTS {orders}:bell:ingress");
    assert!(!rung, "a scrape rings no bell");
    api.get("/stats");
    let rung: bool = api.command("EXISTS {orders}:bell:ingress");
    assert!(rung);
}

#[test]
fn the_metrics_add_up_and_have_the_names_and_labels_of_the_docs() {
    let api = busy();
    let answer = api.get("/metrics");
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("text/plain; version=0.0.4"), "{content_type}");
    let page = answer.body.as_str().unwrap();
    let samples = samples(page);
    for (name, expected) in [
        ("orders_stream_entries{stream=\"ingress\",state=\"waiting\"}", 1.0),
        ("orders_stream_messages{stream=\"ingress\"}", 1.0),
        ("orders_stream_paused{stream=\"complex\"}", 1.0),
        ("orders_stream_paused{stream=\"simple\"}", 0.0),
        ("orders_stream_added_total{stream=\"ingress\"}", 5.0),
        ("orders_applied_total{stream=\"ingress\",consumer=\"spin\"}", 4.0),
        ("orders_routed_total{lane=\"simple\"}", 2.0),
        ("orders_confirmed_total{lane=\"simple\"}", 2.0),
        ("orders_dead_lettered_total{stream=\"ingress\",code=\"invalid_json\"}", 1.0),
        ("orders_duplicates_total", 1.0),
        ("orders_vanished_total{stream=\"ingress\"}", 0.0),
        ("orders_clock_steps_total{stream=\"ingress\"}", 0.0),
        ("orders_wait_seconds_count{stream=\"ingress\"}", 4.0),
        ("orders_wait_seconds_bucket{stream=\"ingress\",le=\"+Inf\"}", 4.0),
        ("orders_end_to_end_seconds_count{lane=\"simple\"}", 2.0),
        ("orders_batch_size_sum{stream=\"ingress\"}", 4.0),
        ("orders_confirmations", 2.0),
        ("orders_dead_letters", 1.0),
        ("orders_redis_may_evict", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&expected), "{name} in {page}");
    }
    let docs = file("docs/operate.md");
    let rows: Vec<Vec<&str>> = docs
        .lines()
        .filter(|line| line.starts_with("| `orders_"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let documented: Vec<(&str, &str)> =
        rows.iter().map(|row| (row[0].trim_matches('`'), row[1])).collect();
    let served: Vec<(&str, &str)> = families().collect();
    assert_eq!(documented.iter().collect::<BTreeSet<_>>(), served.iter().collect::<BTreeSet<_>>());
    assert_eq!(documented.len(), served.len(), "no metric is there twice");
    for (row, (name, kind)) in rows.iter().zip(&documented) {
        assert!(page.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        assert!(page.contains(&format!("# HELP {name} {}\n", row[3])), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name}");
        let labels: Vec<&str> = row[2].split(", ").map(|label| label.trim_matches('`')).collect();
        let of_it = samples.keys().find(|key| {
            key.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('{') || rest.starts_with("_count")
            })
        });
        let found = of_it.unwrap_or_else(|| panic!("{name} has no sample"));
        let found = found.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        let found: Vec<&str> = found.split(',').map(|it| it.split('=').next().unwrap()).collect();
        assert_eq!(found, labels, "{name}");
    }
}

#[test]
fn promtool_finds_nothing_to_blame() {
    let own = repository().join("target/promtool/usr/bin/promtool");
    let program = if own.exists() { own } else { PathBuf::from("promtool") };
    let page = busy().get("/metrics").body;
    let mut tool = Command::new(program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: `cargo xtask test` installs it");
    tool.stdin.take().unwrap().write_all(page.as_str().unwrap().as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.is_empty(), "{text}");
}

/// A producer that trims ingress deletes acknowledged orders.
#[test]
fn orders_that_another_program_trimmed_are_counted() {
    let api = TestApi::start();
    api.post("/orders", format!("[{},{},{}]", an_order(1), an_order(2), an_order(3)));
    let _: i64 = api.command("XTRIM {orders}:ingress MAXLEN 1");
    assert_eq!(api.get("/stats").body["streams"]["ingress"]["vanished"], 2);
    let page = api.get("/metrics").body;
    assert_eq!(samples(page.as_str().unwrap())["orders_vanished_total{stream=\"ingress\"}"], 2.0);
}

/// A policy that evicts may drop acknowledged orders.
#[test]
fn a_policy_that_may_evict_is_named() {
    let api = TestApi::start();
    assert_eq!(api.get("/readyz").body, serde_json::json!({ "status": "ok" }));
    let _: String = api.command("CONFIG SET maxmemory-policy allkeys-lru");
    let health = api.get("/readyz");
    assert_eq!((health.status, &health.body["status"]), (200, &"ok".into()));
    assert!(health.body["warning"].as_str().unwrap().contains("allkeys-lru"), "{}", health.body);
    let page = api.get("/metrics").body;
    assert_eq!(samples(page.as_str().unwrap())["orders_redis_may_evict"], 1.0);
}
