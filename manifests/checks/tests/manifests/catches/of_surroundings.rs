//! References, network and containers.

use manifest_checks::object::Object;
use serde_json::json;

use super::*;

pub(super) const REFERENCES: &[Example] = &[
    (
        "references lead to something",
        |m| set(m, WORKER, "/spec/variables/1/valueFrom/secretKeyRef/name", json!("redis-login")),
        "no Secret \"redis-login\"",
    ),
    (
        "references lead to something",
        |m| set(m, WORKER, "/spec/variables/1/valueFrom/secretKeyRef/key", json!("log-in")),
        "no key \"log-in\"",
    ),
    (
        "references lead to something",
        |m| set(m, "TriggerAuthentication/redis", "/spec/secretTargetRef/1/key", json!("pass")),
        "no key \"pass\"",
    ),
    (
        "references lead to something",
        |m| unset(m, "ConfigMap/settings", "/data/claim_idle_ms"),
        "claim_idle_ms",
    ),
    ("references lead to something", |m| delete(m, "ConfigMap/redis"), "no ConfigMap \"redis\""),
    (
        "references lead to something",
        |m| set(m, API, "/spec/imagePullSecrets", json!([{ "name": "registry" }])),
        "no Secret \"registry\"",
    ),
    (
        "references lead to something",
        |m| delete(m, "ServiceAccount/order-pipeline"),
        "no ServiceAccount",
    ),
    (
        "no secret is in plain text",
        |m| set(m, WORKER, "/spec/variables/1", json!({ "name": "redis_login", "value": "x" })),
        "redis_login is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| {
            set(
                m,
                REDIS,
                &format!("{CONTAINER}/env/0"),
                json!({ "name": "PIPELINE_PASSWORD", "value": "x" }),
            );
        },
        "PIPELINE_PASSWORD is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| set(m, "ConfigMap/settings", "/data/redis_url", json!("redis://:hush@redis:6379")),
        "a password is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| set(m, SCALER, &format!("{METADATA}/password"), json!("hush")),
        "password is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| edit(m, "ConfigMap/redis", "/data/redis.conf", "save", "requirepass hush\nsave"),
        "a password is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| edit(m, "ConfigMap/redis", "/data/start.sh", ">$MONITOR_PASSWORD", ">hush"),
        "a password is in plain text",
    ),
    (
        "no secret is in plain text",
        |m| {
            let secret =
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "redis" } });
            m.objects.push(Object(secret));
        },
        "a Secret is in the manifests",
    ),
    (
        "no secret is in plain text",
        |m| {
            let connection = "Endpoint=sb://x;SharedAccessKey=y";
            let metadata = json!([{ "name": "connectionString", "value": connection }]);
            m.objects
                .push(Object(json!({ "kind": "Component", "spec": { "metadata": metadata } })));
        },
        "connectionString is in plain text",
    ),
    (
        "everything is in one namespace",
        |m| set(m, WORKER, "/metadata/namespace", json!("default")),
        "SpinApp/receiver-simple: it is in \"default\"",
    ),
    ("everything is in one namespace", |m| delete(m, "Namespace/order-pipeline"), "no Namespace"),
];

pub(super) const NETWORK: &[Example] = &[
    (
        "selectors select and ports are open",
        |m| set(m, "Service/redis", "/spec/selector", json!({ "app": "redis" })),
        "Service/redis: its selector takes no pod",
    ),
    (
        "selectors select and ports are open",
        |m| {
            set(
                m,
                "PodDisruptionBudget/orders-api",
                "/spec/selector/matchLabels",
                json!({ "app": "orders-api" }),
            );
        },
        "PodDisruptionBudget/orders-api: its selector takes no pod",
    ),
    (
        "selectors select and ports are open",
        |m| set(m, "Service/redis", "/spec/ports/0/targetPort", json!("client")),
        "does not listen on \"client\"",
    ),
    (
        "selectors select and ports are open",
        |m| {
            set(
                m,
                REDIS,
                "/spec/selector/matchLabels",
                json!({ "order-pipeline/redis-client": "true" }),
            );
        },
        "takes pods of others",
    ),
    (
        "selectors select and ports are open",
        |m| set(m, REDIS, "/spec/selector/matchExpressions", json!([])),
        "StatefulSet/redis: its selector takes no pod",
    ),
    (
        "policies fit pods and ports",
        |m| delete(m, "NetworkPolicy/default-deny"),
        "no policy denies",
    ),
    (
        "policies fit pods and ports",
        |m| set(m, "NetworkPolicy/default-deny", "/spec/egress", json!([{}])),
        "no policy denies",
    ),
    (
        "policies fit pods and ports",
        |m| {
            set(
                m,
                "NetworkPolicy/orders-api",
                "/spec/podSelector/matchLabels",
                json!({ "app": "x" }),
            );
        },
        "its selector takes no pod",
    ),
    (
        "policies fit pods and ports",
        // The Service of an app and its pods both listen on 80.
        |m| set(m, "NetworkPolicy/orders-api", "/spec/ingress/0/ports/0/port", json!(3000)),
        "does not listen on 3000",
    ),
    (
        "policies fit pods and ports",
        |m| set(m, "NetworkPolicy/redis-clients", "/spec/egress/0/ports/0/port", json!(6380)),
        "does not listen on 6380",
    ),
    (
        "policies fit pods and ports",
        |m| unset(m, "NetworkPolicy/redis-clients", "/spec/egress/0/to"),
        "is for everybody",
    ),
    (
        "policies fit pods and ports",
        |m| {
            set(
                m,
                "NetworkPolicy/redis-clients",
                "/spec/egress/0/to/0",
                json!({ "ipBlock": { "cidr": "0.0.0.0/0" } }),
            );
        },
        "the whole world",
    ),
    (
        "policies fit pods and ports",
        |m| set(m, "NetworkPolicy/redis-clients", "/spec/policyTypes", json!(["Ingress"])),
        "rules for Egress and not the type",
    ),
    (
        "policies fit pods and ports",
        |m| {
            set(
                m,
                "NetworkPolicy/redis",
                "/spec/ingress/0/from/0/podSelector/matchLabels",
                json!({ "a": "b" }),
            );
        },
        "a selector for Ingress takes no pod",
    ),
    (
        "only clients of Redis reach it",
        |m| unset(m, WORKER, "/spec/podLabels"),
        "SpinApp/receiver-simple: it uses Redis or has the label",
    ),
    ("only clients of Redis reach it", |m| unset(m, JOB, &format!("{IN_JOB}/env")), JOB),
    (
        "only clients of Redis reach it",
        |m| set(m, "NetworkPolicy/redis-clients", "/spec/podSelector", json!({})),
        "it is not for the clients",
    ),
    (
        "only clients of Redis reach it",
        |m| unset(m, "NetworkPolicy/redis", "/spec/ingress/0/from/0"),
        "it does not let in",
    ),
    (
        "only clients of Redis reach it",
        |m| unset(m, "NetworkPolicy/redis", "/spec/ingress/0/from/2"),
        "it does not let in",
    ),
    (
        "only clients of Redis reach it",
        |m| delete(m, "NetworkPolicy/dns"),
        "not all pods may ask for names",
    ),
];

/// Changes of the overlay `observability`.
pub(super) const MONITORS: &[Example] = &[
    (
        SCRAPED,
        |m| set(m, MONITOR, "/spec/endpoints/0/port", json!("http-app")),
        "gives the port of a Service no name",
    ),
    (SCRAPED, |m| unset(m, MONITOR, "/spec/endpoints/0/targetPort"), "does not listen on null"),
    (SCRAPED, |m| set(m, MONITOR, "/spec/endpoints/0/path", json!("/metric")), "no route"),
    (SCRAPED, |m| delete(m, API), "no SpinApp \"orders-api\""),
];

const SCRAPED: &str = "monitors scrape an open port";
const MONITOR: &str = "ServiceMonitor/orders-api";

pub(super) const CONTAINERS: &[Example] = &[
    (
        "resources are limited",
        |m| unset(m, WORKER, "/spec/resources/limits/memory"),
        "SpinApp/receiver-simple: resources.limits.memory",
    ),
    (
        "resources are limited",
        |m| unset(m, JOB, &format!("{IN_JOB}/resources/requests/cpu")),
        "resources.requests.cpu",
    ),
    (
        "resources are limited",
        |m| unset(m, WORKER, "/spec/invocationLimits"),
        "invocationLimits.memory is not at most half",
    ),
    (
        "resources are limited",
        |m| set(m, WORKER, "/spec/invocationLimits/memory", json!("200Mi")),
        "invocationLimits.memory is not at most half",
    ),
    (
        "images are pinned",
        |m| set(m, REDIS, &format!("{CONTAINER}/image"), json!("docker.io/redis:latest")),
        "latest",
    ),
    (
        "images are pinned",
        |m| set(m, WORKER, "/spec/image", json!("ghcr.io/OWNER/order-pipeline")),
        "not pinned",
    ),
    (
        "images are pinned",
        |m| set(m, WORKER, "/spec/image", json!("ghcr.io/OWNER/other:0.1.0")),
        "not one image",
    ),
    (
        "images are pinned",
        |m| set(m, WORKER, "/spec/image", json!("order-pipeline:0.1.0")),
        "no registry",
    ),
    (
        "containers have no rights",
        |m| unset(m, JOB, &format!("{IN_JOB}/securityContext/readOnlyRootFilesystem")),
        "securityContext is not",
    ),
    (
        "containers have no rights",
        |m| {
            set(
                m,
                REDIS,
                &format!("{CONTAINER}/securityContext/capabilities"),
                json!({ "add": ["NET_ADMIN"] }),
            );
        },
        "securityContext is not",
    ),
    (
        "containers have no rights",
        |m| unset(m, REDIS, "/spec/template/spec/securityContext/runAsNonRoot"),
        "runAsNonRoot",
    ),
    (
        "containers have no rights",
        |m| unset(m, REDIS, "/spec/template/spec/securityContext/seccompProfile"),
        "seccompProfile RuntimeDefault",
    ),
    (
        "containers have no rights",
        |m| unset(m, WORKER, "/spec/serviceAccountName"),
        "brings a token",
    ),
    (
        "containers have no rights",
        |m| set(m, "ServiceAccount/order-pipeline", "/automountServiceAccountToken", json!(true)),
        "brings a token",
    ),
];
