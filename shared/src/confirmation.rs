//! What the customer is told when an order is done.
//!
//! A confirmation is a pure function of the order, the price list and the time of the queue: made again, natively or in Wasm, it is the
//! same bytes. Names and free text of the customer are not repeated in it.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::complexity::{Assessment, ReasonPoints};
use crate::lens::{self, EyeDesign};
use crate::order::Order;
use crate::plan::{Plan, plan};
use crate::pricing::{Quote, quote};
use crate::promise::{Promise, promise};
use crate::queue::Lane;

/// A confirmation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    #[cfg_attr(test, schemars(with = "String", extend("enum" = [Lane::Simple.as_str(), Lane::Complex.as_str()])))]
    pub lane: Lane,
    /// How much work it is, and why.
    pub complexity: Complexity<'a>,
    /// `Express` or `Standard`.
    #[cfg_attr(test, schemars(extend("enum" = crate::order::Delivery::ALL.map(crate::order::Delivery::as_str))))]
    pub delivery: &'static str,
    /// What it costs.
    pub quote: Quote<'a>,
    /// When it arrives.
    pub promise: Promise,
    /// How each prescription is made; complex orders only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lenses: Vec<LensDesign>,
    /// The way through the works; complex orders and those with a prescription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

/// How the prescription of one item is made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LensDesign {
    /// The item, as the sender counts.
    pub order_item_id: i64,
    /// The design for each eye it prescribes for.
    pub eyes: Vec<EyeDesign>,
}

/// The score with its reasons.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Complexity<'a> {
    /// The sum of the points.
    pub score: u32,
    /// The reasons that apply.
    pub reasons: Vec<ReasonPoints<'a>>,
}

/// Confirms an order that came by `lane` and was queued at `queued_at_ms`, in Unix ms by the clock of the queue.
pub fn confirm<'a>(order: &'a Order<'_>, lane: Lane, queued_at_ms: i64) -> Confirmation<'a> {
    let assessment = Assessment::of(order);
    let has_lens = order.items.iter().any(|item| item.lens.is_some());
    let lenses = if lane == Lane::Complex { designs(order) } else { Vec::new() };
    // What is only picked and packed waits for no station.
    let plan = (lane == Lane::Complex || has_lens).then(|| plan(order));
    let plan_minutes = plan.as_ref().map_or(0, |plan| plan.lead_time_minutes);
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
        promise: promise(order, queued_at_ms, plan_minutes),
        lenses,
        plan,
    }
}

fn designs(order: &Order<'_>) -> Vec<LensDesign> {
    let designs = order.items.iter().filter_map(|item| {
        let lens = item.lens.as_ref().filter(|_| item.quantity > 0)?;
        Some(LensDesign { order_item_id: item.order_item_id, eyes: lens::design(lens) })
    });
    designs.collect()
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
