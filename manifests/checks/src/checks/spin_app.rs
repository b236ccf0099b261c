//! SpinApps must match `spin.toml`.

use std::collections::BTreeSet;

use orders::pipeline::{STREAMS, component};
use serde_json::Value;

use super::{Faults, Inputs};
use crate::object::text;

/// A pod that starts from zero is probed for the first time after this many seconds at the latest.
const LATEST_FIRST_PROBE_S: u64 = 5;

pub(super) fn components(inputs: &Inputs, faults: &mut Faults) {
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        let known = &inputs.application.components;
        let are_known = components.iter().all(|component| known.contains_key(*component));
        faults.unless(!components.is_empty() && are_known, || {
            format!("{app}: components {components:?} are not those of spin.toml")
        });
    }
}

pub(super) fn every_stream_is_drained(inputs: &Inputs, faults: &mut Faults) {
    // The API exists as a component only.
    let api = inputs.of_kind("SpinApp").next().map(|_| "orders-api");
    for component in STREAMS.map(component).into_iter().chain(api) {
        let is_there = inputs.objects.iter().any(|object| {
            object.texts("/spec/components").contains(&component)
                || object.id() == format!("Deployment/{component}-container")
        });
        faults.unless(is_there, || format!("nothing here is {component}"));
    }
}

pub(super) fn variables(inputs: &Inputs, faults: &mut Faults) {
    let application = &inputs.application;
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        let used = components.iter().filter_map(|it| application.components.get(*it)).flatten();
        let used: BTreeSet<&str> = used.map(String::as_str).collect();
        let mut given = BTreeSet::new();
        for variable in app.list("/spec/variables") {
            let name = text(variable, "/name");
            faults.unless(given.insert(name), || format!("{app}: variable {name} is given twice"));
            faults.unless(used.contains(name), || {
                format!("{app}: its components do not use variable {name}")
            });
            let is_one = variable.get("value").is_some() != variable.get("valueFrom").is_some();
            faults.unless(is_one, || {
                format!("{app}: variable {name} needs either a value or where it comes from")
            });
        }
        for (name, is_required) in &application.variables {
            // Spin needs every required variable, also of components that an app leaves out.
            let is_needed = *is_required
                || used.contains(name.as_str())
                    && (!inputs.setting(name).is_empty() || name == "redis_login");
            faults.unless(!is_needed || given.contains(name.as_str()), || {
                format!("{app}: variable {name} is not given")
            });
        }
    }
}

pub(super) fn probes(inputs: &Inputs, faults: &mut Faults) {
    for app in inputs.of_kind("SpinApp") {
        let components = app.texts("/spec/components");
        for probe in ["readiness", "liveness"] {
            let of = |field: &str| format!("/spec/checks/{probe}/{field}");
            let path = app.text(&of("httpGet/path"));
            faults.unless(inputs.application.answers(path, &components), || {
                format!("{app}: {probe}: spin.toml has no route {path:?} of its components")
            });
            let delay = app.at(&of("initialDelaySeconds")).and_then(Value::as_u64);
            faults.unless(delay.is_some_and(|delay| delay <= LATEST_FIRST_PROBE_S), || {
                format!("{app}: {probe}: initialDelaySeconds is not 0 to {LATEST_FIRST_PROBE_S}")
            });
            for worker in STREAMS.map(component).iter().filter(|it| components.contains(it)) {
                faults.unless(path == format!("/{worker}/tick"), || {
                    format!("{app}: {probe} does not call the tick, so a deaf worker stays deaf")
                });
            }
        }
    }
}

pub(super) fn replicas(inputs: &Inputs, faults: &mut Faults) {
    for object in &inputs.objects {
        let mut scalers = inputs.of_kind("ScaledObject");
        let is_scaled =
            scalers.any(|scaler| scaler.text("/spec/scaleTargetRef/name") == object.name());
        let replicas = object.at("/spec/replicas").and_then(Value::as_u64);
        if matches!(object.kind(), "SpinApp" | "Deployment" | "StatefulSet") {
            faults.unless(is_scaled != replicas.is_some(), || {
                format!("{object}: it needs either replicas or a ScaledObject")
            });
        }
        if object.kind() == "SpinApp" {
            // The operator's webhook refuses it.
            faults.unless(replicas != Some(0), || format!("{object}: replicas is below 1"));
            let is_open = object.at("/spec/enableAutoscaling") == Some(&Value::Bool(true));
            faults.unless(is_open == is_scaled, || {
                format!("{object}: enableAutoscaling is {is_open}, and it is scaled: {is_scaled}")
            });
        }
    }
}
