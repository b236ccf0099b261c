//! Containers and SpinApps: limits, images, rights.

use serde_json::Value;

use super::Inputs;
use crate::object::containers;

pub(super) fn resources(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    let mut look = |of: String, holder: &Value| {
        for field in ["requests", "limits"] {
            for resource in ["cpu", "memory"] {
                if holder.pointer(&format!("/resources/{field}/{resource}")).is_none() {
                    faults.push(format!("{of}: resources.{field}.{resource} is absent"));
                }
            }
        }
    };
    for (object, pods) in inputs.pods() {
        match &pods.spec {
            None => look(object.id(), &object.0["spec"]),
            Some(spec) => containers(spec)
                .for_each(|container| look(format!("{object} {}", container["name"]), container)),
        }
    }
    faults
}

pub(super) fn images(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    let mut look = |of: String, image: &Value| {
        let image = image.as_str().unwrap_or_default();
        let (name, tag) =
            image.rsplit('/').next().unwrap_or_default().split_once(':').unwrap_or_default();
        let is_pinned = image.contains("@sha256:")
            || (!name.is_empty()
                && tag.chars().next().is_some_and(|first| first.is_ascii_digit())
                && tag.contains('.'));
        if !is_pinned || !image.contains('/') {
            faults.push(format!("{of}: the image {image:?} is not pinned, or names no registry"));
        }
    };
    for (object, pods) in inputs.pods() {
        match &pods.spec {
            None => look(object.id(), &object.0["spec"]["image"]),
            Some(spec) => {
                containers(spec).for_each(|container| look(object.id(), &container["image"]));
            }
        }
    }
    let apps: std::collections::BTreeSet<&str> =
        inputs.of_kind("SpinApp").map(|app| app.text("/spec/image")).collect();
    if apps.len() > 1 {
        faults.push(format!("the SpinApps are not one image: {apps:?}"));
    }
    faults
}

pub(super) fn rights(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for (object, pods) in inputs.pods() {
        let account = match &pods.spec {
            None => object.text("/spec/serviceAccountName").to_owned(),
            Some(spec) => spec["serviceAccountName"].as_str().unwrap_or_default().to_owned(),
        };
        let has_no_token = inputs.named("ServiceAccount", &account).is_some_and(|account| {
            account.at("/automountServiceAccountToken") == Some(&Value::Bool(false))
        });
        if !has_no_token {
            faults.push(format!("{object}: its service account {account:?} brings a token"));
        }
        let Some(spec) = &pods.spec else { continue };
        if spec.pointer("/securityContext/runAsNonRoot") != Some(&Value::Bool(true)) {
            faults.push(format!("{object}: runAsNonRoot is not set"));
        }
        if spec
            .pointer("/securityContext/seccompProfile/type")
            .is_none_or(|kind| kind != "RuntimeDefault")
        {
            faults.push(format!("{object}: seccompProfile is not RuntimeDefault"));
        }
        for container in containers(spec) {
            for (field, expected) in [
                ("allowPrivilegeEscalation", Value::Bool(false)),
                ("readOnlyRootFilesystem", Value::Bool(true)),
                ("capabilities", serde_json::json!({ "drop": ["ALL"] })),
            ] {
                if container["securityContext"][field] != expected {
                    faults
                        .push(format!("{object} {}: {field} is not {expected}", container["name"]));
                }
            }
        }
    }
    faults
}
