//! The receiver of the complex lane: prices its orders, designs lenses, plans and confirms.
//!
//! A ring on `orders.complex` starts a drain; `/receiver-complex/tick` rings if orders wait.

#![allow(
    clippy::needless_pass_by_value,
    clippy::same_length_and_capacity,
    reason = "the macros of spin-sdk ask for it, or generate it"
)]

use orders::Lane;
use orders::pipeline::{COMPLEX, Receiver, component, settings};
use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::{http_component, redis_component};
use worker::HandlerError;

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<(), HandlerError> {
    worker::on_bell(component(COMPLEX), &Receiver { lane: Lane::Complex }, settings())
}

#[http_component]
async fn on_tick(request: IncomingRequest, out: ResponseOutparam) {
    worker::on_tick(request, out, Ok(Receiver { lane: Lane::Complex }), settings()).await;
}
