//! `POST /orders` takes orders in, `GET /orders/{id}` says how far one is.

use percent_encoding::percent_decode_str;
use serde::Serialize;
use shared::intake::{BodyError, Intake, Refused};
use shared::order::Order;
use shared::problem;
use shared::queue::{Enqueued, OrderState};
use shared::settings::ApiSettings;
use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_shell::{NotReady, Shell};
use uuid::Uuid;

use super::body;

/// The body of a 202.
#[derive(Serialize)]
struct Accepted<'a> {
    accepted: usize,
    refused: usize,
    /// Orders that wait or are in flight, these included.
    backlog: u64,
    /// The identities of the accepted orders, in the order of the request.
    ids: Vec<Uuid>,
    errors: &'a [Refused],
}

/// What a 422 says beside the problem.
#[derive(Serialize)]
struct AllRefused<'a> {
    refused: usize,
    errors: &'a [Refused],
}

/// 202 once every order that is counted as accepted is written; nothing is written otherwise.
pub(super) async fn post(request: &Request, incoming: IncomingRequest) -> Response {
    match try_post(request, incoming).await {
        Ok(response) => response,
        Err(error) => spin_shell::not_ready(&error),
    }
}

async fn try_post(request: &Request, incoming: IncomingRequest) -> Result<Response, NotReady> {
    let settings = ApiSettings::read(&spin_shell::variable)?;
    let body = match body::read(request, incoming, settings.max_body_bytes).await {
        Ok(body) => body,
        Err(error) => return Ok(refuse_body(&error)),
    };
    let content_type = request.header("content-type").and_then(|value| value.as_str());
    let intake = match Intake::read(&body, content_type, &settings) {
        Ok(intake) => intake,
        Err(error) => return Ok(refuse_body(&error)),
    };
    if intake.orders.is_empty() {
        let refused = AllRefused { refused: intake.refused.len(), errors: &intake.refused };
        let detail = "no order was valid, none was written; errors says why";
        return Ok(spin_shell::problem_with(problem::ALL_REFUSED, detail, refused).into_response());
    }
    Ok(match enqueue(&intake, &settings)? {
        Enqueued::Written { backlog } => {
            let body = Accepted {
                accepted: intake.orders.len(),
                refused: intake.refused.len(),
                backlog,
                ids: intake.orders.iter().map(|(id, _)| *id).collect(),
                errors: &intake.refused,
            };
            let answer = spin_shell::json_response(202, &body);
            match (&body.ids[..], body.refused) {
                ([id], 0) => answer.with_header("location", format!("/orders/{id}")).into_response(),
                _ => answer.into_response(),
            }
        }
        Enqueued::Full { backlog } => {
            let detail = format!("{backlog} orders wait already; none of these was written");
            spin_shell::problem(problem::BACKLOG_FULL, &detail)
                .with_header("retry-after", "1")
                .into_response()
        }
    })
}

/// Writes the valid orders of a request, all or none.
fn enqueue(intake: &Intake<'_>, settings: &ApiSettings) -> Result<Enqueued, NotReady> {
    let mut shell = Shell::open()?;
    shell.queue().enqueue(&intake.orders, settings.max_backlog).map_err(NotReady::Redis)
}

fn refuse_body(error: &BodyError) -> Response {
    let answer = spin_shell::problem(error.problem(), &error.to_string());
    match error {
        BodyError::MediaType => {
            answer.with_header("accept-post", "application/json, application/x-ndjson").into_response()
        }
        _ => answer.into_response(),
    }
}

/// `id` is the order's UUID, or the `orderId` of an order that has no `orderGuid`.
pub(super) fn get(id: &str) -> Response {
    let Ok(id) = percent_decode_str(id).decode_utf8() else {
        return spin_shell::problem(problem::INVALID_ID, "the id is not UTF-8").into_response();
    };
    let order = Uuid::try_parse(&id).unwrap_or_else(|_| Order::id_of_order_id(&id));
    match find(order) {
        Ok(Some(state)) => spin_shell::json_response(200, &state.story(order)).into_response(),
        Ok(None) => {
            let detail = "no such order; one added by XADD is known once it is routed";
            spin_shell::problem(problem::ORDER_NOT_FOUND, detail).into_response()
        }
        Err(error) => spin_shell::not_ready(&error),
    }
}

fn find(order: Uuid) -> Result<Option<OrderState>, NotReady> {
    Shell::open()?.queue().find(order).map_err(NotReady::Redis)
}
