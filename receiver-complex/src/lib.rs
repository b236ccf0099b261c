//! The receiver of the complex lane: prices its orders, designs lenses, plans and confirms.
//!
//! A ring on `orders.complex` starts a drain; `/receiver-complex/tick` rings if orders wait.

#![allow(
    clippy::needless_pass_by_value,
    clippy::same_length_and_capacity,
    reason = "the macros of spin-sdk ask for it, or generate it"
)]

use anyhow::Result;
use orders::Lane;
use orders::pipeline::{COMPLEX, Receiver, component, settings};
use spin_sdk::http::{Request, Response};
use spin_sdk::{http_component, redis_component};

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<()> {
    worker::on_bell(component(COMPLEX), &Receiver { lane: Lane::Complex }, settings())
}

#[http_component]
fn on_tick(request: Request) -> Response {
    worker::on_tick(&request, COMPLEX, settings())
}
