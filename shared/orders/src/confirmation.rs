//! The confirmation that the customer gets when an order is done.
//!
//! A confirmation is a pure function of the order, the price list and the times in it. It does not
//! repeat the customer's names and free text, and leaves out what is zero, none or empty.

use optics::{Design, Plan, design, plan};
use serde::Serialize;
use uuid::Uuid;

use crate::complexity::{Assessment, Reason};
use crate::order::{Delivery, Order};
use crate::pricing::{Quote, quote};
use crate::promise::{Promise, promise};
use crate::{Lane, Times};

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
    /// Its lane.
    pub lane: Lane,
    /// How much work it is, and why.
    pub complexity: Complexity,
    /// How fast it is delivered.
    pub delivery: Delivery,
    /// What it costs.
    pub quote: Quote<'a>,
    /// When it arrives.
    pub promise: Promise,
    /// How each prescription is made; complex orders only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lenses: Vec<LensDesign>,
    /// The production plan, for complex orders and those with a prescription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

/// How the prescription of one item is made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LensDesign {
    /// The item's number, as the sender counts.
    pub order_item_id: i64,
    /// The design of its lenses.
    #[serde(flatten)]
    pub design: Design,
}

/// The score with its reasons.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Complexity {
    /// The sum of the points.
    pub score: u32,
    /// The reasons that apply.
    pub reasons: Vec<Reason>,
}

/// Confirms an order of a lane.
pub fn confirm<'a>(order: &'a Order<'_>, lane: Lane, times: Times) -> Confirmation<'a> {
    let assessment = Assessment::of(order);
    let has_lens = order.items.iter().any(|item| item.lens.is_some());
    // A simple order without a prescription waits for no station.
    let plan = (lane == Lane::Complex || has_lens)
        .then(|| plan(order.items.iter().map(|item| (item.quantity, item.lens.as_ref()))));
    let plan_minutes = plan.as_ref().map_or(0, |plan| plan.lead_time_minutes);
    Confirmation {
        id: order.id,
        order_id: order.order_id.as_deref(),
        customer: order.customer.as_deref(),
        lane,
        complexity: Complexity {
            score: assessment.score(),
            reasons: assessment.reasons().map(|(reason, _)| reason).collect(),
        },
        delivery: order.delivery,
        quote: quote(order),
        promise: promise(order, times, plan_minutes),
        lenses: if lane == Lane::Complex { designs(order) } else { Vec::new() },
        plan,
    }
}

fn designs(order: &Order<'_>) -> Vec<LensDesign> {
    let designs = order.items.iter().filter_map(|item| {
        let lens = item.lens.as_ref().filter(|_| item.quantity > 0)?;
        Some(LensDesign { order_item_id: item.order_item_id, design: design(lens) })
    });
    designs.collect()
}

impl Confirmation<'_> {
    /// The JSON that is stored.
    pub fn to_json(&self) -> Vec<u8> {
        // All keys are strings, so this cannot fail, and verification would find an empty
        // confirmation.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
