//! Every way in which the HTTP API says no: status, stable code and title, in the form of RFC 9457 (problem details).
//!
//! A code never changes its meaning. Each stands in `docs/openapi.yaml` as an example of its answer, which a test checks; `type` is the
//! place of that example in the document as it is served. What an order is refused for has codes of its own, [`crate::order::Code`].

use serde::Serialize;

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// The kind in a few words, always the same.
    pub title: &'static str,
}

/// The media type of the answers.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Problem = Problem { status: $status, code: $code, title: $title };)*

        /// All of them.
        pub const ALL: &[Problem] = &[$($name),*];
    };
}

problems! {
    /// The body has no byte but blanks, or an empty array.
    EMPTY_BODY = 400 "empty_body" "The body holds no order";
    /// The body is neither one JSON value nor one on each line.
    INVALID_JSON = 400 "invalid_json" "The body is not JSON";
    /// The connection ended before the body did.
    BROKEN_BODY = 400 "broken_body" "The body broke off";
    /// An id in the path cannot be one.
    INVALID_ID = 400 "invalid_id" "The id is malformed";
    /// A parameter behind the question mark is unknown or wrong.
    INVALID_QUERY = 400 "invalid_query" "A query parameter is wrong";
    /// The header `Idempotency-Key` is empty, too long or has odd characters.
    INVALID_IDEMPOTENCY_KEY = 400 "invalid_idempotency_key" "The idempotency key is malformed";
    /// The token is absent or wrong.
    UNAUTHORIZED = 401 "unauthorized" "The token is missing or wrong";
    /// There is nothing at this path.
    NOT_FOUND = 404 "not_found" "Nothing at this path";
    /// No order with this id is known.
    ORDER_NOT_FOUND = 404 "order_not_found" "No such order";
    /// No dead letter with this id, or not any more.
    DEAD_LETTER_NOT_FOUND = 404 "dead_letter_not_found" "No such dead letter";
    /// There is no such stream to control.
    STREAM_NOT_FOUND = 404 "stream_not_found" "No such stream";
    /// The path is right, the method is not.
    METHOD_NOT_ALLOWED = 405 "method_not_allowed" "Method not allowed";
    /// A dead letter without an order cannot be redriven.
    NO_ORDER = 409 "no_order" "The dead letter holds no order";
    /// A dead letter that names no stream cannot be redriven.
    UNKNOWN_STREAM = 409 "unknown_stream" "The dead letter names no stream";
    /// A request with the same idempotency key is being carried out.
    IDEMPOTENCY_KEY_IN_USE = 409 "idempotency_key_in_use" "The same request is under way";
    /// The body is longer than `max_body_bytes`.
    BODY_TOO_LARGE = 413 "body_too_large" "The body is too long";
    /// The body holds more orders than `max_orders_per_request`.
    TOO_MANY_ORDERS = 413 "too_many_orders" "Too many orders in one request";
    /// The content type is neither JSON nor NDJSON, or the body is encoded.
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" "The media type is not supported";
    /// The body of a request to pause or resume has a wrong field.
    INVALID_CONTROL = 422 "invalid_control" "The request to pause or resume is wrong";
    /// Every order of the request breaks the schema.
    ALL_REFUSED = 422 "all_refused" "No order was valid";
    /// The idempotency key came with another body before.
    IDEMPOTENCY_KEY_REUSE = 422 "idempotency_key_reuse" "The idempotency key belongs to another request";
    /// More orders would wait than `max_backlog`.
    BACKLOG_FULL = 429 "backlog_full" "The backlog is full";
    /// A variable of the application is wrong.
    MISCONFIGURED = 500 "misconfigured" "A variable is wrong";
    /// Redis does not answer.
    QUEUE_UNAVAILABLE = 503 "queue_unavailable" "The queue does not answer";
    /// Redis reads its data.
    QUEUE_LOADING = 503 "queue_loading" "The queue is starting";
    /// Redis is a replica.
    QUEUE_READ_ONLY = 503 "queue_read_only" "The queue cannot be written to";
    /// Redis is at `maxmemory`.
    QUEUE_OUT_OF_MEMORY = 503 "queue_out_of_memory" "The queue has no memory left";
    /// Redis answers and refuses.
    QUEUE_REFUSED = 503 "queue_refused" "The queue refuses the request";
}

/// The body of an answer that says no; `extra` holds further members, flat beside the others.
#[derive(Debug, Serialize)]
pub struct Body<'a, X: Serialize> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(flatten)]
    extra: X,
}

/// Nothing beside the members that every problem has.
#[derive(Debug, Serialize)]
pub struct Nothing {}

impl Problem {
    /// The body that tells of this problem; `detail` says what it is about this time and repeats no value of an order.
    pub fn body<X: Serialize>(self, detail: &str, extra: X) -> Body<'_, X> {
        let kind = format!("/openapi.json#/components/examples/{}", self.code);
        Body { kind, title: self.title, status: self.status, code: self.code, detail, extra }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_for_two_problems() {
        let codes: std::collections::BTreeSet<&str> =
            ALL.iter().map(|problem| problem.code).collect();
        assert_eq!(codes.len(), ALL.len());
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_what_is_added() {
        let json = serde_json::to_value(
            NOT_FOUND.body("there is nothing", serde_json::json!({ "refused": 2 })),
        );
        let expected = serde_json::json!({
            "type": "/openapi.json#/components/examples/not_found",
            "title": "Nothing at this path",
            "status": 404,
            "code": "not_found",
            "detail": "there is nothing",
            "refused": 2,
        });
        assert_eq!(json.unwrap(), expected);
    }
}
