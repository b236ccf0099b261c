//! KEDA and Redis must use the names of the queue.

use std::collections::BTreeSet;

use orders::pipeline::{STREAMS, component};
use queue::Stream;

use super::{Faults, Inputs};
use crate::object::text;

/// Metadata of a `redis-streams` trigger that this design uses. With `consumerGroup` it would not
/// read the length of the stream.
const METADATA: [&str; 5] = ["address", "stream", "streamLength", "databaseIndex", "enableTLS"];

/// Longest `streamLength` of a lane, whose entries are batches of up to 200 orders.
const MAX_BATCHES: u32 = 500;

pub(super) fn triggers(inputs: &Inputs, faults: &mut Faults) {
    let Some(keys) = inputs.keys() else {
        return faults.add("ConfigMap/settings: queue is not a valid name".into());
    };
    for scaler in inputs.of_kind("ScaledObject") {
        let trigger = &scaler.0["spec"]["triggers"][0];
        let is_plain = trigger["type"] == "redis-streams"
            && scaler.list("/spec/triggers").len() == 1
            && scaler.at("/spec/advanced/scalingModifiers").is_none();
        faults.unless(is_plain, || format!("{scaler}: it needs one plain trigger redis-streams"));
        let target = scaler.text("/spec/scaleTargetRef/name");
        let app = inputs.named("SpinApp", target);
        let components = app.map(|app| app.texts("/spec/components")).unwrap_or_default();
        let drained = STREAMS.into_iter().find(|it| components.contains(&component(*it)));
        for (name, value) in trigger["metadata"].as_object().into_iter().flatten() {
            let is_known = METADATA.contains(&name.as_str());
            faults.unless(is_known && value.is_string(), || {
                format!("{scaler}: {name} is not XLEN of the stream, not known or not quoted")
            });
        }
        let is_lane = matches!(drained, Some(Stream::Lane(_)));
        let length = text(trigger, "/metadata/streamLength").parse();
        let is_length = length.is_ok_and(|it: u32| it > 0 && (it <= MAX_BATCHES || !is_lane));
        faults.unless(is_length, || {
            format!("{scaler}: streamLength is not 1 or more, in a lane up to {MAX_BATCHES}")
        });
        let expected = drained.map(|stream| keys.stream(stream));
        let found = text(trigger, "/metadata/stream");
        faults.unless(expected == Some(found), || {
            format!("{scaler}: {target} drains {expected:?}, not {found:?}")
        });
    }
}

pub(super) fn targets(inputs: &Inputs, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for scaler in inputs.of_kind("ScaledObject") {
        let target = scaler.text("/spec/scaleTargetRef/name");
        faults.unless(seen.insert(target), || format!("{scaler}: {target} is scaled twice"));
        let is_there =
            ["SpinApp", "Deployment"].iter().any(|it| inputs.named(it, target).is_some());
        faults.unless(is_there, || format!("{scaler}: there is no {target} to scale"));
        let number = |field: &str| scaler.0["spec"][field].as_u64();
        let (min, max) = (number("minReplicaCount"), number("maxReplicaCount"));
        let is_range = min.zip(max).is_some_and(|(min, max)| min <= max && max > 0);
        faults.unless(is_range, || {
            format!("{scaler}: minReplicaCount {min:?} and maxReplicaCount {max:?} are not a range")
        });
        // KEDA warns about them when it never starts from zero, and then ignores them.
        for field in ["pollingInterval", "cooldownPeriod"] {
            faults.unless((min == Some(0)) == number(field).is_some(), || {
                format!("{scaler}: {field} is for a minReplicaCount of 0, and for that only")
            });
        }
        faults.unless(scaler.at("/spec/fallback").is_none(), || {
            format!("{scaler}: KEDA never uses fallback, because it cannot build the scaler")
        });
        for trigger in scaler.list("/spec/triggers") {
            let name = text(trigger, "/authenticationRef/name");
            faults.unless(inputs.named("TriggerAuthentication", name).is_some(), || {
                format!("{scaler}: there is no TriggerAuthentication {name:?}")
            });
        }
    }
}

pub(super) fn one_redis(inputs: &Inputs, faults: &mut Faults) {
    let redis = inputs.redis();
    let has_tls = inputs.setting("redis_url").starts_with("rediss:");
    for scaler in inputs.of_kind("ScaledObject") {
        for trigger in scaler.list("/spec/triggers") {
            let address = text(trigger, "/metadata/address");
            faults.unless(address == redis, || {
                format!("{scaler}: {address:?} is not {redis:?}, which the settings name")
            });
            faults.unless((text(trigger, "/metadata/enableTLS") == "true") == has_tls, || {
                format!("{scaler}: enableTLS is not that of redis_url")
            });
        }
    }
    for (key, value) in inputs.secrets.get("redis").into_iter().flatten() {
        let url = value.trim_end_matches("/?");
        let is_same = url.ends_with(&format!("@{redis}")) && url.starts_with("rediss:") == has_tls;
        faults.unless(!value.contains("://") || is_same, || {
            format!("Secret/redis: {key} leads to another server than the settings")
        });
    }
    // A server outside of the cluster has no Service.
    let Some((host, port)) = redis.split_once(".svc:") else {
        let is_elsewhere = redis.contains(':') && !redis.contains(".svc");
        return faults.unless(is_elsewhere, || "ConfigMap/settings: redis_url has no port".into());
    };
    let (name, namespace) = host.split_once('.').unwrap_or_default();
    let service = inputs.named("Service", name);
    let Some(service) = service.filter(|it| it.text("/metadata/namespace") == namespace) else {
        return faults
            .add(format!("ConfigMap/settings: there is no Service {name} in {namespace}"));
    };
    faults.unless(service.0["spec"]["ports"][0]["port"].as_u64() == port.parse().ok(), || {
        format!("{service}: it has no port {port}, which the settings name")
    });
    faults.unless(service.at("/spec/clusterIP").is_none(), || {
        format!("{service}: it is headless, so clients hang on the address of a pod that is gone")
    });
}

pub(super) fn redis_keeps_orders(inputs: &Inputs, faults: &mut Faults) {
    let Some(config) = inputs.named("ConfigMap", "redis") else { return };
    // As this user Redis up to 7.2.11 replays its append-only file.
    let mut users = config.text("/data/start.sh").lines().map(str::trim);
    faults.unless(users.any(|line| line == "user default off resetpass ~* &* +@all"), || {
        format!("{config}: the default user lacks rights, so a restart loses orders")
    });
    let Some(set) = inputs.named("StatefulSet", "redis") else {
        return faults.add("there is no StatefulSet redis".into());
    };
    for field in ["image", "resources", "volumeMounts/0"] {
        let [init, server] = ["initContainers", "containers"]
            .map(|of| set.at(&format!("/spec/template/spec/{of}/0/{field}")));
        faults.unless(init == server, || {
            format!("{set}: repair has another {field} than the server")
        });
    }
}
