//! SpinApps against `spin.toml`.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::queue::Stream;

use super::{Inputs, partitions};
use crate::object::{Object, containers};

/// A pod that is started from zero is asked for the first time after this many seconds, at most.
const LATEST_FIRST_PROBE_S: u64 = 5;

pub(super) fn components(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        if components.is_empty() {
            faults
                .push(format!("{app}: it has no components, so it would be the whole application"));
        }
        for component in components {
            if !inputs.application.components.contains_key(component) {
                faults.push(format!("{app}: spin.toml has no component {component}"));
            }
        }
    }
    faults
}

pub(super) fn every_stream_is_drained(inputs: &Inputs) -> Vec<String> {
    let mut drained: BTreeSet<String> = BTreeSet::new();
    for object in &inputs.objects {
        drained.extend(object.texts("/spec/components").into_iter().map(str::to_owned));
        drained.extend(role(object));
    }
    // The API of all partitions is in the first.
    let is_further =
        inputs.of_kind("Namespace").any(|namespace| !namespace.text(partitions::LABEL).is_empty());
    let api = (!is_further).then_some("orders-api");
    let groups = Stream::ALL.map(Stream::group).into_iter().chain(api);
    groups
        .filter(|group| !drained.contains(*group))
        .map(|group| format!("nothing here is {group}"))
        .collect()
}

/// The role of a container of the native service.
fn role(object: &Object) -> Option<String> {
    let pods = object.pods()?;
    let role = pods.labels.get("order-pipeline/role")?;
    let image = containers(pods.spec.as_ref()?).next()?["image"].as_str()?.to_owned();
    image.contains(role.as_str()).then(|| role.clone())
}

pub(super) fn variables(inputs: &Inputs) -> Vec<String> {
    let application = &inputs.application;
    let mut faults = Vec::new();
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        let used: BTreeSet<&str> = components
            .iter()
            .filter_map(|component| application.components.get(*component))
            .flatten()
            .map(String::as_str)
            .collect();
        let mut given = BTreeSet::new();
        for variable in app.list("/spec/variables") {
            let name = variable["name"].as_str().unwrap_or_default();
            if !given.insert(name) {
                faults.push(format!("{app}: variable {name} is given twice"));
            }
            if !application.variables.contains_key(name) {
                faults.push(format!("{app}: spin.toml declares no variable {name}"));
            } else if !used.contains(name) {
                faults.push(format!("{app}: its components do not use variable {name}"));
            }
            if variable.get("value").is_some() == variable.get("valueFrom").is_some() {
                faults.push(format!(
                    "{app}: variable {name} needs either a value or where it comes from"
                ));
            }
        }
        // A required variable has to be given to every app, also to those whose components do not use it.
        let required = application.variables.iter().filter(|(_, variable)| variable.is_required);
        let of_the_settings = |name: &&str| !inputs.setting(name).is_empty() && used.contains(name);
        let shared = application.variables.keys().map(String::as_str).filter(of_the_settings);
        for name in required.map(|(name, _)| name.as_str()).chain(shared) {
            if !given.contains(name) {
                faults.push(format!("{app}: variable {name} is not given"));
            }
        }
        if used.contains("redis_login") && !given.contains("redis_login") {
            faults.push(format!(
                "{app}: variable redis_login is not given, and Redis lets nobody in without"
            ));
        }
    }
    faults
}

pub(super) fn probes(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        for probe in ["readiness", "liveness"] {
            let path = app.text(&format!("/spec/checks/{probe}/httpGet/path"));
            if !inputs.application.answers(path, &components) {
                faults.push(format!(
                    "{app}: {probe}: spin.toml has no route {path:?} of its components"
                ));
            }
            let delay = app.at(&format!("/spec/checks/{probe}/initialDelaySeconds"));
            if delay.and_then(Value::as_u64).is_none_or(|delay| delay > LATEST_FIRST_PROBE_S) {
                faults.push(format!(
                    "{app}: {probe}: initialDelaySeconds is not 0 to {LATEST_FIRST_PROBE_S}"
                ));
            }
        }
        for component in components.iter().filter(|&&component| is_worker(component)) {
            let tick = format!("/{component}/tick");
            if app.text("/spec/checks/readiness/httpGet/path") != tick {
                faults.push(format!(
                    "{app}: readiness: nobody calls {tick}, so a lost bell stays lost"
                ));
            }
        }
    }
    faults
}

fn is_worker(component: &str) -> bool {
    Stream::ALL.iter().any(|stream| stream.group() == component)
}

pub(super) fn replicas(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for object in &inputs.objects {
        let is_scaled = inputs
            .of_kind("ScaledObject")
            .any(|scaler| scaler.text("/spec/scaleTargetRef/name") == object.name());
        let has_number = object.at("/spec/replicas").is_some();
        match object.kind() {
            "SpinApp" => {
                let is_open = object.at("/spec/enableAutoscaling") == Some(&Value::Bool(true));
                match (is_open, has_number) {
                    (true, true) => faults.push(format!(
                        "{object}: replicas and enableAutoscaling exclude each other"
                    )),
                    (false, false) => faults.push(format!("{object}: replicas is absent")),
                    _ => {}
                }
                if is_open != is_scaled {
                    faults.push(format!(
                        "{object}: enableAutoscaling is {is_open}, a ScaledObject for it: {is_scaled}"
                    ));
                }
            }
            "Deployment" if is_scaled && has_number => {
                faults.push(format!("{object}: its ScaledObject says how many replicas"));
            }
            "Deployment" | "StatefulSet" if !is_scaled && !has_number => {
                faults.push(format!("{object}: replicas is absent"));
            }
            _ => {}
        }
    }
    faults
}

pub(super) fn executors(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for app in inputs.of_kind("SpinApp") {
        let executor = app.text("/spec/executor");
        match inputs.named("SpinAppExecutor", executor) {
            None => faults.push(format!("{app}: there is no SpinAppExecutor {executor}")),
            Some(found) if found.text("/spec/deploymentConfig/runtimeClassName").is_empty() => {
                faults.push(format!("{found}: it names no RuntimeClass"));
            }
            Some(_) => {}
        }
    }
    // A RuntimeClass that is made here has to be one that an executor names.
    for class in inputs.of_kind("RuntimeClass") {
        let mut executors = inputs.of_kind("SpinAppExecutor");
        if !executors.any(|executor| {
            executor.text("/spec/deploymentConfig/runtimeClassName") == class.name()
        }) {
            faults.push(format!("{class}: no executor names it"));
        }
    }
    faults
}
