//! `/dead-letters`: lists dead letters, shows one, puts it back and discards it.
//!
//! A dead letter is named by its entry id. A second redrive or discard answers 404.

use http::header;
use queue::{DeadLetter, DeadLetterPage, EntryId, Filter, Redrive};
use uuid::Uuid;

use crate::response::{Object, object, parsed};
use crate::{Host, Problem, Refusal, Request, Result, response, time_of};

/// A page of dead letters, oldest first, without their orders.
pub(crate) fn list<H: Host>(host: &H, request: &Request<'_>) -> Result {
    let (mut filter, order, limit, cursor) = read(request.uri().query().unwrap_or_default())?;
    let page = host.with_queue(|queue| {
        let Some(order) = order else { return queue.dead_letters(&filter, cursor, limit) };
        let mut page = DeadLetterPage::default();
        for id in orders::ids_of(&order) {
            filter.id = Some(id.to_string());
            page = queue.dead_letters(&filter, cursor, limit)?;
            if !page.dead_letters.is_empty() {
                break;
            }
        }
        Ok(page)
    })?;
    let letters: Vec<Object> = page.dead_letters.iter().map(shown).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(response::ok(&object!({ "deadLetters": letters, "next": next })))
}

/// Reads filter, limit and cursor. The order may be named by UUID or `orderId`. Errors never repeat
/// a value.
fn read(query: &str) -> Result<(Filter, Option<String>, u32, Option<EntryId>)> {
    let invalid = |detail: &str| Refusal::new(Problem::InvalidQuery, detail);
    let (mut filter, mut order, mut limit, mut after) = (Filter::default(), None, 100, None);
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if seen.contains(&name) {
            return Err(invalid("expected each parameter once"));
        }
        let expected = |what: &str| invalid(&format!("{name}: expected {what}"));
        let number = |least: u32, most: u32| {
            let number = value.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| expected(&format!("a whole number from {least} to {most}")))
        };
        match &*name {
            "code" | "order" if value.is_empty() => return Err(expected("a value")),
            "code" => filter.code = Some(value.into_owned()),
            "order" => order = Some(value.into_owned()),
            "older_than_s" => filter.older_than_s = Some(number(0, u32::MAX)?),
            "limit" => limit = number(1, 1_000)?,
            "cursor" if value.is_empty() => {}
            "cursor" => {
                after = Some(EntryId::parse(&value).ok_or_else(|| expected("a value of next"))?);
            }
            _ => return Err(invalid("expected code, order, older_than_s, limit or cursor")),
        }
        seen.push(name);
    }
    Ok((filter, order, limit, after))
}

/// One dead letter with its order.
pub(crate) fn show<H: Host>(host: &H, id: EntryId) -> Result {
    let letter = host.with_queue(|queue| queue.dead_letter(id))?.ok_or_else(gone)?;
    let mut shown = shown(&letter);
    if let Some(order) = &letter.body {
        shown.set("order", &String::from_utf8_lossy(order));
    }
    if let Some(fields) = letter.fields.as_ref().and_then(parsed) {
        shown.set("fields", &fields);
    }
    // An order contains personal data, which no cache may keep.
    let response = response::ok(&shown);
    Ok(response::with_header(response, header::CACHE_CONTROL, "no-store"))
}

/// Any producer may have written a dead letter, so nothing in it is trusted.
fn shown(letter: &DeadLetter) -> Object {
    object!({ "id": letter.entry_id, "code": letter.code, "stream": letter.stream,
        "errors": parsed(&letter.errors),
        "orderId": letter.id.as_deref().and_then(|id| Uuid::try_parse(id).ok()),
        "deliveryCount": letter.delivery_count, "redrives": letter.redrives,
        "queuedAt": time_of(&letter.ingress), "deadLetteredAt": time_of(&letter.entry_id),
        "orderBytes": letter.bytes })
}

/// Puts a dead letter back into the stream where it failed.
pub(crate) fn redrive<H: Host>(host: &H, id: EntryId) -> Result {
    let redrive = host.with_queue(|queue| queue.redrive(id))?;
    let (problem, detail) = match redrive {
        Redrive::Redriven { .. } | Redrive::Duplicate => return Ok(response::ok(&redrive)),
        Redrive::Gone => return Err(gone()),
        Redrive::NoMessage => (Problem::NoOrder, "the entry had no order; discard it"),
        Redrive::UnknownStream => (Problem::UnknownStream, "it names no stream; discard it"),
    };
    Err(Refusal::new(problem, detail))
}

/// Deletes a dead letter.
pub(crate) fn discard<H: Host>(host: &H, id: EntryId) -> Result {
    let is_discarded = host.with_queue(|queue| queue.discard(id))?;
    let body = object!({ "outcome": "discarded" });
    is_discarded.then(|| response::ok(&body)).ok_or_else(gone)
}

/// The entry id of a dead letter.
pub(crate) fn id(text: &str) -> Result<EntryId> {
    let detail = "the id of a dead letter is two numbers with a hyphen between them";
    EntryId::parse(text).ok_or_else(|| Refusal::new(Problem::InvalidId, detail))
}

fn gone() -> Refusal {
    Refusal::new(Problem::DeadLetterNotFound, "it may have been redriven or discarded")
}
