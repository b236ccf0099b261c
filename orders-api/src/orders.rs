//! `/orders`: accepts orders, lists the newest, and shows the status of one.

use http::{HeaderValue, StatusCode, header};
use orders::order::Order;
use percent_encoding::percent_decode_str;
use queue::{Enqueued, MessageStatus, PastDeadLetter, Recent, State, TraceParent};

use crate::intake::Intake;
use crate::response::{Object, object, parsed};
use crate::{Host, Problem, Refusal, Request, Result, Settings, body, response, time_of};

/// 202 once all valid orders of the request are written. With any other status none is.
pub(crate) fn post<H: Host>(host: &H, request: &mut Request<'_>, it: &Settings) -> Result {
    let body = body::read(request, it.max_body_bytes)?;
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| value.to_str().unwrap_or_default());
    let Intake { orders, refused } = Intake::read(&body, content_type, it.max_orders_per_request)?;
    if orders.is_empty() {
        let mut body = Problem::AllRefused.body("none was written; errors has the reasons");
        body.set("refused", &refused.len());
        body.set("errors", &refused);
        return Err(Refusal::with_body(Problem::AllRefused, &body));
    }
    let trace = trace_of(request);
    match host.with_queue(|queue| queue.enqueue(&orders, it.max_backlog, trace.as_ref()))? {
        Enqueued::Full { backlog } => {
            let detail = format!("{backlog} orders are waiting; none of these was written");
            Err(Refusal::new(Problem::BacklogFull, &detail).with_header(header::RETRY_AFTER, "1"))
        }
        Enqueued::Written { backlog } => {
            let ids: Vec<&String> = orders.iter().map(|(id, _)| id).collect();
            let body = object!({ "accepted": orders.len(), "refused": refused.len(),
                "backlog": backlog, "ids": ids, "errors": refused });
            let mut response = response::json(StatusCode::ACCEPTED, &body);
            if let ([(id, _)], []) = (&orders[..], &refused[..])
                && let Ok(location) = HeaderValue::try_from(format!("/orders/{id}"))
            {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        }
    }
}

/// The trace in the header `traceparent`. An invalid header starts a new trace, a missing one none.
fn trace_of(request: &Request<'_>) -> Option<TraceParent> {
    let header = request.headers().get("traceparent")?;
    TraceParent::parse(header.as_bytes()).or_else(|| {
        let mut random = [0; 24];
        getrandom::fill(&mut random).ok()?;
        TraceParent::begin(random)
    })
}

/// The newest 50 orders, by their last step.
pub(crate) fn list<H: Host>(host: &H, request: &Request<'_>) -> Result {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(Refusal::new(Problem::InvalidQuery, "expected no parameters"));
    }
    let recent = host.with_queue(|queue| queue.recent(50))?;
    let orders: Vec<Object> = recent.iter().map(listed).collect();
    Ok(response::ok(&object!({ "orders": orders })))
}

fn listed(recent: &Recent) -> Object {
    // The id of a waiting order is only in its text.
    let identity = || Some(Order::identity(recent.body.as_deref()?)?.to_string());
    let step = |state| Some(recent.entry_id.as_str()).filter(|_| recent.state == state);
    let queued = recent.ingress.as_deref().or(step(State::Queued));
    let score = recent.note.as_deref().and_then(orders::read_note).map(|(score, _)| score);
    object!({ "id": recent.id.clone().or_else(identity), "state": recent.state,
        "lane": recent.lane, "score": score, "code": recent.code,
        "queuedAt": queued.and_then(time_of),
        "routedAt": step(State::Routed).and_then(time_of),
        "confirmedAt": step(State::Confirmed).and_then(time_of),
        "deadLetteredAt": step(State::DeadLettered).and_then(time_of),
        "deadLetter": step(State::DeadLettered) })
}

/// One order, by its UUID or by the `orderId` of an order without `orderGuid`.
pub(crate) fn show<H: Host>(host: &H, id: &str) -> Result {
    let id = percent_decode_str(id).decode_utf8();
    let id = id.map_err(|_| Refusal::new(Problem::InvalidId, "the id is not UTF-8"))?;
    let found = host.with_queue(|queue| {
        for id in orders::ids_of(&id).map(|id| id.to_string()) {
            if let Some(status) = queue.status(&id)? {
                return Ok(Some(shown(&id, &status)));
            }
        }
        Ok(None)
    })?;
    let detail = "an order added with XADD is known once it is routed";
    let order = found.ok_or_else(|| Refusal::new(Problem::OrderNotFound, detail))?;
    Ok(response::ok(&order))
}

fn shown(id: &str, status: &MessageStatus) -> Object {
    let note = status.note.as_deref().and_then(orders::read_note);
    let (score, reasons) = note.unzip();
    let time = |step: &Option<String>| step.as_deref().and_then(time_of);
    let history: Vec<Object> = status.history.iter().map(past).collect();
    let mut shown = object!({ "id": id, "state": status.state, "lane": status.lane, "score": score,
        "reasons": reasons.unwrap_or_default(), "code": status.code,
        "errors": status.errors.as_ref().and_then(parsed), "queuedAt": time(&status.ingress),
        "routedAt": time(&status.routed), "confirmedAt": time(&status.confirmed),
        "deadLetteredAt": time(&status.dead_letter), "deadLetter": status.dead_letter,
        "redrives": status.redrives, "history": history,
        "confirmation": status.result.as_ref().and_then(parsed) });
    if let Some(trace) = &status.trace {
        shown.set("traceparent", trace);
    }
    shown
}

fn past(past: &PastDeadLetter) -> Object {
    object!({ "event": past.event, "at": time_of(&past.at), "code": past.code,
        "stream": past.stream, "deadLetter": past.dead_letter,
        "deadLetteredAt": time_of(&past.dead_letter), "queuedAt": time_of(&past.ingress),
        "deliveryCount": past.delivery_count })
}
