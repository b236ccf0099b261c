//! The HTTP API of `orders-api`. A file holds one resource, [`routes`] says what there is.
//!
//! What goes wrong is told as problem details with a stable `code`, all of them in `shared::problem`.

mod auth;
mod body;
mod control;
mod dashboard;
mod dead_letters;
mod etag;
mod health;
mod metrics;
mod once;
mod openapi;
mod order_list;
mod orders;
mod query;
mod routes;
mod stats;
mod trace;

use routes::Operation;
use shared::problem;
use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_shell::NotReady;

/// Answers one request, given its head; its body is still to be read.
pub(crate) async fn answer(request: &Request, incoming: IncomingRequest) -> Response {
    let found = routes::find(request.path());
    // Before anything else: who may not see orders does not learn which paths and ids there are.
    if !found.is_some_and(|(route, _)| route.is_open)
        && let Err(refusal) = auth::check(request)
    {
        return refusal;
    }
    let Some((route, id)) = found else {
        return not_found();
    };
    match route.operation(request.method()) {
        Ok(operation) => carry_out(operation, id, request, incoming).await,
        Err(answer) => answer,
    }
}

async fn carry_out(
    operation: Operation,
    id: &str,
    request: &Request,
    incoming: IncomingRequest,
) -> Response {
    match operation {
        Operation::TakeOrders => orders::post(request, incoming).await,
        Operation::ListOrders => order_list::get(request.query()),
        Operation::ShowOrder => orders::get(id, request),
        Operation::ListLetters => dead_letters::list(request.query()),
        Operation::ShowLetter => dead_letters::show(id),
        Operation::DiscardLetter => dead_letters::discard(id),
        Operation::RedriveLetter => dead_letters::redrive(id),
        Operation::Stats => stats::get(),
        Operation::ShowControls => control::list(),
        Operation::ShowControl => control::show(id),
        Operation::SetControl => control::set(id, request, incoming).await,
        Operation::Metrics => metrics::get(),
        Operation::Health => health::get(),
        Operation::ShowDashboard => dashboard::get(request),
        Operation::ShowApi => openapi::get(request),
    }
}

fn not_found() -> Response {
    spin_shell::problem(problem::NOT_FOUND, "there is nothing at this path").into_response()
}

/// What `act` answers, or why it could not begin.
fn answer_of(act: impl FnOnce() -> Result<Response, NotReady>) -> Response {
    act().unwrap_or_else(|error| spin_shell::not_ready(&error))
}
