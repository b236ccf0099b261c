//! The domain of orders for receivers in other languages: `wit/domain.wit` says what it offers.
//!
//! It is built for `wasm32-unknown-unknown`, a target without a system interface, so it imports
//! nothing.

#![allow(missing_docs, clippy::same_length_and_capacity, reason = "generated code")]

use exports::orders::domain::{fulfilment, routing};
use fulfilment::{Fulfilled, Rejection, Times};
use orders::order::Order;
use orders::{Lane, Rejected};
use routing::Routed;

wit_bindgen::generate!({ path: "wit", world: "domain" });

struct Domain;

export!(Domain);

impl fulfilment::Guest for Domain {
    fn fulfil(
        order: Vec<u8>,
        times: Times,
        lane: fulfilment::Lane,
    ) -> Result<Fulfilled, Rejection> {
        let lane = match lane {
            fulfilment::Lane::Simple => Lane::Simple,
            fulfilment::Lane::Complex => Lane::Complex,
        };
        let Times { queued_at_ms, decided_at_ms } = times;
        let done = orders::fulfil(&order, lane, orders::Times { queued_at_ms, decided_at_ms })?;
        Ok(Fulfilled { id: done.id.to_string(), confirmation: done.confirmation })
    }

    fn identify(order: Vec<u8>) -> Option<String> {
        Order::identity(&order).map(|id| id.to_string())
    }
}

impl routing::Guest for Domain {
    fn assess(order: Vec<u8>, complexity_threshold: u32) -> Result<Routed, Rejection> {
        let routing = orders::route(&order, complexity_threshold)?;
        let lane = match routing.lane {
            Lane::Simple => fulfilment::Lane::Simple,
            Lane::Complex => fulfilment::Lane::Complex,
        };
        let (id, note) = (routing.id.to_string(), routing.note());
        Ok(Routed { id, lane, score: routing.score, note })
    }
}

impl From<Rejected> for Rejection {
    fn from(rejected: Rejected) -> Self {
        Self {
            id: rejected.id.map(|id| id.to_string()),
            code: rejected.code.to_owned(),
            errors: String::from_utf8_lossy(&rejected.errors).into_owned(),
        }
    }
}
