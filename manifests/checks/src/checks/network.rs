//! Selectors, ports and NetworkPolicies must match the pods.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Faults, Inputs};
use crate::object::{Object, Pods, list, strings, text};

/// Label of the pods that may reach Redis.
const CLIENT: &str = "order-pipeline/redis-client";

/// Whether a selector matches pods with these labels. A selector with fields other than
/// `matchLabels` matches none here.
fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let fields = selector.as_object();
    fields.is_some_and(|fields| fields.keys().all(|field| field == "matchLabels"))
        && strings(selector.get("matchLabels")).iter().all(|it| labels.get(it.0) == Some(it.1))
}

/// The pods that a selector matches.
fn selected<'a>(pods: &'a [(&Object, Pods)], selector: &Value) -> Vec<&'a Pods> {
    pods.iter().map(|(_, pods)| pods).filter(|pods| selects(selector, &pods.labels)).collect()
}

fn is_open(pods: &Pods, port: &Value) -> bool {
    pods.ports.iter().any(|(name, number)| *port == **name || *port == *number)
}

pub(super) fn selectors(inputs: &Inputs, faults: &mut Faults) {
    let all = inputs.pods();
    for object in &inputs.objects {
        let found = match object.kind() {
            "Service" => selected(&all, &json!({ "matchLabels": object.at("/spec/selector") })),
            "PodDisruptionBudget" | "Deployment" | "StatefulSet" => {
                selected(&all, &object.0["spec"]["selector"])
            }
            _ => continue,
        };
        faults.unless(!found.is_empty(), || format!("{object}: its selector takes no pod"));
        if matches!(object.kind(), "Deployment" | "StatefulSet") {
            let is_own = found.iter().all(|pods| pods.of == object.id());
            faults.unless(is_own, || format!("{object}: its selector takes pods of others"));
        }
        for port in object.list("/spec/ports") {
            let target = port.get("targetPort").unwrap_or(&port["port"]);
            for pods in found.iter().filter(|pods| !is_open(pods, target)) {
                faults.add(format!("{object}: {} does not listen on {target}", pods.of));
            }
        }
    }
}

pub(super) fn monitors(inputs: &Inputs, faults: &mut Faults) {
    for monitor in inputs.of_kind("ServiceMonitor") {
        let name = monitor.text("/spec/selector/matchLabels/core.spinkube.dev~1app-name");
        let Some(app) = inputs.named("SpinApp", name) else {
            faults.add(format!("{monitor}: there is no SpinApp {name:?}"));
            continue;
        };
        for endpoint in monitor.list("/spec/endpoints") {
            faults.unless(endpoint.get("port").is_none(), || {
                format!("{monitor}: the operator gives the port of a Service no name")
            });
            let target = &endpoint["targetPort"];
            let is_open = app.pods().is_some_and(|pods| is_open(&pods, target));
            faults.unless(is_open, || format!("{monitor}: {app} does not listen on {target}"));
            let path = text(endpoint, "/path");
            let is_served = inputs.application.answers(path, &app.texts("/spec/components"));
            faults.unless(is_served, || format!("{monitor}: {app} has no route {path:?}"));
        }
    }
}

pub(super) fn policies(inputs: &Inputs, faults: &mut Faults) {
    let all = inputs.pods();
    let deny = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
    let denies = inputs.of_kind("NetworkPolicy").any(|policy| policy.0["spec"] == deny);
    faults.unless(denies, || "no policy denies what is not allowed".into());
    for policy in inputs.of_kind("NetworkPolicy") {
        let targets = selected(&all, &policy.0["spec"]["podSelector"]);
        faults.unless(!targets.is_empty(), || format!("{policy}: its selector takes no pod"));
        for (kind, peers) in [("Ingress", "/from"), ("Egress", "/to")] {
            let rules = policy.list(&format!("/spec/{}", kind.to_lowercase()));
            let has_type = policy.texts("/spec/policyTypes").contains(&kind);
            faults.unless(rules.is_empty() || has_type, || {
                format!("{policy}: it has rules for {kind} and not the type")
            });
            for rule in rules {
                let (peers, ports) = (list(rule, peers), list(rule, "/ports"));
                faults.unless(!peers.is_empty() && !ports.is_empty(), || {
                    format!("{policy}: a rule for {kind} is for everybody, or for every port")
                });
                let mut listeners = if kind == "Ingress" { targets.clone() } else { Vec::new() };
                for peer in peers {
                    faults.unless(!text(peer, "/ipBlock/cidr").ends_with("/0"), || {
                        format!("{policy}: the whole world is allowed")
                    });
                    if peer.get("namespaceSelector").is_none() && peer.get("podSelector").is_some()
                    {
                        let found = selected(&all, &peer["podSelector"]);
                        faults.unless(!found.is_empty(), || {
                            format!("{policy}: a selector for {kind} takes no pod")
                        });
                        listeners.extend(found.into_iter().filter(|_| kind == "Egress"));
                    }
                }
                for port in ports.iter().map(|port| &port["port"]) {
                    for pods in listeners.iter().filter(|pods| !is_open(pods, port)) {
                        faults.add(format!("{policy}: {} does not listen on {port}", pods.of));
                    }
                }
            }
        }
    }
}

pub(super) fn redis_clients(inputs: &Inputs, faults: &mut Faults) {
    for (object, pods) in inputs.pods() {
        let is_labelled = pods.labels.get(CLIENT).is_some_and(|value| value == "true");
        faults.unless(is_labelled == is_client(object), || {
            format!("{object}: it uses Redis or has the label {CLIENT}, and not both")
        });
    }
    let clients = json!({ "matchLabels": { CLIENT: "true" } });
    let policy = |name: &str, field: &str| {
        let policy = inputs.named("NetworkPolicy", name);
        policy.and_then(|it| it.at(field)).cloned().unwrap_or_default()
    };
    let leave = policy("redis-clients", "/spec/podSelector") == clients;
    faults.unless(leave, || "NetworkPolicy/redis-clients: it is not for the clients".into());
    let asks = policy("dns", "/spec/podSelector") == json!({})
        && policy("dns", "/spec/egress/0/ports/0/port") == 53;
    faults.unless(asks, || "NetworkPolicy/dns: not all pods may ask for names".into());
    // KEDA's chart installs it in the first namespace, AKS in the second.
    let keda = ["keda", "kube-system"].map(|namespace| {
        let namespace = json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
        let operator = json!({ "matchLabels": { "app": "keda-operator" } });
        json!({ "namespaceSelector": namespace, "podSelector": operator })
    });
    let enter = json!([{ "podSelector": clients }, keda[0], keda[1]]);
    let is_open = policy("redis", "/spec/ingress/0/from") == enter;
    faults.unless(is_open || inputs.named("StatefulSet", "redis").is_none(), || {
        format!("NetworkPolicy/redis: it does not let in {enter}")
    });
}

/// Whether a workload knows the address of Redis.
fn is_client(workload: &Object) -> bool {
    let is_address = |key: &str| key.ends_with("_url") || key.ends_with("-url") || key == "login";
    let is_reference =
        |(field, value): (&str, &Value)| field == "key" && value.as_str().is_some_and(is_address);
    workload.values().into_iter().any(is_reference)
}
