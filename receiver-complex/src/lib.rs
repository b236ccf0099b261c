//! The component that fulfils the orders of the complex lane.
//!
//! Its bell starts a drain; `/receiver-complex/tick` rings the bell when work was left lying.

use anyhow::Result;
use shared::queue::{Lane, Stream};
use shared::roles::Receiver;
use spin_sdk::http::{Request, Response};
use spin_sdk::{http_component, redis_component};

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<()> {
    spin_shell::on_bell(&Receiver { lane: Lane::Complex })
}

#[http_component]
fn on_request(request: Request) -> Response {
    spin_shell::on_tick(&request, Stream::Complex)
}
