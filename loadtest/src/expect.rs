//! What must become of an order, decided natively by the code in `shared` that the components run.

use shared::complexity::Assessment;
use shared::confirmation::confirm;
use shared::order::Order;
use shared::queue::Lane;
use uuid::Uuid;

/// The identity of an order that must be confirmed, or the code that one must be dead-lettered with.
///
/// # Errors
/// That code.
pub fn fate(json: &[u8]) -> Result<Uuid, &'static str> {
    match Order::parse(json) {
        Ok(order) => Ok(order.id),
        Err(rejection) => Err(rejection.first.code.as_str()),
    }
}

/// The lane an order must take and the confirmation it must get when it was queued at that time, in Unix ms; `None` when it is not valid.
pub fn confirmation(
    json: &[u8],
    complexity_threshold: u32,
    queued_at_ms: i64,
) -> Option<(Lane, Vec<u8>)> {
    let order = Order::parse(json).ok()?;
    let lane = Assessment::of(&order).lane(complexity_threshold);
    Some((lane, confirm(&order, lane, queued_at_ms).to_json()))
}

/// How an order is named in a report: its identity, or its position where it has none.
pub fn name(json: &[u8], position: u64) -> String {
    match Order::identity(json) {
        Some(id) => id.to_string(),
        None => format!("#{position}"),
    }
}
