//! The expected outcome of an order, computed natively by the code that the components run.

use chrono::{DateTime, Utc};
use orders::complexity::Assessment;
use orders::confirmation::confirm;
use orders::order::Order;
use orders::{Lane, Times};
use serde::Deserialize;
use uuid::Uuid;

/// The identity of a valid order, or the code of an invalid one.
pub(crate) fn fate(json: &[u8]) -> Result<Uuid, &'static str> {
    Order::parse(json).map(|order| order.id).map_err(|rejection| rejection.first.code.as_str())
}

/// The lane and the confirmation of a valid order.
pub(crate) fn confirmation(
    json: &[u8],
    complexity_threshold: u32,
    times: Times,
) -> Option<(Lane, Vec<u8>)> {
    let order = Order::parse(json).ok()?;
    let lane = Assessment::of(&order).lane(complexity_threshold);
    Some((lane, confirm(&order, lane, times).to_json()))
}

/// In Unix ms.
pub(crate) fn decided_at_ms(confirmation: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Confirmation {
        promise: Promise,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Promise {
        decided_at: DateTime<Utc>,
    }
    let confirmation: Confirmation = serde_json::from_slice(confirmation).ok()?;
    Some(confirmation.promise.decided_at.timestamp_millis())
}

/// The identity, or the position of an order without one.
pub(crate) fn name(json: &[u8], position: u64) -> String {
    Order::identity(json).map_or_else(|| format!("#{position}"), |id| id.to_string())
}
