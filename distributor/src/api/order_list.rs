//! `GET /orders?state=&lane=&limit=&cursor=`: what waits, is confirmed or was set aside, newest first.

use shared::problem;
use shared::queue::{AllOrders, Lane, ListedState, OrderCursor, OrderFilter};
use spin_sdk::http::Response;
use spin_shell::{NotReady, Partitions};

use super::{answer_of, query};

/// Orders in an answer by default, and at most.
const LIMIT: u32 = 50;
const MOST: u32 = 200;

/// What the list is asked for.
struct Query {
    filter: OrderFilter,
    limit: u32,
    cursor: Option<String>,
}

/// A page of orders.
pub(super) fn get(query: &str) -> Response {
    let query = match Query::read(query) {
        Ok(query) => query,
        Err(detail) => return spin_shell::problem(problem::INVALID_QUERY, &detail).into_response(),
    };
    answer_of(|| page(&query))
}

fn page(query: &Query) -> Result<Response, NotReady> {
    let partitions = Partitions::read()?;
    let parse = |text: &str| OrderCursor::parse(text, partitions.count());
    let cursor = match query::cursor(query.cursor.as_deref(), parse) {
        Ok(cursor) => cursor,
        Err(refusal) => return Ok(refusal),
    };
    let page =
        AllOrders::page(partitions.count(), cursor, query.limit, |partition, after, most| {
            partitions.open(partition)?.queue().recent(&query.filter, after, most)
        });
    Ok(spin_shell::json_response(200, &page.map_err(NotReady::Redis)?).into_response())
}

impl Query {
    fn read(query: &str) -> Result<Self, String> {
        let mut read = Self { filter: OrderFilter::default(), limit: LIMIT, cursor: None };
        for (name, value) in query::parameters(query)? {
            match name {
                "state" => {
                    let state = ListedState::from_name(&value)
                        .ok_or("state: expected queued, routed, confirmed or dead-lettered")?;
                    read.filter.state = Some(state);
                }
                "lane" => {
                    let lane = Lane::ALL.into_iter().find(|lane| lane.as_str() == value);
                    read.filter.lane = Some(lane.ok_or("lane: expected simple or complex")?);
                }
                "limit" => read.limit = query::number(name, &value, 1..=MOST)?,
                "cursor" => read.cursor = Some(value).filter(|value| !value.is_empty()),
                _ => return Err("expected state, lane, limit or cursor".into()),
            }
        }
        Ok(read)
    }
}
