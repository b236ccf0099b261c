//! Redis has memory for the orders that may wait, the confirmations and the index.
//!
//! The rule is that of `docs/operate.md`, with the same figures. A test measures them again.

use super::{Faults, Inputs};

/// Bytes in Redis of an order that waits, with its record.
pub const WAITING: u64 = 1_000;
/// Bytes of a confirmation. It is kept for one retention.
pub const CONFIRMATION: u64 = 2_100;
/// Bytes of an order's record in the index. It is kept for up to two retentions.
pub const RECORD: u64 = 250;

/// Annotation of Redis that says how many orders it is sized for.
const ORDERS_PER_DAY: &str = "/metadata/annotations/order-pipeline~1orders-per-day";
const MIB: u64 = 1 << 20;
/// What Redis uses without any order: scripts, connections, counters.
const FIXED: u64 = 8 * MIB;

pub(super) fn of_redis(inputs: &Inputs, faults: &mut Faults) {
    let Some(redis) = inputs.named("StatefulSet", "redis") else { return };
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let backlog = number(inputs.setting("max_backlog"));
    let retention_s = number(inputs.setting("retention_s"));
    let per_day = number(redis.text(ORDERS_PER_DAY));
    let (Some(backlog), Some(retention_s), Some(per_day)) = (backlog, retention_s, per_day) else {
        return faults.add(format!(
            "{redis}: max_backlog, retention_s and the annotation orders-per-day must be numbers \
             above 0: {backlog:?}, {retention_s:?}, {per_day:?}"
        ));
    };
    let kept = per_day * retention_s / 86_400 * (CONFIRMATION + 2 * RECORD);
    let needed = FIXED + backlog * WAITING + kept;
    // Above maxmemory no new order is accepted, but waiting orders are confirmed and then need more
    // memory.
    let growth = backlog * (CONFIRMATION + RECORD).saturating_sub(WAITING);

    let config = inputs.named("ConfigMap", "redis").map_or("", |it| it.text("/data/redis.conf"));
    let configured = config.lines().find_map(|line| line.trim().strip_prefix("maxmemory "));
    let arguments = redis.texts("/spec/template/spec/containers/0/args");
    let argument = arguments.windows(2).find(|pair| pair[0] == "--maxmemory");
    let max = argument.map(|pair| pair[1]).or(configured).unwrap_or_default();
    let limit = redis.text("/spec/template/spec/containers/0/resources/limits/memory");
    let (Some(max_bytes), Some(limit_bytes)) = (bytes(max), bytes(limit)) else {
        return faults
            .add(format!("{redis}: maxmemory {max:?} or its limit {limit:?} is not a size"));
    };
    faults.unless(max_bytes >= needed, || {
        format!(
            "{redis}: maxmemory {max} is too small: {backlog} waiting orders and {per_day} \
             orders a day, kept for {retention_s} s, need {} MiB",
            needed.div_ceil(MIB)
        )
    });
    // A rewrite of the append-only file copies the pages that change meanwhile: up to a half.
    let total = (max_bytes + growth) * 3 / 2;
    faults.unless(limit_bytes >= total, || {
        format!(
            "{redis}: a limit of {limit} is too small: maxmemory {max}, {backlog} waiting \
             orders that are confirmed above it, and a rewrite of the file need {} MiB",
            total.div_ceil(MIB)
        )
    });
}

/// `1gb` and `128mb` as Redis writes them, `2Gi` and `512Mi` as Kubernetes does.
pub(super) fn bytes(size: &str) -> Option<u64> {
    let at = size.find(|character: char| !character.is_ascii_digit())?;
    let unit = match &size[at..] {
        "gb" | "Gi" => 1 << 30,
        "mb" | "Mi" => MIB,
        _ => return None,
    };
    Some(size[..at].parse::<u64>().ok()? * unit)
}
