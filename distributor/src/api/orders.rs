//! `POST /orders` takes orders in, `GET /orders/{id}` says how far one is.

use percent_encoding::percent_decode_str;
use serde::Serialize;
use shared::intake::{Intake, Refused};
use shared::order::Order;
use shared::problem;
use shared::queue::{OrderState, PartitionLetter, QueueError, Spread};
use shared::settings::ApiSettings;
use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_shell::{NotReady, Partitions};
use uuid::Uuid;

use super::{body, etag, once, trace};

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
    /// Valid orders whose partition is away or full; absent where there is one partition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unwritten: Vec<NotWritten>,
}

/// An order that is to be sent again.
#[derive(Serialize)]
struct NotWritten {
    /// Its position in the request, from 0.
    index: usize,
    id: Uuid,
    partition: usize,
    code: &'static str,
    message: &'static str,
}

/// What a 422 says beside the problem.
#[derive(Serialize)]
struct AllRefused<'a> {
    refused: usize,
    errors: &'a [Refused],
}

/// 202 once every order that is counted as accepted is written. In one partition all orders are written or none.
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
        Err(error) => return Ok(body::refusal(&error)),
    };
    let content_type = request.header("content-type").and_then(|value| value.as_str());
    let intake = match Intake::read(&body, content_type, &settings) {
        Ok(intake) => intake,
        Err(error) => return Ok(body::refusal(&error)),
    };
    if intake.orders.is_empty() {
        let refused = AllRefused { refused: intake.refused.len(), errors: &intake.refused };
        let detail = "no order was valid, none was written; errors says why";
        return Ok(spin_shell::problem_with(problem::ALL_REFUSED, detail, refused).into_response());
    }
    let partitions = Partitions::read()?;
    let trace = trace::of(request);
    let write = || {
        Spread::enqueue(&intake.orders, partitions.count(), |partition, orders| {
            partitions.open(partition)?.queue().enqueue_traced(
                orders,
                settings.max_backlog,
                trace.as_ref(),
            )
        })
    };
    let spread = match once::try_once(request, &body, &partitions, write)? {
        Ok(spread) => spread,
        Err(refusal) => return Ok(refusal),
    };
    match spread.unwritten.len() == intake.orders.len() {
        true => none_written(spread),
        false => Ok(accepted(&intake, &spread)),
    }
}

/// 503 when a Redis did not do its part, 429 when all that were asked are full.
fn none_written(spread: Spread) -> Result<Response, NotReady> {
    if let Some((_, error)) = spread.troubles.into_iter().next() {
        return Err(NotReady::Redis(error));
    }
    let detail = format!("{} orders wait already; none of these was written", spread.backlog);
    Ok(spin_shell::problem(problem::BACKLOG_FULL, &detail)
        .with_header("retry-after", "1")
        .into_response())
}

/// 202, naming those that are not written because their partition is away or full.
fn accepted(intake: &Intake<'_>, spread: &Spread) -> Response {
    for (partition, error) in &spread.troubles {
        eprintln!("partition {partition}: {error}");
    }
    let mut unwritten = spread.unwritten.iter().peekable();
    let mut body = Accepted {
        accepted: intake.orders.len() - spread.unwritten.len(),
        refused: intake.refused.len(),
        backlog: spread.backlog,
        ids: Vec::with_capacity(intake.orders.len()),
        errors: &intake.refused,
        unwritten: Vec::new(),
    };
    for (position, (index, (id, _))) in intake.indices().zip(&intake.orders).enumerate() {
        let Some((_, why)) = unwritten.next_if(|(unwritten, _)| *unwritten == position) else {
            body.ids.push(*id);
            continue;
        };
        let (code, message) = match spread.trouble(*why).map(QueueError::trouble) {
            Some(trouble) => (trouble.problem().code, trouble.message()),
            None => (
                problem::BACKLOG_FULL.code,
                "too many orders wait in its partition; it was not written",
            ),
        };
        body.unwritten.push(NotWritten { index, id: *id, partition: why.partition, code, message });
    }
    let answer = spin_shell::json_response(202, &body);
    match (&body.ids[..], body.refused, &body.unwritten[..]) {
        ([id], 0, []) => answer.with_header("location", format!("/orders/{id}")).into_response(),
        _ => answer.into_response(),
    }
}

/// `id` is the order's UUID, or the `orderId` of an order that has no `orderGuid`.
pub(super) fn get(id: &str, request: &Request) -> Response {
    let Ok(id) = percent_decode_str(id).decode_utf8() else {
        return spin_shell::problem(problem::INVALID_ID, "the id is not UTF-8").into_response();
    };
    let order = Uuid::try_parse(&id).unwrap_or_else(|_| Order::id_of_order_id(&id));
    match find(order) {
        Ok(Some((partition, state))) => {
            let mut story = state.story(order);
            story.dead_letter = story.dead_letter.map(|id| PartitionLetter::text(partition, &id));
            etag::answer(request, spin_shell::json_response(200, &story))
        }
        Ok(None) => {
            let detail = "no such order; one added by XADD is known once it is routed";
            spin_shell::problem(problem::ORDER_NOT_FOUND, detail).into_response()
        }
        Err(error) => spin_shell::not_ready(&error),
    }
}

/// What the partition of an order knows of it.
fn find(order: Uuid) -> Result<Option<(usize, OrderState)>, NotReady> {
    let partitions = Partitions::read()?;
    let partition = partitions.of(order);
    let found = partitions.open(partition).and_then(|mut shell| shell.queue().find(order));
    Ok(found.map_err(NotReady::Redis)?.map(|state| (partition, state)))
}
