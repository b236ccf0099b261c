//! What the cluster and spin-operator refuse or cannot start.

use super::{Faults, Inputs};

/// The name by which the runtime-class-manager registers the shim.
const HANDLER: &str = "spin-v2";

pub(super) fn order(inputs: &Inputs, faults: &mut Faults) {
    let place = |kind: &str, name: &str| {
        inputs.objects.iter().position(|object| object.kind() == kind && object.name() == name)
    };
    for (at, object) in inputs.objects.iter().enumerate() {
        let mut after = |kind: &str, name: &str| {
            let is_before = place(kind, name).is_none_or(|before| before < at);
            faults.unless(is_before, || format!("{object}: it comes before {kind}/{name}"));
        };
        after("Namespace", object.text("/metadata/namespace"));
        if object.kind() == "SpinApp" {
            // The operator's webhook looks for it.
            after("SpinAppExecutor", object.text("/spec/executor"));
            after("ServiceAccount", object.text("/spec/serviceAccountName"));
        }
    }
}

pub(super) fn executors(inputs: &Inputs, faults: &mut Faults) {
    let class = "/spec/deploymentConfig/runtimeClassName";
    for app in inputs.of_kind("SpinApp") {
        let executor = app.text("/spec/executor");
        let found = inputs.named("SpinAppExecutor", executor);
        faults.unless(found.is_some_and(|found| !found.text(class).is_empty()), || {
            format!("{app}: there is no SpinAppExecutor {executor}, or it names no RuntimeClass")
        });
    }
    let classes: Vec<&str> = inputs.of_kind("SpinAppExecutor").map(|it| it.text(class)).collect();
    for class in inputs.of_kind("RuntimeClass") {
        let is_used = classes.contains(&class.name());
        faults.unless(is_used, || format!("{class}: no executor names it"));
        let handler = class.text("/handler");
        faults.unless(handler == HANDLER, || {
            format!("{class}: the manager registers {HANDLER:?}, not {handler:?}")
        });
        faults.unless(class.text("/scheduling/nodeSelector/spin") == "true", || {
            format!("{class}: the manager installs the shim on nodes with spin=true only")
        });
    }
}

pub(super) fn one_namespace(inputs: &Inputs, faults: &mut Faults) {
    let Some(namespace) = inputs.of_kind("Namespace").next() else {
        return faults.add("there is no Namespace".into());
    };
    let is_in_one = |kind| !matches!(kind, "Namespace" | "RuntimeClass");
    for object in inputs.objects.iter().filter(|object| is_in_one(object.kind())) {
        let found = object.text("/metadata/namespace");
        faults.unless(found == namespace.name(), || format!("{object}: it is in {found:?}"));
    }
}
