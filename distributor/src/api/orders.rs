//! `POST /orders` takes orders in, `GET /orders/{id}` says how far one is.

use percent_encoding::percent_decode_str;
use serde::Serialize;
use shared::intake::{BodyError, Intake, Refused};
use shared::order::Order;
use shared::queue::Enqueued;
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

/// The body of a 422.
#[derive(Serialize)]
struct AllRefused<'a> {
    code: &'static str,
    message: &'static str,
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
        let body = AllRefused {
            code: "all_refused",
            message: "no order was valid",
            refused: intake.refused.len(),
            errors: &intake.refused,
        };
        return Ok(spin_shell::json_response(422, &body).into_response());
    }
    let mut shell = Shell::open()?;
    let enqueued = shell.queue().enqueue(&intake.orders, settings.max_backlog).map_err(NotReady::Redis)?;
    Ok(match enqueued {
        Enqueued::Written { backlog } => {
            let body = Accepted {
                accepted: intake.orders.len(),
                refused: intake.refused.len(),
                backlog,
                ids: intake.orders.iter().map(|(id, _)| *id).collect(),
                errors: &intake.refused,
            };
            spin_shell::json_response(202, &body).into_response()
        }
        Enqueued::Full { backlog } => {
            let message = format!("{backlog} orders wait already; none of these was written");
            spin_shell::problem(429, "backlog_full", &message).with_header("retry-after", "1")
        }
    })
}

fn refuse_body(error: &BodyError) -> Response {
    let status = match error {
        BodyError::TooLong { .. } | BodyError::TooManyOrders { .. } => 413,
        BodyError::Empty | BodyError::NotJson { .. } | BodyError::Broken => 400,
    };
    spin_shell::problem(status, error.code(), &error.to_string()).into_response()
}

/// `id` is the order's UUID, or the `orderId` of an order that has no `orderGuid`.
pub(super) fn get(id: &str) -> Response {
    let Ok(id) = percent_decode_str(id).decode_utf8() else {
        return spin_shell::problem(400, "invalid_id", "the id is not UTF-8").into_response();
    };
    let order = Uuid::try_parse(&id).unwrap_or_else(|_| Order::id_of_order_id(&id));
    let found = Shell::open().and_then(|mut shell| shell.queue().find(order).map_err(NotReady::Redis));
    match found {
        Ok(Some(state)) => spin_shell::json_response(200, &state.story(order)).into_response(),
        Ok(None) => {
            let message = "no such order; one added by XADD is known once it is routed";
            spin_shell::problem(404, "order_not_found", message).into_response()
        }
        Err(error) => spin_shell::not_ready(&error),
    }
}
