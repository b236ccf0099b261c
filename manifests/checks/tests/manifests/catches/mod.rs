//! The cross-checks: the manifests pass all of them, and each one catches its own kind of fault.
//!
//! The examples are small changes of the real manifests, so they cannot go out of date unseen.

mod of_apps;
mod of_surroundings;

use std::collections::BTreeSet;

use manifest_checks::checks::{ALL, Inputs};
use serde_json::{Value, json};

use crate::support::{inputs, kustomizations, manifests};

/// A check, what is done to the manifests, and what the check has to say then.
type Example = (&'static str, fn(&mut Inputs), &'static str);

fn object<'a>(inputs: &'a mut Inputs, id: &str) -> &'a mut manifest_checks::object::Object {
    inputs
        .objects
        .iter_mut()
        .find(|object| object.id() == id)
        .unwrap_or_else(|| panic!("there is no {id}"))
}

/// Replaces, or appends to a list where the pointer ends in `-`.
fn set(inputs: &mut Inputs, id: &str, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent =
        object(inputs, id).0.pointer_mut(parent).unwrap_or_else(|| panic!("{id} has no {parent}"));
    match parent {
        Value::Array(items) if field == "-" => items.push(value),
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
        parent => parent[field.replace("~1", "/")] = value,
    }
}

fn unset(inputs: &mut Inputs, id: &str, pointer: &str) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = object(inputs, id).0.pointer_mut(parent).unwrap();
    let removed = match parent {
        Value::Array(items) => Some(items.remove(field.parse().unwrap())),
        parent => parent.as_object_mut().unwrap().remove(&field.replace("~1", "/")),
    };
    assert!(removed.is_some(), "{id} has no {pointer}");
}

fn delete(inputs: &mut Inputs, id: &str) {
    object(inputs, id);
    inputs.objects.retain(|object| object.id() != id);
}

fn copy(inputs: &mut Inputs, id: &str, name: &str) {
    let mut copy = object(inputs, id).clone();
    copy.0["metadata"]["name"] = json!(name);
    inputs.objects.push(copy);
}

/// Replaces a part of a text.
fn edit(inputs: &mut Inputs, id: &str, pointer: &str, from: &str, to: &str) {
    let text = object(inputs, id).text(pointer).to_owned();
    assert!(text.contains(from), "{id} {pointer} has no {from:?}");
    set(inputs, id, pointer, json!(text.replace(from, to)));
}

const WORKER: &str = "SpinApp/receiver-simple";
const SCALER: &str = "ScaledObject/receiver-simple";
const API: &str = "SpinApp/orders-api";
const REDIS: &str = "StatefulSet/redis";
const JOB: &str = "CronJob/loadtest";
const CONTAINER: &str = "/spec/template/spec/containers/0";
const IN_JOB: &str = "/spec/jobTemplate/spec/template/spec/containers/0";
const METADATA: &str = "/spec/triggers/0/metadata";

#[test]
fn every_kustomization_passes_every_check() {
    for folder in kustomizations() {
        let faults = inputs(&folder).faults();
        assert!(faults.is_empty(), "{}: {faults:#?}", folder.display());
    }
}

#[test]
fn every_check_catches_what_it_is_there_for() {
    let base = [
        of_apps::ALL,
        of_apps::SCALING,
        of_surroundings::REFERENCES,
        of_surroundings::NETWORK,
        of_surroundings::CONTAINERS,
    ]
    .concat();
    let (mut tried, mut missed) = (BTreeSet::new(), Vec::new());
    let base = base.iter().map(|example| ("base", example));
    let pools = of_apps::POOLS.iter().map(|example| ("overlays/aks-arm", example));
    let monitors = of_surroundings::MONITORS.iter();
    let monitors = monitors.map(|example| ("overlays/observability", example));
    let mut good = std::collections::BTreeMap::new();
    for (folder, &(name, breaks, says)) in base.chain(pools).chain(monitors) {
        let good = good.entry(folder).or_insert_with(|| inputs(&manifests().join(folder)));
        let mut broken = good.clone();
        breaks(&mut broken);
        let check =
            ALL.iter().find(|check| check.0 == name).unwrap_or_else(|| panic!("no check {name:?}"));
        let faults = check.faults(&broken);
        if !faults.iter().any(|fault| fault.contains(says)) {
            missed.push(format!("{name}: expected {says:?}, got {faults:#?}"));
        }
        tried.insert(name);
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let all: BTreeSet<&str> = ALL.iter().map(|check| check.0).collect();
    assert_eq!(tried, all, "each check has to have an example");
}
