//! The HTTP API of `orders-api`. A file holds one resource; what goes wrong has a stable `code` in the body.

mod auth;
mod body;
mod dead_letters;
mod health;
mod orders;
mod stats;

use spin_sdk::http::{IncomingRequest, Method, Request, Response};

/// Answers one request, given its head; its body is still to be read.
pub(crate) async fn answer(request: &Request, incoming: IncomingRequest) -> Response {
    let path = request.path();
    // Before anything is looked up: who may not see orders does not learn which paths and ids there are.
    if path != "/healthz"
        && let Err(refusal) = auth::check(request)
    {
        return refusal;
    }
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    match path {
        "/orders" if *request.method() == Method::Post => orders::post(request, incoming).await,
        "/orders" => method_not_allowed("POST"),
        "/stats" if is_read => stats::get(),
        "/healthz" if is_read => health::get(),
        "/stats" | "/healthz" => method_not_allowed("GET, HEAD"),
        _ if path == "/dead-letters" || path.starts_with("/dead-letters/") => dead_letters::answer(request),
        _ => match path.strip_prefix("/orders/") {
            Some(id) if !id.is_empty() && !id.contains('/') && is_read => orders::get(id),
            Some(id) if !id.is_empty() && !id.contains('/') => method_not_allowed("GET, HEAD"),
            _ => not_found(),
        },
    }
}

fn not_found() -> Response {
    spin_shell::problem(404, "not_found", "there is nothing at this path").into_response()
}

fn method_not_allowed(allowed: &str) -> Response {
    spin_shell::problem(405, "method_not_allowed", &format!("allowed here: {allowed}"))
        .with_header("allow", allowed)
}
