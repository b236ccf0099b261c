//! Selectors, ports and NetworkPolicies against the pods that there will be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Inputs;
use crate::object::{Object, Pods, strings};

type Labels = BTreeMap<String, String>;

/// Whether a selector takes pods with these labels; a fault when it is one that is not understood.
fn selects(selector: &Value, labels: &Labels) -> Result<bool, String> {
    let Some(fields) = selector.as_object() else { return Err("a selector is no map".into()) };
    if let Some(field) = fields.keys().find(|field| *field != "matchLabels") {
        return Err(format!("the selector's {field} is not understood"));
    }
    Ok(strings(selector.get("matchLabels")).iter().all(|pair| labels.get(pair.0) == Some(pair.1)))
}

/// The pods that a selector takes.
fn selected<'a>(pods: &'a [(&Object, Pods)], selector: &Value) -> Result<Vec<&'a Pods>, String> {
    let mut found = Vec::new();
    for (_, pods) in pods {
        if selects(selector, &pods.labels)? {
            found.push(pods);
        }
    }
    Ok(found)
}

fn is_open(pods: &Pods, port: &Value) -> bool {
    pods.ports
        .iter()
        .any(|(name, number)| port.as_u64() == Some(*number) || port.as_str() == Some(name))
}

pub(super) fn selectors(inputs: &Inputs) -> Vec<String> {
    let all = inputs.pods();
    let mut faults = Vec::new();
    for object in &inputs.objects {
        let selector = match object.kind() {
            "Service" => serde_json::json!({ "matchLabels": object.at("/spec/selector") }),
            "PodDisruptionBudget" | "Deployment" | "StatefulSet" => {
                object.0["spec"]["selector"].clone()
            }
            _ => continue,
        };
        let found = match selected(&all, &selector) {
            Ok(found) if found.is_empty() => {
                faults.push(format!("{object}: its selector takes no pod"));
                continue;
            }
            Ok(found) => found,
            Err(fault) => {
                faults.push(format!("{object}: {fault}"));
                continue;
            }
        };
        if matches!(object.kind(), "Deployment" | "StatefulSet") {
            let is_own = found.iter().all(|pods| pods.of == object.id());
            if !is_own {
                faults.push(format!("{object}: its selector takes pods of others"));
            }
        }
        for port in object.list("/spec/ports") {
            let target = port.get("targetPort").unwrap_or(&port["port"]);
            for pods in found.iter().filter(|pods| !is_open(pods, target)) {
                faults.push(format!("{object}: {} does not listen on {target}", pods.of));
            }
        }
    }
    faults
}

pub(super) fn policies(inputs: &Inputs) -> Vec<String> {
    let all = inputs.pods();
    let mut faults = Vec::new();
    let is_default = |policy: &Object| {
        policy.at("/spec/podSelector") == Some(&serde_json::json!({}))
            && policy.texts("/spec/policyTypes") == ["Ingress", "Egress"]
            && policy.list("/spec/ingress").is_empty()
            && policy.list("/spec/egress").is_empty()
    };
    if !inputs.of_kind("NetworkPolicy").any(is_default) {
        faults.push("no policy denies what is not allowed".into());
    }
    for policy in inputs.of_kind("NetworkPolicy") {
        if let Err(fault) = policy_faults(policy, &all, &mut faults) {
            faults.push(format!("{policy}: {fault}"));
        }
    }
    faults
}

fn policy_faults(
    policy: &Object,
    all: &[(&Object, Pods)],
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let targets = selected(all, &policy.0["spec"]["podSelector"])?;
    if targets.is_empty() {
        faults.push(format!("{policy}: its selector takes no pod"));
    }
    for (direction, peers, kind) in [("ingress", "from", "Ingress"), ("egress", "to", "Egress")] {
        let rules = policy.list(&format!("/spec/{direction}"));
        if !rules.is_empty() && !policy.texts("/spec/policyTypes").contains(&kind) {
            faults.push(format!("{policy}: it has {direction} rules and not the type {kind}"));
        }
        for rule in rules {
            let peers = rule[peers].as_array().map_or(&[][..], Vec::as_slice);
            let ports = rule["ports"].as_array().map_or(&[][..], Vec::as_slice);
            if peers.is_empty() || ports.is_empty() {
                faults.push(format!(
                    "{policy}: an {direction} rule is for everybody, or for every port"
                ));
            }
            let mut listeners = if direction == "ingress" { targets.clone() } else { Vec::new() };
            for peer in peers {
                if peer
                    .pointer("/ipBlock/cidr")
                    .and_then(Value::as_str)
                    .is_some_and(|cidr| cidr.ends_with("/0"))
                {
                    faults.push(format!("{policy}: the whole world is allowed"));
                }
                let (Some(selector), None) =
                    (peer.get("podSelector"), peer.get("namespaceSelector"))
                else {
                    continue;
                };
                let found = selected(all, selector)?;
                if found.is_empty() {
                    faults.push(format!("{policy}: a {direction} selector takes no pod"));
                }
                if direction == "egress" {
                    listeners.extend(found);
                }
            }
            for port in ports {
                for pods in listeners.iter().filter(|pods| !is_open(pods, &port["port"])) {
                    faults
                        .push(format!("{policy}: {} does not listen on {}", pods.of, port["port"]));
                }
            }
        }
    }
    Ok(())
}

pub(super) fn redis_clients(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    let redis = inputs.named("StatefulSet", "redis").and_then(Object::pods);
    let (_, port) = inputs.redis().rsplit_once(':').unwrap_or_default();
    for (object, pods) in inputs.pods() {
        if redis.as_ref().is_some_and(|redis| redis.of == pods.of) {
            continue;
        }
        let needs = is_client(&object.0);
        let leaves =
            allows(inputs, "egress", &pods.labels, port, redis.as_ref().map(|redis| &redis.labels));
        let enters = match &redis {
            Some(redis) => allows(inputs, "ingress", &redis.labels, port, Some(&pods.labels)),
            None => needs,
        };
        match (needs, leaves, enters) {
            (true, false, _) => faults.push(format!("{object}: no policy lets it out to Redis")),
            (true, _, false) => faults.push(format!("{object}: no policy lets it in to Redis")),
            (false, true, _) | (false, _, true) => {
                faults.push(format!(
                    "{object}: it has nothing to do with Redis, and a policy lets it there"
                ));
            }
            _ => {}
        }
        if needs && !allows(inputs, "egress", &pods.labels, "53", None) {
            faults.push(format!("{object}: no policy lets it ask for names"));
        }
    }
    let keda = inputs.of_kind("NetworkPolicy").flat_map(|policy| policy.list("/spec/ingress")).any(
        |rule| {
            let peers = rule["from"].as_array().into_iter().flatten();
            peers.into_iter().any(|peer| {
                let name =
                    peer.pointer("/namespaceSelector/matchLabels/kubernetes.io~1metadata.name");
                name.is_some_and(|name| name == "keda") && has_port(rule, port)
            })
        },
    );
    if redis.is_some() && !keda {
        faults.push("no policy lets KEDA in to Redis".into());
    }
    faults
}

/// Whether a workload is told where Redis is.
fn is_client(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_client),
        Value::Object(fields) => fields.iter().any(|(field, inner)| {
            let is_address = field == "key"
                && inner.as_str().is_some_and(|key| {
                    key.ends_with("_url") || key.ends_with("-url") || key == "login"
                });
            is_address || is_client(inner)
        }),
        _ => false,
    }
}

fn has_port(rule: &Value, port: &str) -> bool {
    rule["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|open| open["port"].to_string().trim_matches('"') == port)
}

/// Whether a policy that selects `own` allows traffic with `other`, or with anything outside these pods
/// if there is no other.
fn allows(
    inputs: &Inputs,
    direction: &str,
    own: &Labels,
    port: &str,
    other: Option<&Labels>,
) -> bool {
    let peers = if direction == "egress" { "to" } else { "from" };
    inputs.of_kind("NetworkPolicy").any(|policy| {
        selects(&policy.0["spec"]["podSelector"], own) == Ok(true)
            && policy.list(&format!("/spec/{direction}")).iter().any(|rule| {
                has_port(rule, port)
                    && rule[peers].as_array().into_iter().flatten().any(|peer| {
                        match (peer.get("podSelector"), other) {
                            (Some(selector), Some(labels))
                                if peer.get("namespaceSelector").is_none() =>
                            {
                                selects(selector, labels) == Ok(true)
                            }
                            (_, Some(_)) => false,
                            (_, None) => true,
                        }
                    })
            })
    })
}
