//! Builds answers of the crate `http`.

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;

/// An answer with its whole body.
pub type Response = http::Response<Vec<u8>>;

pub(crate) fn new(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    with_header(response, header::CONTENT_TYPE, media_type)
}

/// 200 with this JSON.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// An answer with this JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // All keys are strings, so this cannot fail.
    new(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
}

pub(crate) fn with_header(
    mut response: Response,
    name: HeaderName,
    value: &'static str,
) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
