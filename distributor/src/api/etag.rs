//! Answers that a client may keep and ask for again: `ETag` and `If-None-Match` (RFC 9110).

use shared::queue::Fingerprint;
use spin_sdk::http::{Request, Response};
use spin_shell::Answer;

/// The answer with its tag, or 304 where the client has it already.
pub(super) fn answer(request: &Request, answer: Answer) -> Response {
    let tag = format!("\"{}\"", Fingerprint::of("", answer.body()));
    let asked = request.header("if-none-match").and_then(|value| value.as_str());
    let answer = if asked.is_some_and(|asked| is_in(&tag, asked)) {
        Answer::without_body(304)
    } else {
        answer
    };
    // Kept, and asked for again each time: an order moves on.
    answer.with_header("etag", tag).with_header("cache-control", "no-cache").into_response()
}

/// Whether a list of tags has this one; weak tags count as strong ones, as they do for `If-None-Match`.
fn is_in(tag: &str, list: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|found| found == "*" || found.strip_prefix("W/").unwrap_or(found) == tag)
}
