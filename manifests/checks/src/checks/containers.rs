//! Containers and SpinApps: limits, images, rights.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::memory::bytes;
use super::{Faults, Inputs};
use crate::object::{Object, Pods, containers, text};

/// Every container, and the spec of a SpinApp in its place, with a name for reports.
fn holders(inputs: &Inputs) -> Vec<(String, Value)> {
    let of = |(object, pods): (&Object, Pods)| match pods.spec {
        None => vec![(object.id(), object.0["spec"].clone())],
        Some(spec) => containers(&spec)
            .map(|it| (format!("{object} {}", text(it, "/name")), it.clone()))
            .collect(),
    };
    inputs.pods().into_iter().flat_map(of).collect()
}

pub(super) fn resources(inputs: &Inputs, faults: &mut Faults) {
    for (of, holder) in holders(inputs) {
        for field in ["requests", "limits"] {
            for resource in ["cpu", "memory"] {
                let is_set = holder.pointer(&format!("/resources/{field}/{resource}")).is_some();
                faults.unless(is_set, || format!("{of}: resources.{field}.{resource} is absent"));
            }
        }
    }
    for app in inputs.of_kind("SpinApp") {
        let (instance, pod) = ("/spec/invocationLimits/memory", "/spec/resources/limits/memory");
        let sizes = bytes(app.text(instance)).zip(bytes(app.text(pod)));
        let is_half = sizes.is_some_and(|(instance, pod)| instance * 2 <= pod);
        faults.unless(is_half, || {
            format!("{app}: invocationLimits.memory is not at most half of the pod's limit")
        });
    }
}

pub(super) fn images(inputs: &Inputs, faults: &mut Faults) {
    for (of, holder) in holders(inputs) {
        let image = text(&holder, "/image");
        let last = image.rsplit('/').next().unwrap_or_default();
        let tag = last.split_once(':').unwrap_or_default().1;
        let is_version = tag.starts_with(|first: char| first.is_ascii_digit()) && tag.contains('.');
        faults.unless(image.contains('/') && (is_version || image.contains("@sha256:")), || {
            format!("{of}: the image {image:?} is not pinned, or names no registry")
        });
    }
    // A variant of a component may run beside it, but no part comes from another image only.
    let mut components: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for app in inputs.of_kind("SpinApp") {
        let of_image = components.entry(app.text("/spec/image")).or_default();
        of_image.extend(app.texts("/spec/components"));
    }
    let all = components.values().flatten().collect::<BTreeSet<_>>().len();
    let has_one = components.is_empty() || components.values().any(|of| of.len() == all);
    faults.unless(has_one, || format!("the SpinApps are not one image: {components:?}"));
}

pub(super) fn rights(inputs: &Inputs, faults: &mut Faults) {
    for (object, pods) in inputs.pods() {
        let spec = pods.spec.as_ref().unwrap_or(&object.0["spec"]);
        let account = text(spec, "/serviceAccountName");
        let has_no_token = inputs
            .named("ServiceAccount", account)
            .is_some_and(|account| account.0["automountServiceAccountToken"] == false);
        faults.unless(has_no_token, || {
            format!("{object}: its service account {account:?} brings a token")
        });
        let Some(spec) = &pods.spec else { continue };
        let has = |field: &str, value: Value| spec.pointer(field) == Some(&value);
        let is_plain_user = has("/securityContext/runAsNonRoot", json!(true))
            && has("/securityContext/seccompProfile", json!({ "type": "RuntimeDefault" }));
        faults.unless(is_plain_user, || {
            format!("{object}: it needs runAsNonRoot, and seccompProfile RuntimeDefault")
        });
        let expected = json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] } });
        for container in containers(spec) {
            faults.unless(container["securityContext"] == expected, || {
                format!("{object} {}: securityContext is not {expected}", container["name"])
            });
        }
    }
}
