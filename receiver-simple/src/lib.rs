//! The receiver of the simple lane: prices and confirms its orders.
//!
//! A ring on `orders.simple` starts a drain; `/receiver-simple/tick` rings if orders wait.

#![allow(
    clippy::needless_pass_by_value,
    clippy::same_length_and_capacity,
    reason = "the macros of spin-sdk ask for it, or generate it"
)]

use orders::Lane;
use orders::pipeline::{Receiver, SIMPLE, component, settings};
use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::{http_component, redis_component};
use worker::HandlerError;

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<(), HandlerError> {
    worker::on_bell(component(SIMPLE), &Receiver { lane: Lane::Simple }, settings())
}

#[http_component]
async fn on_tick(request: IncomingRequest, out: ResponseOutparam) {
    worker::on_tick(request, out, Ok(Receiver { lane: Lane::Simple }), settings()).await;
}
