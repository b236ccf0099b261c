//! Splits the body of a request into orders: one order, a JSON array, or NDJSON.
//!
//! Each order keeps the bytes it was sent with, because they go into the stream. An invalid order
//! does not affect the others. Splitting stops at the limit, so memory is bounded.

use http::HeaderName;
use orders::order::{Order, OrderError, Rejection};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::{Problem, Refusal, Result};

/// The valid orders of one request with their identities, and the others.
#[derive(Debug)]
pub(crate) struct Intake<'a> {
    pub(crate) orders: Vec<(String, &'a [u8])>,
    pub(crate) refused: Vec<Refused>,
}

/// An invalid order.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    /// Its position in the request, from 0.
    index: usize,
    /// Its line, from 1 and empty lines included; in NDJSON only.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(flatten)]
    first: OrderError,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<OrderError>,
    /// How many more errors there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<usize>,
}

/// Maximum number of errors in an answer besides the first of each order, to limit its size.
const MAX_OTHER_ERRORS: usize = 1_000;

/// An order, and its line where orders are on lines.
type Piece<'a> = (Option<usize>, &'a [u8]);

impl<'a> Intake<'a> {
    /// Splits a body of at most `most` orders and checks each of them.
    pub(crate) fn read(body: &'a [u8], content_type: Option<&str>, most: u32) -> Result<Self> {
        let pieces = split(body, content_type, most as usize)?;
        let mut intake = Self { orders: Vec::with_capacity(pieces.len()), refused: Vec::new() };
        let mut room = MAX_OTHER_ERRORS;
        for (index, (line, order)) in pieces.into_iter().enumerate() {
            match Order::parse(order) {
                Ok(parsed) => intake.orders.push((parsed.id.to_string(), order)),
                Err(Rejection { first, rest: mut others }) => {
                    let omitted = others.len().checked_sub(room).filter(|omitted| *omitted > 0);
                    others.truncate(room);
                    // The errors of thousands of orders may be kept, so none has spare capacity.
                    others.shrink_to_fit();
                    room -= others.len();
                    intake.refused.push(Refused { index, line, first, others, omitted });
                }
            }
        }
        Ok(intake)
    }
}

/// An array begins with a bracket. NDJSON has its content type, or a first line that is JSON.
fn split<'a>(body: &'a [u8], content_type: Option<&str>, most: usize) -> Result<Vec<Piece<'a>>> {
    let document = body.trim_ascii();
    let pieces = match (is_ndjson(content_type)?, document.strip_prefix(b"[")) {
        (false, Some(array)) => elements(array, most)?,
        (false, None) if !document.is_empty() && !has_lines_of_json(body) => {
            let value = serde_json::from_slice::<IgnoredAny>(document);
            value.map_err(|error| not_json(&error.to_string()))?;
            vec![(None, document)]
        }
        _ => lines(body).take(most + 1).collect(),
    };
    if pieces.is_empty() {
        return Err(Refusal::new(Problem::EmptyBody, "expected at least one order"));
    }
    if pieces.len() > most {
        let detail = format!("the body holds more than {most} orders");
        return Err(Refusal::new(Problem::TooManyOrders, &detail));
    }
    Ok(pieces)
}

/// The elements of an array, at most one above the limit; `array` begins after the bracket.
///
/// Strings need not be UTF-8 here, because that is an error of one order, not of the body.
fn elements(array: &[u8], most: usize) -> Result<Vec<Piece<'_>>> {
    let (mut pieces, mut rest) = (Vec::new(), array);
    if rest.trim_ascii() == b"]" {
        return Ok(pieces);
    }
    loop {
        let before = 1 + array.len() - rest.len();
        let fault = |what: &str| not_json(&format!("after {before} bytes of the array: {what}"));
        let mut values = Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        if let Err(error) = values.next().ok_or_else(|| fault("it has no end"))? {
            return Err(fault(&error.to_string()));
        }
        let (element, after) = rest.split_at(values.byte_offset());
        pieces.push((None, element.trim_ascii()));
        match after.trim_ascii_start().split_first() {
            _ if pieces.len() > most => return Ok(pieces),
            Some((b',', more)) => rest = more,
            Some((b']', [])) => return Ok(pieces),
            _ => return Err(fault("expected a comma or the end after the next value")),
        }
    }
}

/// Lines that are not empty.
fn lines(body: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    lines.filter(|(order, _)| !order.is_empty()).map(|(order, line)| (Some(line), order))
}

/// Whether the first of several lines is complete JSON. It is not if one document has several
/// lines.
fn has_lines_of_json(body: &[u8]) -> bool {
    let mut lines = lines(body).map(|(_, line)| line);
    let first = lines.next().unwrap_or_default();
    lines.next().is_some() && serde_json::from_slice::<IgnoredAny>(first).is_ok()
}

/// Whether a content type means NDJSON and not JSON; an error for any other type.
fn is_ndjson(content_type: Option<&str>) -> Result<bool> {
    let Some(content_type) = content_type else { return Ok(false) };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        // `curl -d` sends a form by default.
        "application/json" | "text/json" | "application/x-www-form-urlencoded" => Ok(false),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(true),
        _ if essence.starts_with("application/") && essence.ends_with("+json") => Ok(false),
        _ => {
            let accepted = "application/json, application/x-ndjson";
            let detail = format!("expected no content type or one of {accepted}");
            Err(Refusal::new(Problem::UnsupportedMediaType, &detail)
                .with_header(HeaderName::from_static("accept-post"), accepted))
        }
    }
}

fn not_json(detail: &str) -> Refusal {
    Refusal::new(Problem::InvalidJson, detail)
}

#[cfg(test)]
mod tests;
