//! The component that takes orders in and routes them.
//!
//! One Wasm file, two components in `spin.toml`: `distributor` is rung and drains the ingress stream, `orders-api` answers HTTP and serves the
//! dashboard. They are apart so that the API keeps answering, with 503, when Redis is away and the workers' trigger has ended.

mod api;

use anyhow::Result;
use shared::queue::Stream;
use shared::roles::Distributor;
use shared::settings;
use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_sdk::{http_component, redis_component};

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<()> {
    let complexity_threshold = settings::complexity_threshold(&spin_shell::variable)?;
    spin_shell::on_bell(&Distributor { complexity_threshold })
}

#[http_component]
async fn on_request(incoming: IncomingRequest) -> Response {
    // The head only: a body is read where one is wanted, and no further than its limit.
    let head = Request::builder()
        .method(incoming.method())
        .uri(incoming.uri())
        .headers(incoming.headers())
        .body(())
        .build();
    match head.path() {
        "/distributor/tick" => spin_shell::on_tick(&head, Stream::Ingress),
        _ => api::answer(&head, incoming).await,
    }
}
