//! Reads the body of a request, no further than its limit: memory does not grow with what a client sends.

use futures_util::TryStreamExt;
use shared::intake::BodyError;
use spin_sdk::http::{IncomingRequest, Request};

/// Reads the body of at most `most` bytes. One that says beforehand that it is longer is not read at all.
///
/// # Errors
/// When it is longer, or ends before its end.
pub(super) async fn read(
    request: &Request,
    incoming: IncomingRequest,
    most: u32,
) -> Result<Vec<u8>, BodyError> {
    let announced = request.header("content-length").and_then(|length| length.as_str()?.parse().ok());
    if let Some(found) = announced.filter(|length: &usize| *length > most as usize) {
        return Err(BodyError::TooLong { found, most });
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    let mut chunks = std::pin::pin!(incoming.into_body_stream());
    while let Some(chunk) = chunks.try_next().await.map_err(|_| BodyError::Broken)? {
        let found = body.len() + chunk.len();
        if found > most as usize {
            return Err(BodyError::TooLong { found, most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
