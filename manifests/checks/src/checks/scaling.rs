//! KEDA and Redis against the queue's own names.

use std::collections::BTreeSet;

use orders::pipeline::{STREAMS, component};
use queue::Stream;
use serde_json::Value;

use super::Inputs;
use crate::object::{Object, containers};

/// Metadata of a `redis-streams` trigger that this design uses. KEDA starts the first pod for one
/// entry.
const METADATA: [&str; 5] = ["address", "stream", "streamLength", "databaseIndex", "enableTLS"];

/// Longest `streamLength` of a lane. Its entries are batches of up to 200 orders, so more than this
/// was meant as a number of orders.
const MAX_BATCHES: u32 = 500;

pub(super) fn triggers(inputs: &Inputs) -> Vec<String> {
    let keys = match inputs.keys() {
        Ok(keys) => keys,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    for scaler in inputs.of_kind("ScaledObject") {
        if scaler.at("/spec/advanced/scalingModifiers").is_some() {
            faults.push(format!("{scaler}: it has a formula; a plain trigger needs none"));
        }
        let [trigger] = scaler.list("/spec/triggers") else {
            faults.push(format!("{scaler}: it needs exactly one trigger"));
            continue;
        };
        if trigger["type"] != "redis-streams" {
            faults.push(format!("{scaler}: the trigger {} is not known", trigger["type"]));
            continue;
        }
        let target = scaler.text("/spec/scaleTargetRef/name");
        let drained = STREAMS.into_iter().find(|stream| drains(inputs, target, *stream));
        let found = metadata(trigger, drained);
        faults.extend(found.into_iter().map(|fault| format!("{scaler}: {fault}")));
        let expected = drained.map(|stream| keys.stream(stream));
        let found = trigger.pointer("/metadata/stream").and_then(Value::as_str).unwrap_or_default();
        if expected != Some(found) {
            faults.push(format!("{scaler}: {target} drains {expected:?}, not {found:?}"));
        }
    }
    faults
}

/// What is wrong with the metadata of a trigger for this stream.
fn metadata(trigger: &Value, stream: Option<Stream>) -> Vec<String> {
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
    match length.parse::<u32>() {
        Ok(length) if length > MAX_BATCHES && matches!(stream, Some(Stream::Lane(_))) => {
            faults
                .push(format!("streamLength {length} is in batches of 200 orders, not in orders"));
        }
        Ok(length) if length > 0 => {}
        _ => faults.push("streamLength is no number of entries in quotes".into()),
    }
    faults
}

fn drains(inputs: &Inputs, target: &str, stream: Stream) -> bool {
    let app = inputs.named("SpinApp", target);
    app.is_some_and(|app| app.texts("/spec/components").contains(&component(stream)))
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
    // As this user Redis up to 7.2.11 replays its append-only file.
    let users = config.text("/data/start.sh");
    if !users.lines().any(|line| line.trim() == "user default off resetpass ~* &* +@all") {
        faults.push(format!("{config}: the default user lacks rights, so a restart loses orders"));
    }
    let Some(pods) = inputs.named("StatefulSet", "redis").and_then(Object::pods) else {
        return vec!["there is no StatefulSet redis".into()];
    };
    for container in pods.spec.iter().flat_map(containers) {
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
