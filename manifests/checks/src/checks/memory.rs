//! Redis has memory for the orders that may wait and for what is kept of confirmed ones.
//!
//! The rule is that of `docs/deployment.md`, with the same figures. A test measures them again.

use serde_json::Value;

use super::Inputs;
use crate::object::containers;

/// Bytes in Redis of an order that waits, with its record.
pub const WAITING: u64 = 1_000;
/// Bytes of a confirmation. It is kept for one retention.
pub const CONFIRMATION: u64 = 2_600;
/// Bytes of an order's record in the index. It is kept for up to two retentions.
pub const RECORD: u64 = 250;

/// Annotation of Redis that says how many orders it is sized for.
const ORDERS_PER_DAY: &str = "/metadata/annotations/order-pipeline~1orders-per-day";
const MIB: u64 = 1 << 20;
/// What Redis uses without any order: scripts, connections, counters.
const FIXED: u64 = 8 * MIB;

pub(super) fn of_redis(inputs: &Inputs) -> Vec<String> {
    let Some(redis) = inputs.named("StatefulSet", "redis") else { return Vec::new() };
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let backlog = number(inputs.setting("max_backlog"));
    let retention_s = number(inputs.setting("retention_s"));
    let per_day = number(redis.text(ORDERS_PER_DAY));
    let (Some(backlog), Some(retention_s), Some(per_day)) = (backlog, retention_s, per_day) else {
        return vec![format!(
            "{redis}: max_backlog, retention_s and the annotation orders-per-day must be numbers \
             above 0: {backlog:?}, {retention_s:?}, {per_day:?}"
        )];
    };
    let kept = per_day * retention_s / 86_400 * (CONFIRMATION + 2 * RECORD);
    let needed = FIXED + backlog * WAITING + kept;
    // Above maxmemory no order comes in, but those that wait are confirmed, and so grow.
    let growth = backlog * (CONFIRMATION + RECORD).saturating_sub(WAITING);

    let config = inputs.named("ConfigMap", "redis").map_or("", |it| it.text("/data/redis.conf"));
    let configured = config.lines().find_map(|line| line.trim().strip_prefix("maxmemory "));
    let pods = redis.pods().and_then(|pods| pods.spec);
    let mut faults = Vec::new();
    for container in pods.iter().flat_map(containers) {
        let arguments = container["args"].as_array().into_iter().flatten();
        let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
        let argument = arguments.windows(2).find(|pair| pair[0] == "--maxmemory");
        let max = argument.map(|pair| pair[1]).or(configured).unwrap_or_default();
        let limit = container.pointer("/resources/limits/memory").and_then(Value::as_str);
        let limit = limit.unwrap_or_default();
        let (Some(max_bytes), Some(limit_bytes)) = (bytes(max), bytes(limit)) else {
            faults.push(format!("{redis}: maxmemory {max:?} or its limit {limit:?} is no size"));
            continue;
        };
        if max_bytes < needed {
            faults.push(format!(
                "{redis}: maxmemory {max} is too small: {backlog} waiting orders and {per_day} \
                 orders a day, kept for {retention_s} s, need {} MiB",
                needed.div_ceil(MIB)
            ));
        }
        // A rewrite of the append-only file copies the pages that change meanwhile: up to a half.
        let total = (max_bytes + growth) * 3 / 2;
        if limit_bytes < total {
            faults.push(format!(
                "{redis}: a limit of {limit} is too small: maxmemory {max}, {backlog} waiting \
                 orders that are confirmed above it, and a rewrite of the file need {} MiB",
                total.div_ceil(MIB)
            ));
        }
    }
    faults
}

/// `1gb` and `128mb` as Redis writes them, `2Gi` and `512Mi` as Kubernetes does.
fn bytes(size: &str) -> Option<u64> {
    let at = size.find(|character: char| !character.is_ascii_digit())?;
    let unit = match &size[at..] {
        "gb" | "Gi" => 1 << 30,
        "mb" | "Mi" => MIB,
        _ => return None,
    };
    Some(size[..at].parse::<u64>().ok()? * unit)
}
