//! `/control`: shows which streams are paused, pauses and resumes them.
//!
//! `PUT /control/{stream}` takes `{"paused": true, "reason": "..."}` or `{"paused": false}`, and
//! `DELETE` resumes. A second pause keeps the first time and takes the new reason.

use orders::pipeline::STREAMS;
use queue::{Pause, Stream};
use serde::Deserialize;

use crate::response::{Object, object};
use crate::{Host, Problem, Refusal, Request, Result, body, response, time_of};

/// The body of a `PUT`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    paused: bool,
    reason: Option<String>,
}

/// All streams.
pub(crate) fn list<H: Host>(host: &H) -> Result {
    let mut states = Object::default();
    host.with_queue(|queue| {
        for stream in STREAMS {
            states.set(stream.as_str(), &state(queue.pause_of(stream)?.as_ref()));
        }
        Ok(())
    })?;
    Ok(response::ok(&object!({ "streams": states })))
}

/// One stream.
pub(crate) fn show<H: Host>(host: &H, stream: Stream) -> Result {
    let pause = host.with_queue(|queue| queue.pause_of(stream))?;
    Ok(response::ok(&state(pause.as_ref())))
}

/// Pauses or resumes a stream. A body of 8 KiB holds every reason, however it is escaped.
pub(crate) fn set<H: Host>(host: &H, stream: Stream, request: &mut Request<'_>) -> Result {
    let body = body::read(request, 8 * 1024)?;
    let Control { paused, reason } = serde_json::from_slice(&body).map_err(|error| {
        let problem = if error.is_data() { Problem::InvalidControl } else { Problem::InvalidJson };
        Refusal::new(problem, &error.to_string())
    })?;
    let reason = reason.as_deref().map(str::trim);
    let detail = match (paused, reason) {
        (false, None) => return resume(host, stream),
        (true, Some(reason)) if is_reason(reason) => {
            let pause = host.with_queue(|queue| queue.pause(stream, reason))?;
            return Ok(response::ok(&state(Some(&pause))));
        }
        (false, Some(_)) => "reason: only a pause has one",
        (true, _) => "reason: expected 1 to 200 characters, none a control character",
    };
    Err(Refusal::new(Problem::InvalidControl, detail))
}

/// Resumes a stream.
pub(crate) fn resume<H: Host>(host: &H, stream: Stream) -> Result {
    host.with_queue(|queue| queue.resume(stream))?;
    Ok(response::ok(&state(None)))
}

/// Whether a stream is paused, as it is shown.
pub(crate) fn state(pause: Option<&Pause>) -> Object {
    let Some(Pause { since_ms, reason }) = pause else { return object!({ "paused": false }) };
    object!({ "paused": true, "since": time_of(&since_ms.to_string()), "reason": reason })
}

fn is_reason(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// The stream with this name.
pub(crate) fn stream(name: &str) -> Result<Stream> {
    let stream = STREAMS.into_iter().find(|stream| stream.as_str() == name);
    let detail = "the streams are ingress, simple and complex";
    stream.ok_or_else(|| Refusal::new(Problem::StreamNotFound, detail))
}
