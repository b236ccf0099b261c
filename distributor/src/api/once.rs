//! The header `Idempotency-Key` of `POST /orders`: the same key and body get the same answer, and write at most once.
//!
//! Only a request whose valid orders were all written is noted. Any other (refused, backlog full, Redis or a partition away) leaves its key
//! free. The record is in one partition, which the key says. Without the header nothing here costs anything.

use shared::problem;
use shared::queue::{Fingerprint, Repeat, RepeatKey, Spread};
use spin_sdk::http::{Request, Response};
use spin_shell::{NotReady, Partitions};

/// Carries out `write`, unless the request repeats one; the inner error is the answer to one that must not be carried out.
pub(super) fn try_once(
    request: &Request,
    body: &[u8],
    partitions: &Partitions,
    write: impl FnOnce() -> Spread,
) -> Result<Result<Spread, Response>, NotReady> {
    let Some(header) = request.header("idempotency-key") else { return Ok(Ok(write())) };
    let Some(key) = header.as_str().and_then(RepeatKey::parse) else {
        let detail =
            "Idempotency-Key: expected 1 to 255 visible characters of ASCII, in quotes or without";
        return Ok(Err(
            spin_shell::problem(problem::INVALID_IDEMPOTENCY_KEY, detail).into_response()
        ));
    };
    let content_type =
        request.header("content-type").and_then(|value| value.as_str()).unwrap_or_default();
    let fingerprint = Fingerprint::of(content_type, body);
    let mut shell = partitions.open(key.partition(partitions.count())).map_err(NotReady::Redis)?;
    match shell.queue().begin(key, fingerprint).map_err(NotReady::Redis)? {
        Repeat::First => {}
        // What else the answer says is made from the body, and that is the same.
        Repeat::Answered { backlog } => return Ok(Ok(Spread { backlog, ..Spread::default() })),
        Repeat::UnderWay => {
            let detail = "a request with this key and body is being carried out";
            let conflict = spin_shell::problem(problem::IDEMPOTENCY_KEY_IN_USE, detail);
            return Ok(Err(conflict.with_header("retry-after", "1").into_response()));
        }
        Repeat::Other => {
            let detail =
                "this key came with another body before; each request needs a key of its own";
            return Ok(Err(
                spin_shell::problem(problem::IDEMPOTENCY_KEY_REUSE, detail).into_response()
            ));
        }
    }
    let written = write();
    let noted = match written.unwritten.is_empty() {
        true => shell.queue().answered(key, fingerprint, written.backlog),
        false => shell.queue().give_up(key),
    };
    if let Err(error) = noted {
        // The record lapses, and a repetition is carried out: its orders are recognised.
        eprintln!("{error}");
    }
    Ok(Ok(written))
}
