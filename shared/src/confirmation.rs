//! What the customer is told when an order is done.
//!
//! A confirmation is a pure function of the order, the price list and the time of the queue: made again, natively or in Wasm, it is the
//! same bytes. Names and free text of the customer are not repeated in it.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::complexity::Assessment;
use crate::order::Order;
use crate::pricing::{Quote, quote};
use crate::queue::Lane;

/// A confirmation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation<'a> {
    /// The order's identity.
    pub id: Uuid,
    /// `orderId` as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<&'a str>,
    /// The customer's number, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<&'a str>,
    /// The lane it took.
    #[serde(serialize_with = "lane_name")]
    pub lane: Lane,
    /// How much work it is, and why.
    pub complexity: Complexity,
    /// `Express` or `Standard`.
    pub delivery: &'static str,
    /// What it costs.
    pub quote: Quote<'a>,
}

/// The score with its reasons.
#[derive(Debug, Serialize)]
pub struct Complexity {
    /// The sum of the points.
    pub score: u32,
    /// The reasons that apply.
    pub reasons: Vec<ReasonPoints>,
}

/// A reason with its points.
#[derive(Debug, Serialize)]
pub struct ReasonPoints {
    /// The reason's stable name.
    pub reason: &'static str,
    /// Its points.
    pub points: u32,
}

/// Confirms an order that came by `lane`.
pub fn confirm<'a>(order: &'a Order<'_>, lane: Lane) -> Confirmation<'a> {
    let assessment = Assessment::of(order);
    Confirmation {
        id: order.id,
        order_id: order.order_id.as_deref(),
        customer: order.customer.as_deref(),
        lane,
        complexity: Complexity {
            score: assessment.score(),
            reasons: assessment
                .reasons()
                .map(|(reason, points)| ReasonPoints { reason: reason.as_str(), points })
                .collect(),
        },
        delivery: order.delivery.as_str(),
        quote: quote(order),
    }
}

impl Confirmation<'_> {
    /// The JSON that is stored.
    pub fn to_json(&self) -> Vec<u8> {
        // Every key is a text and no map has another kind: this cannot fail, and an empty confirmation would be seen as wrong.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn lane_name<S: Serializer>(lane: &Lane, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(lane.as_str())
}
