//! Reads the body of a request up to a limit.

use std::io::ErrorKind;

use http::header;

use crate::{Problem, Refusal, Request, Result};

/// Reads a body of at most `most` bytes. If `Content-Length` is larger, nothing is read.
pub(crate) fn read(request: &mut Request<'_>, most: u32) -> Result<Vec<u8>> {
    let headers = request.headers();
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    if text(header::CONTENT_ENCODING).is_some_and(|it| !it.eq_ignore_ascii_case("identity")) {
        let detail = "expected a body without Content-Encoding";
        return Err(Refusal::new(Problem::UnsupportedMediaType, detail)
            .with_header(header::ACCEPT_ENCODING, "identity"));
    }
    let too_large = |found: u64| {
        let detail = format!("the body has {found} bytes or more, the limit is {most}");
        Err(Refusal::new(Problem::BodyTooLarge, &detail))
    };
    // 64 bits: a client may announce a length beyond the 32-bit memory of an instance.
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let announced: u64 = length.unwrap_or_default();
    if announced > most.into() {
        return too_large(announced);
    }
    let (mut bytes, mut chunk) = (Vec::with_capacity(announced as usize), [0; 16 * 1024]);
    loop {
        let read = request.body_mut().read(&mut chunk).map_err(|error| match error.kind() {
            ErrorKind::TimedOut => Refusal::new(Problem::RequestTimeout, "the limit is 10 s"),
            _ => Refusal::new(Problem::BrokenBody, "the body broke off before its end"),
        })?;
        // Checked before the part is kept, or the memory would double at the limit.
        if (bytes.len() + read) as u64 > most.into() {
            return too_large((bytes.len() + read) as u64);
        }
        if read == 0 {
            return Ok(bytes);
        }
        if bytes.capacity() - bytes.len() < read {
            // Doubling the vector could reserve more than the limit.
            bytes.reserve_exact(bytes.len().max(chunk.len()).min(most as usize - bytes.len()));
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}
