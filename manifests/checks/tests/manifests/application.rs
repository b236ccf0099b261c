//! What the manifests expect of `spin.toml`.

use std::collections::BTreeSet;

use orders::pipeline::{STREAMS, component};

use crate::support::{application, repository};

#[test]
fn there_are_at_most_twenty_variables() {
    let variables = application().variables;
    assert!(variables.len() <= 20, "{}: {:?}", variables.len(), variables.keys());
}

#[test]
fn each_component_has_a_separate_wasm_file() {
    let text = std::fs::read_to_string(repository().join("spin.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let components = manifest["component"].as_table().unwrap();
    let sources: BTreeSet<&str> =
        components.values().map(|component| component["source"].as_str().unwrap()).collect();
    let expected: BTreeSet<String> = components
        .keys()
        .map(|name| format!("target/wasm32-wasip1/release/{}.wasm", name.replace('-', "_")))
        .collect();
    assert_eq!(sources, expected.iter().map(String::as_str).collect());
    assert_eq!(components.len(), 4);
}

#[test]
fn a_worker_serves_its_tick_only_and_the_api_serves_the_rest() {
    let application = application();
    let workers = STREAMS.map(component);
    for worker in workers {
        for path in ["/orders", "/orders/1", "/stats", "/metrics", "/healthz", "/readyz", "/"] {
            assert!(!application.answers(path, &[worker]), "{worker} {path}");
            assert!(application.answers(path, &["orders-api"]), "{path}");
        }
        for component in workers.into_iter().chain(["orders-api"]) {
            let answers = application.answers(&format!("/{worker}/tick"), &[component]);
            assert_eq!(answers, component == worker, "{component} {worker}");
        }
    }
}
