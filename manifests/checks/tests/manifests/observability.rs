//! The overlay `observability`: what Prometheus scrapes, alerts and dashboard against the metrics.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use manifest_checks::object::Object;
use orders_api::families;
use serde_json::{Value, json};

use crate::support::{inputs, manifests, object, rendered, repository};

fn objects() -> Vec<Object> {
    rendered("overlays/observability")
}

fn dashboard() -> Value {
    let objects = objects();
    let map = object(&objects, "ConfigMap/order-pipeline-dashboard");
    serde_json::from_str(map.text("/data/order-pipeline.json")).unwrap()
}

/// The queries of the dashboard, with Grafana's variables replaced.
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
    let names = families().flat_map(|(name, kind)| match kind {
        "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
        _ => vec![name.to_owned()],
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
        assert!(
            !names.is_empty() || ["keda_", "kube_"].iter().any(|of| expression.contains(of)),
            "{expression}"
        );
        assert!(names.is_subset(&served), "{expression}: {:?}", &names - &served);
        shown.extend(names);
    }
    for (family, _) in families() {
        assert!(shown.iter().any(|name| name.starts_with(family)), "nothing shows {family}");
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

fn series(name: &str, labels: &str, values: &str) -> Value {
    json!({ "series": format!("{name}{{{labels}}}"), "values": values })
}

/// An alert that fires at a minute of a test.
fn fired(minute: u32, name: &str, labels: &Value, summary: &str) -> Value {
    let alert = json!({ "exp_labels": labels, "exp_annotations": { "summary": summary } });
    json!({ "eval_time": format!("{minute}m"), "alertname": name, "exp_alerts": [alert] })
}

fn quiet_at(minute: u32, name: &str) -> Value {
    json!({ "eval_time": format!("{minute}m"), "alertname": name, "exp_alerts": [] })
}

fn quiet(name: &str) -> Value {
    quiet_at(30, name)
}

fn promtool_tests(series: &[Value], alerts: &[Value]) {
    let rules = file(&self::alerts());
    let test = json!({ "interval": "1m", "input_series": series, "alert_rule_test": alerts });
    let input = json!({
        "rule_files": [rules.path()], "evaluation_interval": "1m", "tests": [test],
    });
    promtool(["test", "rules"], &input);
}

#[test]
fn of_a_paused_stream_only_the_pause_is_reported_after_an_hour() {
    let stream = "stream=\"complex\",pod=\"a\"";
    let labels = json!({ "severity": "info", "stream": "complex" });
    let summary = "complex has been paused for more than an hour";
    promtool_tests(
        &[
            series("orders_stream_entries", &format!("{stream},state=\"waiting\""), "5x70"),
            series("orders_drains_total", stream, "7x70"),
            series("orders_stream_paused", stream, "1x70"),
            series("orders_stream_oldest_age_seconds", stream, "400x70"),
        ],
        &[
            quiet("OrdersWaitTooLong"),
            quiet("OrdersAreNotDrained"),
            quiet("StreamIsPaused"),
            fired(61, "StreamIsPaused", &labels, summary),
        ],
    );
}

#[test]
fn an_app_that_is_not_measured_is_reported() {
    let summary = "The API or its Redis is unavailable, or Prometheus has no access";
    let labels = json!({ "severity": "critical" });
    promtool_tests(&[], &[fired(30, "OrdersAreNotMeasured", &labels, summary)]);
}

/// What KEDA reports of a ScaledObject.
fn cannot_scale(name: &str, mut labels: Value) -> Value {
    labels["severity"] = json!("critical");
    labels["scaledObject"] = json!(name);
    json!({
        "exp_labels": labels,
        "exp_annotations": {
            "summary": format!("KEDA cannot read the stream of {name}, so it starts no pod"),
        },
    })
}

#[test]
fn alerts_fire_for_what_needs_somebody() {
    let fired = |name: &str, labels: Value, summary: &str| self::fired(30, name, &labels, summary);
    let one = "namespace=\"order-pipeline\"";
    let [first, second] = ["a", "b"].map(|pod| format!("{one},stream=\"ingress\",pod=\"{pod}\""));
    let (first, second) = (first.as_str(), second.as_str());
    // Another deployment, which is well but for its memory.
    let other = "namespace=\"order-pipeline-2\",stream=\"ingress\",pod=\"c\"";
    let keda = "namespace=\"order-pipeline\",scaledObject=\"receiver-simple\"";
    let renamed = "namespace=\"keda\",exported_namespace=\"order-pipeline\",\
         scaledObject=\"receiver-complex\"";
    let worker = "namespace=\"order-pipeline\",container=\"distributor\",pod=\"a\"";
    let server = "namespace=\"order-pipeline-2\",container=\"redis\"";
    let limit = "namespace=\"order-pipeline-2\",container=\"redis\",resource=\"memory\"";
    let of_one = |severity: &str| json!({ "severity": severity, "namespace": "order-pipeline" });
    let labels = |severity: &str| {
        let mut labels = of_one(severity);
        labels["stream"] = json!("ingress");
        labels
    };
    promtool_tests(
        &[
            series("orders_stream_entries", &format!("{first},state=\"waiting\""), "5x60"),
            series("orders_stream_entries", &format!("{second},state=\"waiting\""), "5x60"),
            series("orders_drains_total", first, "7x60"),
            series("orders_stream_entries", &format!("{other},state=\"waiting\""), "5x60"),
            series("orders_drains_total", other, "0+9x60"),
            series("orders_stream_paused", other, "0x60"),
            series("orders_stream_oldest_age_seconds", other, "1x60"),
            series("orders_stream_paused", first, "0x60"),
            series("orders_stream_oldest_age_seconds", first, "400x60"),
            series("orders_dead_letters", &format!("{one},pod=\"a\""), "3x60"),
            series("orders_vanished_total", first, "0x20 3x40"),
            series("orders_vanished_total", second, "0x20 3x40"),
            series("orders_clock_steps_total", first, "0x20 1x40"),
            series("orders_redis_may_evict", &format!("{one},pod=\"a\""), "1x60"),
            series("keda_scaled_object_errors_total", keda, "0+3x60"),
            series("keda_scaled_object_errors_total", renamed, "0+3x60"),
            series("kube_pod_container_status_restarts_total", worker, "0+1x60"),
            series("container_memory_working_set_bytes", server, "90x60"),
            series("kube_pod_container_resource_limits", limit, "100x60"),
        ],
        &[
            fired(
                "OrdersWaitTooLong",
                labels("warning"),
                "The oldest order in ingress has waited for 6m 40s",
            ),
            fired(
                "OrdersAreDeadLettered",
                of_one("warning"),
                "3 dead letters wait to be redriven or discarded",
            ),
            fired(
                "OrdersAreNotDrained",
                labels("critical"),
                "Orders wait in ingress and no worker drains them",
            ),
            fired(
                "OrdersVanish",
                labels("critical"),
                "Another program deletes or trims entries of ingress",
            ),
            fired("ClockStepsBack", labels("warning"), "The clock of Redis was set back"),
            fired(
                "RedisMayEvict",
                of_one("critical"),
                "The maxmemory-policy of Redis is not noeviction, so it may drop orders",
            ),
            json!({
                "eval_time": "30m",
                "alertname": "KedaCannotScale",
                "exp_alerts": [
                    cannot_scale("receiver-simple", json!({ "namespace": "order-pipeline" })),
                    cannot_scale(
                        "receiver-complex",
                        json!({ "namespace": "keda", "exported_namespace": "order-pipeline" }),
                    ),
                ],
            }),
            fired(
                "PodsRestart",
                json!({
                    "severity": "warning", "container": "distributor", "namespace": "order-pipeline",
                }),
                "Containers distributor were restarted 15 times in 15 minutes",
            ),
            fired(
                "RedisIsNearItsLimit",
                json!({ "severity": "critical", "namespace": "order-pipeline-2" }),
                "Redis uses 90% of its memory limit and may be killed",
            ),
            quiet("OrdersAreNotMeasured"),
        ],
    );
}

#[test]
fn keda_cannot_scale_is_not_reported_for_one_failed_poll() {
    let keda = "namespace=\"order-pipeline\",scaledObject=\"receiver-simple\"";
    let minutes: Vec<Value> = (0..40).map(|minute| quiet_at(minute, "KedaCannotScale")).collect();
    let errors = [series("keda_scaled_object_errors_total", keda, "0x20 1x40")];
    promtool_tests(&errors, &minutes);
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
fn prometheus_gets_a_token_that_is_there() {
    let inputs = inputs(&manifests().join("overlays/observability"));
    let monitor = object(&inputs.objects, "ServiceMonitor/orders-api");
    let credentials = &monitor.list("/spec/endpoints")[0]["authorization"]["credentials"];
    let secret = &inputs.secrets[credentials["name"].as_str().unwrap()];
    assert!(!secret[credentials["key"].as_str().unwrap()].is_empty());
}
