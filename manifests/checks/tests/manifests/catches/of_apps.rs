//! SpinApps, what scales them, and Redis.

use serde_json::json;

use super::*;

pub(super) const ALL: &[Example] = &[
    (
        "components are those of spin.toml",
        |m| set(m, WORKER, "/spec/components/0", json!("receiver-simpel")),
        "are not those of spin.toml",
    ),
    (
        "components are those of spin.toml",
        |m| unset(m, WORKER, "/spec/components"),
        "components [] are not those",
    ),
    ("every stream is drained", |m| delete(m, WORKER), "nothing here is receiver-simple"),
    ("every stream is drained", |m| delete(m, API), "nothing here is orders-api"),
    (
        "variables are declared, used and all given",
        |m| set(m, WORKER, "/spec/variables/-", json!({ "name": "batch_sise", "value": "10" })),
        "do not use variable batch_sise",
    ),
    (
        "variables are declared, used and all given",
        |m| set(m, WORKER, "/spec/variables/-", json!({ "name": "max_backlog", "value": "10" })),
        "do not use variable max_backlog",
    ),
    (
        "variables are declared, used and all given",
        |m| set(m, WORKER, "/spec/variables/-", json!({ "name": "queue", "value": "orders" })),
        "queue is given twice",
    ),
    (
        "variables are declared, used and all given",
        |m| set(m, WORKER, "/spec/variables/-", json!({ "name": "batch_size" })),
        "either a value or where it comes from",
    ),
    (
        "variables are declared, used and all given",
        |m| unset(m, WORKER, "/spec/variables/0"),
        "variable redis_url is not given",
    ),
    (
        "variables are declared, used and all given",
        |m| unset(m, WORKER, "/spec/variables/1"),
        "variable redis_login is not given",
    ),
    (
        "variables are declared, used and all given",
        |m| {
            m.application.variables.insert("price_list".into(), true);
        },
        "orders-api: variable price_list is not given",
    ),
    (
        "probes are answered, and early",
        |m| set(m, API, "/spec/checks/readiness/httpGet/path", json!("/health")),
        "no route \"/health\"",
    ),
    (
        "probes are answered, and early",
        // The route is there, and belongs to a component that this app leaves out.
        |m| set(m, WORKER, "/spec/checks/liveness/httpGet/path", json!("/healthz")),
        "no route \"/healthz\"",
    ),
    (
        "probes are answered, and early",
        |m| unset(m, API, "/spec/checks/readiness"),
        "no route \"\"",
    ),
    (
        "probes are answered, and early",
        |m| unset(m, API, "/spec/checks/readiness/initialDelaySeconds"),
        "initialDelaySeconds",
    ),
    (
        "probes are answered, and early",
        |m| set(m, WORKER, "/spec/checks/liveness/initialDelaySeconds", json!(6)),
        "initialDelaySeconds",
    ),
    (
        "probes are answered, and early",
        |m| {
            set(
                m,
                WORKER,
                "/spec/checks/readiness/httpGet/path",
                json!("/.well-known/spin/health"),
            );
        },
        "readiness does not call the tick",
    ),
    (
        "probes are answered, and early",
        |m| set(m, WORKER, "/spec/checks/liveness/httpGet/path", json!("/.well-known/spin/health")),
        "a deaf worker stays deaf",
    ),
    (
        "one place sets the number of replicas",
        |m| set(m, WORKER, "/spec/replicas", json!(1)),
        "either replicas or a ScaledObject",
    ),
    (
        "one place sets the number of replicas",
        |m| unset(m, API, "/spec/replicas"),
        "either replicas or a ScaledObject",
    ),
    (
        "one place sets the number of replicas",
        |m| set(m, API, "/spec/replicas", json!(0)),
        "replicas is below 1",
    ),
    ("one place sets the number of replicas", |m| delete(m, SCALER), "and it is scaled: false"),
    (
        "one place sets the number of replicas",
        |m| set(m, WORKER, "/spec/enableAutoscaling", json!(false)),
        "and it is scaled: true",
    ),
    (
        "one place sets the number of replicas",
        |m| unset(m, REDIS, "/spec/replicas"),
        "either replicas or a ScaledObject",
    ),
    (
        "one place sets the number of replicas",
        |m| {
            set(m, REDIS, "/kind", json!("Deployment"));
            set(m, SCALER, "/spec/scaleTargetRef/name", json!("redis"));
        },
        "Deployment/redis: it needs either",
    ),
    (EXECUTORS, |m| set(m, API, "/spec/executor", json!("spin")), "no SpinAppExecutor spin"),
    (
        EXECUTORS,
        |m| unset(m, EXECUTOR, "/spec/deploymentConfig/runtimeClassName"),
        "names no RuntimeClass",
    ),
    (ORDER, |m| last(m, EXECUTOR), "SpinApp/orders-api: it comes before SpinAppExecutor"),
    (ORDER, |m| last(m, "ServiceAccount/order-pipeline"), "comes before ServiceAccount"),
    (ORDER, |m| last(m, "Namespace/order-pipeline"), "comes before Namespace"),
];

/// Changes of the overlay `aks-arm`.
pub(super) const POOLS: &[Example] = &[
    (EXECUTORS, |m| copy(m, POOL, "third"), "RuntimeClass/third: no executor names it"),
    (EXECUTORS, |m| set(m, POOL, "/handler", json!("spin")), "not \"spin\""),
    (
        EXECUTORS,
        |m| set(m, POOL, "/scheduling/nodeSelector", json!({ "order-pipeline/spin": "true" })),
        "nodes with spin=true only",
    ),
];

const EXECUTORS: &str = "executors fit the installed shim";
const EXECUTOR: &str = "SpinAppExecutor/containerd-shim-spin";
const ORDER: &str = "the operator accepts the order of objects";
const POOL: &str = "RuntimeClass/wasmtime-spin-v2-arm64";

/// Moves an object behind all others.
fn last(inputs: &mut Inputs, id: &str) {
    let moved = object(inputs, id).clone();
    delete(inputs, id);
    inputs.objects.push(moved);
}

const MEMORY: &str = "Redis has memory for what it keeps";

pub(super) const SCALING: &[Example] = &[
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/stream"), json!("{orders}:complex")),
        "not \"{orders}:complex\"",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/stream"), json!("orders:simple")),
        "not \"orders:simple\"",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, "ConfigMap/settings", "/data/queue", json!("other")),
        "{other}:simple",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, "ConfigMap/settings", "/data/queue", json!("a b")),
        "not a valid name",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/consumerGroup"), json!("receiver-simple")),
        "consumerGroup is not XLEN",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!(5000)),
        "streamLength is not XLEN of the stream, not known or not quoted",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!("5k")),
        "streamLength is not 1 or more",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamlength"), json!("5")),
        "streamlength is not XLEN",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/triggers/0/type", json!("redis")),
        "one plain trigger",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/advanced", json!({ "scalingModifiers": { "formula": "a" } })),
        "one plain trigger",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/triggers/-", json!({ "type": "cron" })),
        "one plain trigger",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!("5000")),
        "in a lane up to",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/activationLagCount"), json!("5")),
        "activationLagCount is not XLEN",
    ),
    (
        "KEDA scales what is there",
        |m| set(m, SCALER, "/spec/scaleTargetRef/name", json!("receiver")),
        "no receiver to scale",
    ),
    ("KEDA scales what is there", |m| copy(m, SCALER, "again"), "scaled twice"),
    (
        "KEDA scales what is there",
        |m| set(m, SCALER, "/spec/minReplicaCount", json!(9)),
        "are not a range",
    ),
    (
        "KEDA scales what is there",
        |m| set(m, SCALER, "/spec/fallback", json!({ "failureThreshold": 3, "replicas": 1 })),
        "KEDA never uses fallback",
    ),
    (
        "KEDA scales what is there",
        |m| set(m, SCALER, "/spec/minReplicaCount", json!(1)),
        "pollingInterval is for a minReplicaCount of 0",
    ),
    ("KEDA scales what is there", |m| unset(m, SCALER, "/spec/cooldownPeriod"), "cooldownPeriod"),
    (
        "KEDA scales what is there",
        |m| delete(m, "TriggerAuthentication/redis"),
        "no TriggerAuthentication",
    ),
    (
        "all use one Redis",
        |m| set(m, SCALER, &format!("{METADATA}/address"), json!("redis:6379")),
        "\"redis:6379\" is not",
    ),
    (
        "all use one Redis",
        |m| {
            m.secrets
                .get_mut("redis")
                .unwrap()
                .insert("login".into(), "redis://u:p@other:6379/?".into());
        },
        "login leads to another server",
    ),
    (
        "all use one Redis",
        |m| set(m, "Service/redis", "/spec/clusterIP", json!("None")),
        "it is headless",
    ),
    (
        "all use one Redis",
        |m| set(m, SCALER, &format!("{METADATA}/enableTLS"), json!("true")),
        "enableTLS is not that of redis_url",
    ),
    ("all use one Redis", |m| delete(m, "Service/redis"), "no Service redis"),
    (
        "all use one Redis",
        |m| set(m, "Service/redis", "/metadata/namespace", json!("default")),
        "no Service redis in order-pipeline",
    ),
    (
        "all use one Redis",
        |m| set(m, "Service/redis", "/spec/ports/0/port", json!(6380)),
        "no port 6379",
    ),
    (
        "all use one Redis",
        |m| set(m, "ConfigMap/settings", "/data/redis_url", json!("redis://redis")),
        "has no port",
    ),
    (
        "Redis loses no order",
        |m| edit(m, "ConfigMap/redis", "/data/start.sh", "off resetpass ~* &* +@all", "off"),
        "the default user lacks rights",
    ),
    (
        "Redis loses no order",
        |m| unset(m, REDIS, &format!("{CONTAINER}/volumeMounts/0")),
        "another volumeMounts/0",
    ),
    (
        "Redis loses no order",
        |m| unset(m, REDIS, "/spec/template/spec/initContainers"),
        "repair has another image",
    ),
    (
        MEMORY,
        |m| set(m, "ConfigMap/settings", "/data/max_backlog", json!("1000000")),
        "maxmemory 1gb is too small: 1000000 waiting orders and",
    ),
    (
        MEMORY,
        |m| set(m, "ConfigMap/settings", "/data/retention_s", json!("604800")),
        "kept for 604800 s",
    ),
    (
        MEMORY,
        |m| set(m, "ConfigMap/settings", "/data/max_backlog", json!("0")),
        "must be numbers above 0",
    ),
    (MEMORY, |m| unset(m, REDIS, "/metadata/annotations"), "must be numbers above 0"),
    (
        MEMORY,
        |m| set(m, REDIS, &format!("{CONTAINER}/args"), json!(["--maxmemory", "64mb"])),
        "maxmemory 64mb is too small",
    ),
    (
        MEMORY,
        |m| set(m, REDIS, &format!("{CONTAINER}/resources/limits/memory"), json!("1Gi")),
        "a limit of 1Gi is too small",
    ),
    (
        MEMORY,
        |m| edit(m, "ConfigMap/redis", "/data/redis.conf", "maxmemory 1gb", "maxmemory 1g"),
        "is not a size",
    ),
];
