//! `GET /openapi.json`: what this API is, for programs. Made from `docs/openapi.yaml`; a test of `shared` keeps the two in step.

use spin_sdk::http::{Request, Response};
use spin_shell::Answer;

use super::etag;

/// The document; it needs neither Redis nor a variable.
pub(super) fn get(request: &Request) -> Response {
    let document = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));
    etag::answer(request, Answer::new(200, "application/json", document))
}
