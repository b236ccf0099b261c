//! SpinApps against `spin.toml`.

use std::collections::BTreeSet;

use orders::pipeline::{STREAMS, component};
use serde_json::Value;

use super::Inputs;
use crate::object::{Object, containers};

/// A pod that starts from zero is probed for the first time after this many seconds at the latest.
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
    let components = STREAMS.map(component).into_iter().chain(["orders-api"]);
    components
        .filter(|component| !drained.contains(*component))
        .map(|component| format!("nothing here is {component}"))
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
        // Spin needs every required variable, also of components that an app leaves out.
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
                "{app}: variable redis_login is not given, and Redis asks for a login"
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
            for (probe, lack) in [
                ("readiness", "so a lost bell stays lost"),
                ("liveness", "so a deaf worker is never restarted"),
            ] {
                if app.text(&format!("/spec/checks/{probe}/httpGet/path")) != tick {
                    faults.push(format!("{app}: {probe} does not call {tick}, {lack}"));
                }
            }
        }
    }
    faults
}

fn is_worker(name: &str) -> bool {
    STREAMS.iter().any(|stream| component(*stream) == name)
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
                        "{object}: enableAutoscaling is {is_open}, and it is scaled: {is_scaled}"
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
