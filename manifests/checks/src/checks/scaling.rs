//! KEDA, Redis and the consumer groups against the queue's own names.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::queue::Stream;

use super::Inputs;
use crate::object::{Object, containers};

/// Metadata of a `redis-streams` trigger that this design has use for. What starts the first pod is the formula's, not a trigger's.
const METADATA: [&str; 5] = ["address", "stream", "streamLength", "databaseIndex", "enableTLS"];

/// What the replicas follow: the length of the stream, and nothing while it is paused. A whole number here would have another type than
/// a trigger's value.
const FORMULA: &str = "paused > 0 ? 0.0 : waiting";

/// The two triggers of a worker, by the names that the formula has for them.
const WAITING: &str = "waiting";
const PAUSED: &str = "paused";

pub(super) fn triggers(inputs: &Inputs) -> Vec<String> {
    let keys = match inputs.keys() {
        Ok(keys) => keys,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    for scaler in inputs.of_kind("ScaledObject") {
        let target = scaler.text("/spec/scaleTargetRef/name");
        let drained = Stream::ALL.into_iter().find(|stream| drains(inputs, target, *stream));
        for trigger in scaler.list("/spec/triggers") {
            if trigger["type"] != "redis-streams" {
                faults.push(format!("{scaler}: the trigger {} is not known", trigger["type"]));
                continue;
            }
            faults.extend(metadata(trigger).into_iter().map(|fault| format!("{scaler}: {fault}")));
            let found =
                trigger.pointer("/metadata/stream").and_then(Value::as_str).unwrap_or_default();
            let (expected, verb) = match trigger["name"].as_str() {
                Some(WAITING) => (drained.map(|stream| keys.stream(stream)), "drains"),
                Some(PAUSED) => (drained.map(|stream| keys.pause(stream)), "is paused by"),
                name => {
                    faults.push(format!("{scaler}: the formula knows no trigger {name:?}"));
                    continue;
                }
            };
            if expected != Some(found) {
                faults.push(format!("{scaler}: {target} {verb} {expected:?}, not {found:?}"));
            }
        }
        faults.extend(formula(scaler));
    }
    faults
}

/// What is wrong with the metadata of one trigger.
fn metadata(trigger: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let metadata = trigger["metadata"].as_object().cloned().unwrap_or_default();
    for (name, value) in &metadata {
        match name.as_str() {
            "consumerGroup" | "pendingEntriesCount" | "lagCount" => {
                faults
                    .push(format!("with {name} the scaler does not read the length of the stream"));
            }
            name if !METADATA.contains(&name) => faults.push(format!("{name} is not known")),
            _ if !value.is_string() => faults.push(format!("{name} is not quoted")),
            _ => {}
        }
    }
    let length = metadata.get("streamLength").and_then(Value::as_str).unwrap_or_default();
    if !length.parse::<u32>().is_ok_and(|length| length > 0) {
        faults.push("streamLength is no number of entries in quotes".into());
    }
    faults
}

/// Without the formula KEDA takes the larger of the two, and a pause would start pods.
fn formula(scaler: &Object) -> Vec<String> {
    let mut faults = Vec::new();
    let modifiers = "/spec/advanced/scalingModifiers";
    let found = scaler.text(&format!("{modifiers}/formula"));
    if found != FORMULA {
        faults.push(format!("{scaler}: the formula is {found:?} and not {FORMULA:?}"));
    }
    let named = |name: &str| {
        scaler
            .list("/spec/triggers")
            .iter()
            .filter(|trigger| trigger["name"] == name)
            .collect::<Vec<_>>()
    };
    let (waiting, paused) = (named(WAITING), named(PAUSED));
    if waiting.len() != 1 || paused.len() != 1 {
        faults.push(format!("{scaler}: it needs one trigger {WAITING:?} and one {PAUSED:?}"));
    }
    let length = waiting.first().and_then(|trigger| trigger.pointer("/metadata/streamLength"));
    let target = scaler.at(&format!("{modifiers}/target"));
    if target.is_none() || target != length {
        faults.push(format!(
            "{scaler}: target {target:?} is not the streamLength {length:?} of {WAITING:?}"
        ));
    }
    for field in ["metricType", "activationTarget"] {
        if scaler.at(&format!("{modifiers}/{field}")).is_some() {
            faults.push(format!(
                "{scaler}: {field} of the formula is not what is simulated and documented"
            ));
        }
    }
    faults
}

fn drains(inputs: &Inputs, target: &str, stream: Stream) -> bool {
    let app = inputs.named("SpinApp", target);
    app.is_some_and(|app| app.texts("/spec/components").contains(&stream.group()))
}

pub(super) fn targets(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for scaler in inputs.of_kind("ScaledObject") {
        let target = scaler.text("/spec/scaleTargetRef/name");
        if !seen.insert(target) {
            faults.push(format!("{scaler}: {target} is scaled twice"));
        }
        if inputs.named("SpinApp", target).or(inputs.named("Deployment", target)).is_none() {
            faults.push(format!("{scaler}: there is no {target} to scale"));
        }
        let number = |field: &str| scaler.at(&format!("/spec/{field}")).and_then(Value::as_u64);
        match (number("minReplicaCount"), number("maxReplicaCount")) {
            (Some(min), Some(max)) if min <= max && max > 0 => {}
            range => faults.push(format!(
                "{scaler}: minReplicaCount and maxReplicaCount are no range: {range:?}"
            )),
        }
        for trigger in scaler.list("/spec/triggers") {
            let name = trigger
                .pointer("/authenticationRef/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if inputs.named("TriggerAuthentication", name).is_none() {
                faults.push(format!("{scaler}: there is no TriggerAuthentication {name:?}"));
            }
        }
    }
    faults
}

pub(super) fn groups(inputs: &Inputs) -> Vec<String> {
    let keys = match inputs.keys() {
        Ok(keys) => keys,
        Err(fault) => return vec![fault],
    };
    let expected = Stream::ALL.map(|stream| format!("{}={}", keys.stream(stream), stream.group()));
    let Some(pods) = inputs.named("Job", "create-groups").and_then(Object::pods) else {
        return vec!["there is no Job create-groups".into()];
    };
    let mut faults = Vec::new();
    for container in pods.spec.iter().flat_map(containers) {
        let found: Vec<&str> =
            container["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if found != expected {
            faults.push(format!("{}: it makes {found:?} and not {expected:?}", pods.of));
        }
    }
    faults
}

pub(super) fn one_redis(inputs: &Inputs) -> Vec<String> {
    let redis = inputs.redis();
    let mut faults = Vec::new();
    for scaler in inputs.of_kind("ScaledObject") {
        for trigger in scaler.list("/spec/triggers") {
            let address =
                trigger.pointer("/metadata/address").and_then(Value::as_str).unwrap_or_default();
            if address != redis {
                faults.push(format!(
                    "{scaler}: {address:?} is not {redis:?}, which the settings name"
                ));
            }
        }
    }
    for (key, value) in inputs.secrets.get("redis").into_iter().flatten() {
        if value.contains("://") && !value.trim_end_matches("/?").ends_with(&format!("@{redis}")) {
            faults.push(format!("Secret/redis: {key} leads to another server than the settings"));
        }
    }
    let Some((host, port)) = redis.rsplit_once(':') else {
        faults.push(format!("ConfigMap/settings: redis_url has no port: {redis:?}"));
        return faults;
    };
    if let Some((name, namespace)) = host.strip_suffix(".svc").and_then(|host| host.split_once('.'))
    {
        match inputs.named("Service", name) {
            Some(service) if service.text("/metadata/namespace") == namespace => {
                if !service
                    .list("/spec/ports")
                    .iter()
                    .any(|open| open["port"].as_u64() == port.parse().ok())
                {
                    faults
                        .push(format!("{service}: it has no port {port}, which the settings name"));
                }
            }
            _ => faults
                .push(format!("ConfigMap/settings: there is no Service {name} in {namespace}")),
        }
    }
    faults
}

pub(super) fn redis_keeps_orders(inputs: &Inputs) -> Vec<String> {
    let Some(config) = inputs.named("ConfigMap", "redis") else { return Vec::new() };
    let settings: Vec<Vec<&str>> = config
        .text("/data/redis.conf")
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let value = |name: &str| {
        settings.iter().find(|words| words.first() == Some(&name)).map(|words| words[1..].join(" "))
    };
    let mut faults = Vec::new();
    for (name, allowed) in [
        ("appendonly", &["yes"][..]),
        ("appendfsync", &["everysec", "always"]),
        ("maxmemory-policy", &["noeviction"]),
        ("save", &["\"\""]),
        ("dir", &["/data"]),
    ] {
        if !value(name).is_some_and(|value| allowed.contains(&value.as_str())) {
            faults
                .push(format!("{config}: {name} is {:?} and not one of {allowed:?}", value(name)));
        }
    }
    let Some(pods) = inputs.named("StatefulSet", "redis").and_then(Object::pods) else {
        return vec!["there is no StatefulSet redis".into()];
    };
    for container in pods.spec.iter().flat_map(containers) {
        let words: Vec<&str> =
            container["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let argument =
            words.windows(2).find(|pair| pair[0] == "--maxmemory").map(|pair| pair[1].to_owned());
        let maxmemory = argument.or(value("maxmemory")).unwrap_or_default();
        let limit = container
            .pointer("/resources/limits/memory")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match (bytes(&maxmemory), bytes(limit)) {
            // Buffers, and what a rewrite of the file copies.
            (Some(maxmemory), Some(limit)) if maxmemory * 3 / 2 <= limit => {}
            _ => faults.push(format!(
                "{}: a limit of {limit:?} is too little over maxmemory {maxmemory:?}",
                pods.of
            )),
        }
        let is_kept = container["volumeMounts"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|mount| mount["mountPath"] == "/data");
        if !is_kept
            || inputs
                .named("StatefulSet", "redis")
                .is_some_and(|set| set.list("/spec/volumeClaimTemplates").is_empty())
        {
            faults.push(format!("{}: /data is on no volume", pods.of));
        }
    }
    faults
}

/// `1gb` and `128mb` as Redis writes them, `2Gi` and `512Mi` as Kubernetes does.
fn bytes(size: &str) -> Option<u64> {
    let at = size.find(|character: char| !character.is_ascii_digit())?;
    let unit = match &size[at..] {
        "gb" | "Gi" => 1 << 30,
        "mb" | "Mi" => 1 << 20,
        _ => return None,
    };
    Some(size[..at].parse::<u64>().ok()? * unit)
}
