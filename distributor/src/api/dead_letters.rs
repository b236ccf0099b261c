//! `/dead-letters`: what was set aside is listed, shown, put back and thrown away.
//!
//! - `GET /dead-letters?code=&order=&older_than_s=&limit=&cursor=`, oldest first in each partition, without the orders' texts
//! - `GET /dead-letters/{entry_id}`, with the text
//! - `POST /dead-letters/{entry_id}/redrive` and `DELETE /dead-letters/{entry_id}`: 404 when it was done before

use serde_json::json;
use shared::order::Order;
use shared::problem;
use shared::queue::{AllLetters, LetterFilter, PartitionLetter, Redrive};
use spin_sdk::http::Response;
use spin_shell::{NotReady, Partitions, Shell};
use uuid::Uuid;

use super::{answer_of, query};

/// Letters in an answer by default, and at most.
const LIMIT: u32 = 100;
const MOST: u32 = 1_000;

type Answer = Result<Response, NotReady>;

/// A page of letters.
pub(super) fn list(query: &str) -> Response {
    let query = match Query::read(query) {
        Ok(query) => query,
        Err(detail) => return spin_shell::problem(problem::INVALID_QUERY, &detail).into_response(),
    };
    answer_of(|| {
        let partitions = Partitions::read()?;
        let parse = |text: &str| PartitionLetter::parse(text, partitions.count());
        let cursor = match query::cursor(query.cursor.as_deref(), parse) {
            Ok(cursor) => cursor,
            Err(refusal) => return Ok(refusal),
        };
        let page = AllLetters::page(
            partitions.count(),
            cursor.as_ref(),
            query.limit,
            |partition, after, most| {
                partitions.open(partition)?.queue().dead_letters(&query.filter, after, most)
            },
        );
        Ok(spin_shell::json_response(200, &page.map_err(NotReady::Redis)?).into_response())
    })
}

/// One letter.
pub(super) fn show(id: &str) -> Response {
    with_id(id, |shell, letter| {
        let found = shell.queue().dead_letter(&letter.id).map_err(NotReady::Redis)?;
        Ok(found.map_or_else(gone, |mut found| {
            found.id = letter.to_string();
            // The order's text holds names and addresses, which are to lie in no cache.
            spin_shell::json_response(200, &found)
                .with_header("cache-control", "no-store")
                .into_response()
        }))
    })
}

/// Puts a letter back.
pub(super) fn redrive(id: &str) -> Response {
    with_id(id, |shell, letter| {
        let redrive = shell.queue().redrive(&letter.id).map_err(NotReady::Redis)?;
        let conflict = |kind, detail| spin_shell::problem(kind, detail).into_response();
        Ok(match &redrive {
            Redrive::Redriven { .. } | Redrive::Duplicate => {
                spin_shell::json_response(200, &redrive).into_response()
            }
            Redrive::Gone => gone(),
            Redrive::NoOrder => conflict(
                problem::NO_ORDER,
                "the entry had no field \"order\": it can be discarded, not redriven",
            ),
            Redrive::UnknownStream => conflict(
                problem::UNKNOWN_STREAM,
                "the dead letter names no stream to go back to: it can be discarded",
            ),
        })
    })
}

/// Throws a letter away.
pub(super) fn discard(id: &str) -> Response {
    with_id(id, |shell, letter| {
        let is_discarded = shell.queue().discard(&letter.id).map_err(NotReady::Redis)?;
        Ok(if is_discarded {
            spin_shell::json_response(200, &json!({ "outcome": "discarded" })).into_response()
        } else {
            gone()
        })
    })
}

fn with_id(id: &str, act: impl FnOnce(&mut Shell, &PartitionLetter) -> Answer) -> Response {
    answer_of(|| {
        let partitions = Partitions::read()?;
        let Some(letter) = PartitionLetter::parse(id, partitions.count()) else {
            let detail = "the id of a dead letter is two numbers with a hyphen between them, after \"p1.\" in partition 1";
            return Ok(spin_shell::problem(problem::INVALID_ID, detail).into_response());
        };
        act(&mut partitions.open(letter.partition).map_err(NotReady::Redis)?, &letter)
    })
}

fn gone() -> Response {
    let detail = "no such dead letter; it may have been redriven or discarded";
    spin_shell::problem(problem::DEAD_LETTER_NOT_FOUND, detail).into_response()
}

/// What a list is asked for.
struct Query {
    filter: LetterFilter,
    limit: u32,
    cursor: Option<String>,
}

impl Query {
    /// Reads the part of the URL behind the question mark; the error names the parameter and never repeats its value.
    fn read(query: &str) -> Result<Self, String> {
        let mut read = Self { filter: LetterFilter::default(), limit: LIMIT, cursor: None };
        for (name, value) in query::parameters(query)? {
            match name {
                "code" => read.filter.code = Some(query::text(name, value)?),
                "order" => {
                    let order = query::text(name, value)?;
                    let id =
                        Uuid::try_parse(&order).unwrap_or_else(|_| Order::id_of_order_id(&order));
                    read.filter.order = Some(id);
                }
                "older_than_s" => {
                    read.filter.older_than_s = Some(query::number(name, &value, 0..=u32::MAX)?)
                }
                "limit" => read.limit = query::number(name, &value, 1..=MOST)?,
                "cursor" => read.cursor = Some(value).filter(|value| !value.is_empty()),
                _ => return Err("expected code, order, older_than_s, limit or cursor".into()),
            }
        }
        Ok(read)
    }
}
