//! Reads the body of a request, no further than its limit: memory does not grow with what a client sends.

use futures_util::TryStreamExt;
use shared::intake::BodyError;
use spin_sdk::http::{IncomingRequest, Request, Response};

/// Reads the body of at most `most` bytes. One that says beforehand that it is longer is not read at all.
///
/// # Errors
/// When it is longer, ends before its end, or is encoded.
pub(super) async fn read(
    request: &Request,
    incoming: IncomingRequest,
    most: u32,
) -> Result<Vec<u8>, BodyError> {
    let text = |name| request.header(name).and_then(|value| value.as_str());
    if text("content-encoding")
        .is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity"))
    {
        return Err(BodyError::Encoded);
    }
    // 64 bits: a length that does not fit into the memory of an instance is a length all the same.
    let announced: Option<u64> = text("content-length").and_then(|length| length.parse().ok());
    if let Some(found) = announced.filter(|length| *length > most.into()) {
        return Err(BodyError::TooLong { found, most });
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default() as usize);
    let mut chunks = std::pin::pin!(incoming.into_body_stream());
    while let Some(chunk) = chunks.try_next().await.map_err(|_| BodyError::Broken)? {
        let found = (body.len() + chunk.len()) as u64;
        if found > most.into() {
            return Err(BodyError::TooLong { found, most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a body is refused with.
pub(super) fn refusal(error: &BodyError) -> Response {
    let answer = spin_shell::problem(error.problem(), &error.to_string());
    match error {
        BodyError::MediaType => {
            answer.with_header("accept-post", "application/json, application/x-ndjson")
        }
        BodyError::Encoded => answer.with_header("accept-encoding", "identity"),
        _ => answer,
    }
    .into_response()
}
