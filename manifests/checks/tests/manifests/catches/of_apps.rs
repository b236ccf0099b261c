//! SpinApps, what scales them, and Redis.

use manifest_checks::application::Variable;
use manifest_checks::object::Object;
use serde_json::json;

use super::*;

pub(super) const ALL: &[Example] = &[
    (
        "components are those of spin.toml",
        |m| set(m, WORKER, "/spec/components/0", json!("receiver-simpel")),
        "spin.toml has no component receiver-simpel",
    ),
    (
        "components are those of spin.toml",
        |m| unset(m, WORKER, "/spec/components"),
        "the whole application",
    ),
    ("every stream is drained", |m| delete(m, WORKER), "nothing here is receiver-simple"),
    ("every stream is drained", |m| delete(m, API), "nothing here is orders-api"),
    (
        "variables are declared, used and all given",
        |m| set(m, WORKER, "/spec/variables/-", json!({ "name": "batch_sise", "value": "10" })),
        "declares no variable batch_sise",
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
            let required = Variable { is_required: true, is_secret: false };
            m.application.variables.insert("price_list".into(), required);
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
        "readiness does not call /receiver-simple/tick",
    ),
    (
        "probes are answered, and early",
        |m| set(m, WORKER, "/spec/checks/liveness/httpGet/path", json!("/.well-known/spin/health")),
        "a deaf worker is never restarted",
    ),
    (
        "the number of replicas is said by one",
        |m| set(m, WORKER, "/spec/replicas", json!(1)),
        "exclude each other",
    ),
    (
        "the number of replicas is said by one",
        |m| unset(m, API, "/spec/replicas"),
        "replicas is absent",
    ),
    ("the number of replicas is said by one", |m| delete(m, SCALER), "and it is scaled: false"),
    (
        "the number of replicas is said by one",
        |m| set(m, WORKER, "/spec/enableAutoscaling", json!(false)),
        "and it is scaled: true",
    ),
    (
        "the number of replicas is said by one",
        |m| unset(m, REDIS, "/spec/replicas"),
        "replicas is absent",
    ),
    (
        "the number of replicas is said by one",
        |m| {
            set(m, REDIS, "/kind", json!("Deployment"));
            set(m, SCALER, "/spec/scaleTargetRef/name", json!("redis"));
        },
        "Deployment/redis: its ScaledObject says",
    ),
    (
        "the executor is in the namespace",
        |m| set(m, API, "/spec/executor", json!("spin")),
        "no SpinAppExecutor spin",
    ),
    (
        "the executor is in the namespace",
        |m| {
            unset(
                m,
                "SpinAppExecutor/containerd-shim-spin",
                "/spec/deploymentConfig/runtimeClassName",
            );
        },
        "names no RuntimeClass",
    ),
    (
        "the executor is in the namespace",
        |m| {
            let class = json!({ "kind": "RuntimeClass", "metadata": { "name": "x" } });
            m.objects.push(Object(class));
        },
        "no executor names it",
    ),
];

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
        "no name of a queue",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/consumerGroup"), json!("receiver-simple")),
        "with consumerGroup",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!(5000)),
        "streamLength is not quoted",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!("5k")),
        "no number of entries",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamlength"), json!("5")),
        "streamlength is not known",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/triggers/0/type", json!("redis")),
        "is not known",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/advanced", json!({ "scalingModifiers": { "formula": "a" } })),
        "a plain trigger needs none",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, "/spec/triggers/-", json!({ "type": "cron" })),
        "exactly one trigger",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/streamLength"), json!("5000")),
        "in batches of 200 orders",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/activationLagCount"), json!("5")),
        "activationLagCount is not known",
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
        "no range",
    ),
    (
        "KEDA scales what is there",
        |m| delete(m, "TriggerAuthentication/redis"),
        "no TriggerAuthentication",
    ),
    (
        "one Redis is meant by all",
        |m| set(m, SCALER, &format!("{METADATA}/address"), json!("redis:6379")),
        "\"redis:6379\" is not",
    ),
    (
        "one Redis is meant by all",
        |m| {
            m.secrets
                .get_mut("redis")
                .unwrap()
                .insert("login".into(), "redis://u:p@other:6379/?".into());
        },
        "login leads to another server",
    ),
    ("one Redis is meant by all", |m| delete(m, "Service/redis"), "no Service redis"),
    (
        "one Redis is meant by all",
        |m| set(m, "Service/redis", "/metadata/namespace", json!("default")),
        "no Service redis in order-pipeline",
    ),
    (
        "one Redis is meant by all",
        |m| set(m, "Service/redis", "/spec/ports/0/port", json!(6380)),
        "no port 6379",
    ),
    (
        "one Redis is meant by all",
        |m| set(m, "ConfigMap/settings", "/data/redis_url", json!("redis://redis")),
        "has no port",
    ),
    (
        "Redis loses no order",
        |m| edit(m, "ConfigMap/redis", "/data/redis.conf", "appendonly yes", "appendonly no"),
        "appendonly",
    ),
    (
        "Redis loses no order",
        |m| {
            edit(
                m,
                "ConfigMap/redis",
                "/data/redis.conf",
                "appendfsync everysec",
                "appendfsync no",
            );
        },
        "appendfsync",
    ),
    (
        "Redis loses no order",
        |m| edit(m, "ConfigMap/redis", "/data/redis.conf", "noeviction", "allkeys-lru"),
        "maxmemory-policy",
    ),
    (
        "Redis loses no order",
        |m| edit(m, "ConfigMap/redis", "/data/start.sh", "off resetpass ~* &* +@all", "off"),
        "the default user lacks rights",
    ),
    (
        "Redis loses no order",
        |m| unset(m, REDIS, &format!("{CONTAINER}/volumeMounts/0")),
        "on no volume",
    ),
    (
        "Redis loses no order",
        |m| set(m, REDIS, "/spec/volumeClaimTemplates", json!([])),
        "on no volume",
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
        "is no size",
    ),
];
