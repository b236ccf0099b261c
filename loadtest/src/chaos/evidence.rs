//! The records and entries in Redis of orders that did not end as expected. The private server is
//! gone after the run.

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::Keys;
use redis::Commands;
use redis::streams::StreamRangeReply;

use crate::report::Failures;

/// Fields of confirmations and dead letters, without the order.
const FIELDS: [&str; 6] = ["order_id", "code", "stream", "entry", "ingress", "delivery_count"];

/// One line for each trace of an order: its record, its confirmations, its dead letters.
pub(crate) fn of(
    redis: &mut RedisConnection,
    keys: &Keys,
    failures: &Failures,
) -> Result<Vec<String>> {
    let wrong = failures.wrong.iter().map(|wrong| &wrong.order);
    let orders: Vec<&String> =
        failures.lost.iter().chain(&failures.confirmed_twice).chain(wrong).collect();
    let mut lines = Vec::new();
    if orders.is_empty() {
        return Ok(lines);
    }
    for order in &orders {
        let record: Option<String> =
            redis.inner().hget(keys.index(), order).context("failed to read a record")?;
        lines.push(format!("{order}: record {}", record.unwrap_or_else(|| "none".into())));
    }
    for key in [keys.results(), keys.dead_letters()] {
        let entries: StreamRangeReply =
            redis.inner().xrange_all(key).with_context(|| format!("failed to read {key}"))?;
        for entry in entries.ids {
            let order = entry.get::<String>("order_id");
            if order.is_some_and(|order| orders.contains(&&order)) {
                let field = |name: &&str| Some(format!(" {name} {}", entry.get::<String>(name)?));
                let fields: String = FIELDS.iter().filter_map(field).collect();
                lines.push(format!("{key} {}:{fields}", entry.id));
            }
        }
    }
    Ok(lines)
}
