//! The distributor: scores each order of the ingress stream and routes it to its lane.
//!
//! A ring on `orders.ingress` starts a drain; `/distributor/tick` rings if orders wait.

#![allow(
    clippy::needless_pass_by_value,
    clippy::same_length_and_capacity,
    reason = "the macros of spin-sdk ask for it, or generate it"
)]

use orders::pipeline::{Distributor, component, settings};
use queue::Stream;
use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::{http_component, redis_component, variables};
use worker::HandlerError;

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<(), HandlerError> {
    let distributor = Distributor::read(variables::get)?;
    worker::on_bell(component(Stream::Ingress), &distributor, settings())
}

#[http_component]
async fn on_tick(request: IncomingRequest, out: ResponseOutparam) {
    worker::on_tick(request, out, Distributor::read(variables::get), settings()).await;
}
