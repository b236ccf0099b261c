//! Partitions: each is applied in a namespace of its own, and the API in the first has to be told of all others.

use serde_json::Value;
use shared::queue::MOST_PARTITIONS;

use super::Inputs;

/// The label of a namespace that says which partition it is; the first has none.
pub(super) const LABEL: &str = "/metadata/labels/order-pipeline~1partition";

/// A partition's queue and namespace carry its number, and the API is not there.
pub(super) fn further(inputs: &Inputs) -> Vec<String> {
    let Some(namespace) = inputs.of_kind("Namespace").next() else { return Vec::new() };
    let number = namespace.text(LABEL);
    if number.is_empty() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if !(1..MOST_PARTITIONS).any(|partition| partition.to_string() == number) {
        faults.push(format!("{namespace}: there is no partition {number:?}"));
    }
    let queue = inputs.setting("queue");
    for (what, name) in [("namespace", namespace.name()), ("queue", queue)] {
        if !name.ends_with(&format!("-{number}")) {
            faults.push(format!("{namespace}: the {what} of partition {number} is {name:?}"));
        }
    }
    for app in inputs
        .of_kind("SpinApp")
        .filter(|app| app.texts("/spec/components").contains(&"orders-api"))
    {
        faults.push(format!("{app}: the API stands before all partitions, in the first"));
    }
    faults
}

/// The API is told of as many servers as it is told there are partitions, each with its login.
pub(super) fn of_the_api(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    let partitions = match inputs.setting("partitions") {
        "" => 1,
        number => number.parse().unwrap_or(0),
    };
    if !(1..=MOST_PARTITIONS).contains(&partitions) {
        return vec![format!("ConfigMap/settings: partitions is not 1 to {MOST_PARTITIONS}")];
    }
    let apps = inputs
        .of_kind("SpinApp")
        .filter(|app| app.texts("/spec/components").contains(&"orders-api"));
    for app in apps {
        let from = |name: &str| {
            let variables = app.list("/spec/variables");
            let found = variables.iter().find(|variable| variable["name"] == name)?;
            let reference = found["valueFrom"].as_object()?.values().next()?;
            let text = |field: &str| {
                reference.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            Some((text("name"), text("key")))
        };
        for partition in 1..MOST_PARTITIONS {
            let (url, login) =
                (format!("redis_url_p{partition}"), format!("redis_login_p{partition}"));
            if partition >= partitions {
                if from(&url).is_some() || from(&login).is_some() {
                    faults.push(format!(
                        "{app}: there is no partition {partition}, and it has an address"
                    ));
                }
                continue;
            }
            let server = inputs.setting(&url).trim_start_matches("redis://");
            if server.is_empty() || from(&url) != Some(("settings".into(), url.clone())) {
                faults.push(format!("{app}: {url} is not given by the settings"));
            }
            let secret =
                from(&login).and_then(|(secret, key)| inputs.secrets.get(&secret)?.get(&key));
            let leads_there = |login: &String| login.ends_with(&format!("@{server}/?"));
            if !secret.is_some_and(leads_there) {
                faults.push(format!("{app}: {login} does not lead to {server:?}"));
            }
        }
    }
    faults
}
