//! The overlay `observability`: what Prometheus is told to ask for, alerts, and the dashboard, held against the metrics there are.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use manifest_checks::object::Object;
use manifest_checks::render::render;
use serde_json::{Value, json};
use shared::metrics::{FAMILIES, Kind};

use crate::support::{inputs, manifests, object, repository};

fn objects() -> Vec<Object> {
    render(&manifests().join("overlays/observability")).unwrap()
}

fn dashboard() -> Value {
    let objects = objects();
    let map = object(&objects, "ConfigMap/order-pipeline-dashboard");
    serde_json::from_str(map.text("/data/order-pipeline.json")).unwrap()
}

/// The queries of the dashboard with what Grafana puts in.
fn queries() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions = targets.map(|target| target["expr"].as_str().unwrap());
    expressions.map(|text| text.replace("$__rate_interval", "5m").replace("$job", ".*")).collect()
}

fn alerts() -> Value {
    object(&objects(), "PrometheusRule/order-pipeline").0["spec"].clone()
}

/// Names that a page of metrics has.
fn served() -> BTreeSet<String> {
    let names = FAMILIES.iter().flat_map(|family| match family.kind {
        Kind::Histogram => {
            ["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", family.name)).to_vec()
        }
        Kind::Counter | Kind::Gauge => vec![family.name.to_owned()],
    });
    names.collect()
}

/// Everything in an expression that is named like a metric of the pipeline.
fn named(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("orders_")).map(str::to_owned).collect()
}

/// A file with this JSON, which is YAML too.
fn file(json: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{json}").unwrap();
    file
}

fn promtool_checks(rules: &Value) {
    promtool(["check", "rules"], rules);
}

/// Debian's promtool, which `cargo xtask test` gets; one on the PATH is as good.
fn promtool(command: [&str; 2], input: &Value) {
    let own = repository().join("target/promtool/usr/bin/promtool");
    let program = if own.exists() { own } else { PathBuf::from("promtool") };
    let input = file(input);
    let output = Command::new(program)
        .args(command)
        .arg(input.path())
        .output()
        .expect("promtool is there: `cargo xtask test` gets it");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn every_metric_that_the_dashboard_and_the_alerts_ask_for_is_served() {
    let served = served();
    let groups = alerts();
    let rules = groups["groups"][0]["rules"].as_array().unwrap();
    let alerts = rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned());
    let mut shown = BTreeSet::new();
    for expression in queries().into_iter().chain(alerts) {
        let names = named(&expression);
        assert!(!names.is_empty(), "{expression}");
        assert!(names.is_subset(&served), "{expression}: {:?}", &names - &served);
        shown.extend(names);
    }
    for family in FAMILIES {
        assert!(
            shown.iter().any(|name| name.starts_with(family.name)),
            "nobody looks at {}",
            family.name
        );
    }
    assert!(!served.contains("orders_confirmed"), "a name without its end is none");
}

#[test]
fn promtool_understands_every_query_and_every_alert() {
    promtool_checks(&alerts());
    let rules: Vec<Value> = queries()
        .iter()
        .enumerate()
        .map(|(number, query)| json!({ "record": format!("query_{number}"), "expr": query }))
        .collect();
    assert!(rules.len() > 20, "{}", rules.len());
    promtool_checks(&json!({ "groups": [{ "name": "dashboard", "rules": rules }] }));
}

#[test]
fn a_partition_that_works_hides_none_that_does_not() {
    let series = |name: &str, queue: &str, values: &str| json!({ "series": format!("{name}{{queue=\"{queue}\",stream=\"ingress\",state=\"waiting\"}}"), "values": values });
    let fired = |name: &str, queue: &str, labels: Value, summary: &str| {
        let mut labels = labels;
        labels["queue"] = queue.into();
        let alerts = json!([{ "exp_labels": labels, "exp_annotations": { "summary": summary } }]);
        json!({ "eval_time": "80m", "alertname": name, "exp_alerts": alerts })
    };
    let rules = file(&alerts());
    let input = json!({
        "rule_files": [rules.path()],
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": [
                series("orders_stream_entries", "orders", "5x120"),
                series("orders_stream_entries", "orders-1", "5x120"),
                series("orders_stream_entries", "orders-2", "5x40"),
                series("orders_drains_total", "orders", "0+10x120"),
                series("orders_drains_total", "orders-1", "7x120"),
                series("orders_stream_paused", "orders", "0x120"),
                series("orders_stream_paused", "orders-1", "0x120"),
            ],
            "alert_rule_test": [
                fired(
                    "OrdersAreNotDrained",
                    "orders-1",
                    json!({ "severity": "critical", "stream": "ingress" }),
                    "Orders wait in ingress of orders-1 and nobody drains it",
                ),
                fired(
                    "PartitionIsNotMeasured",
                    "orders-2",
                    json!({ "severity": "critical" }),
                    "The Redis of orders-2 does not answer the API",
                ),
                { "eval_time": "80m", "alertname": "OrdersAreNotMeasured", "exp_alerts": [] },
            ],
        }],
    });
    promtool(["test", "rules"], &input);
}

#[test]
fn panels_have_titles_places_and_units_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut titles = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in panels {
        assert!(titles.insert(panel["title"].as_str().unwrap()), "{}", panel["title"]);
        assert!(!panel["description"].as_str().unwrap().is_empty(), "{}", panel["title"]);
        assert!(panel.pointer("/fieldConfig/defaults/unit").is_some(), "{}", panel["title"]);
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(
                    x < 24 && cells.insert((x, y)),
                    "{} lies over another panel",
                    panel["title"]
                );
            }
        }
    }
}

#[test]
fn prometheus_is_sent_to_a_route_that_is_there_with_a_token_that_is_there() {
    let inputs = inputs(&manifests().join("overlays/observability"));
    let monitor = object(&inputs.objects, "ServiceMonitor/orders-api");
    let app = object(&inputs.objects, "SpinApp/orders-api");
    assert_eq!(monitor.text("/spec/selector/matchLabels/core.spinkube.dev~1app-name"), app.name());
    let endpoint = &monitor.list("/spec/endpoints")[0];
    let manifest: toml::Table =
        std::fs::read_to_string(repository().join("spin.toml")).unwrap().parse().unwrap();
    let is_served = manifest["trigger"]["http"].as_array().unwrap().iter().any(|trigger| {
        trigger["route"].as_str() == endpoint["path"].as_str()
            && trigger["component"].as_str() == Some("orders-api")
    });
    assert!(is_served, "{endpoint}");
    let credentials = &endpoint["authorization"]["credentials"];
    let secret = &inputs.secrets[credentials["name"].as_str().unwrap()];
    assert!(!secret[credentials["key"].as_str().unwrap()].is_empty());
    assert_eq!(endpoint["port"], "http-app", "the operator names the port so");
}
