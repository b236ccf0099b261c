//! Partitions: the first, with the API, and one of the others.

use serde_json::json;

use super::*;

const TOLD: &str = "the API is told of every partition";
const NUMBERED: &str = "a partition carries its number";
const NAMESPACE: &str = "Namespace/order-pipeline-1";

pub(super) const FIRST: &[Example] = &[
    (
        TOLD,
        |m| set(m, "ConfigMap/settings", "/data/partitions", json!("4")),
        "redis_url_p3 is not given by the settings",
    ),
    (
        TOLD,
        |m| set(m, "ConfigMap/settings", "/data/partitions", json!("2")),
        "there is no partition 2, and it has an address",
    ),
    (
        TOLD,
        |m| set(m, "ConfigMap/settings", "/data/partitions", json!("9")),
        "partitions is not 1 to 8",
    ),
    (
        TOLD,
        |m| {
            edit(
                m,
                "ConfigMap/settings",
                "/data/redis_url_p1",
                "order-pipeline-1",
                "order-pipeline-2",
            )
        },
        "redis_login_p1 does not lead to",
    ),
    (
        "variables are declared, used and all given",
        |m| {
            set(
                m,
                API,
                "/spec/variables/-",
                json!({ "name": "redis_url_p8", "value": "redis://x:6379" }),
            )
        },
        "declares no variable redis_url_p8",
    ),
    (
        "references lead to something",
        |m| drop(m.secrets.remove("redis-p2")),
        "no Secret \"redis-p2\"",
    ),
];

pub(super) const SECOND: &[Example] = &[
    (
        NUMBERED,
        |m| set(m, "ConfigMap/settings", "/data/queue", json!("orders")),
        "the queue of partition 1 is \"orders\"",
    ),
    (
        NUMBERED,
        |m| set(m, NAMESPACE, "/metadata/labels/order-pipeline~1partition", json!("2")),
        "the namespace of partition 2 is \"order-pipeline-1\"",
    ),
    (
        NUMBERED,
        |m| set(m, NAMESPACE, "/metadata/labels/order-pipeline~1partition", json!("8")),
        "there is no partition \"8\"",
    ),
    (
        NUMBERED,
        |m| set(m, WORKER, "/spec/components/-", json!("orders-api")),
        "the API stands before all partitions",
    ),
    (
        "KEDA looks at the streams of the queue",
        |m| set(m, SCALER, &format!("{METADATA}/stream"), json!("{orders}:simple")),
        "{orders-1}:simple",
    ),
    (
        "one Redis is meant by all",
        |m| set(m, SCALER, &format!("{METADATA}/address"), json!("redis.order-pipeline.svc:6379")),
        "which the settings name",
    ),
    (
        "the groups are those of the queue",
        |m| set(m, JOB, &format!("{CONTAINER}/args/0"), json!("{orders}:ingress=distributor")),
        "{orders-1}:ingress=distributor",
    ),
];
