//! `/stats`, `/healthz` and `/readyz`: the state of the queue.

use orders::pipeline::STREAMS;
use queue::{SAFE_POLICY, StreamStats};
use serde::Serialize;

use crate::response::{Object, object};
use crate::{Host, Response, Result, control, response};

/// A stream as it is shown, with the pause apart.
#[derive(Serialize)]
struct ShownStream {
    #[serde(flatten)]
    stream: StreamStats,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Object>,
}

/// Streams and counters. It also ticks, so an open dashboard repairs lost bells where no probe
/// does.
pub(crate) fn stats<H: Host>(host: &H) -> Result {
    let stats = host.with_queue(|queue| {
        for stream in STREAMS {
            // The statistics are needed most when Redis refuses something.
            if let Err(error) = queue.tick(stream) {
                eprintln!("{error}");
            }
        }
        queue.stats()
    })?;
    let mut streams = Object::default();
    for (name, mut stream) in stats.streams {
        let paused = stream.paused.take().map(|pause| control::state(Some(&pause)));
        streams.set(name, &ShownStream { stream, paused });
    }
    let body = object!({ "streams": streams, "confirmations": stats.results,
        "deadLetters": stats.dead_letters, "totals": stats.totals });
    Ok(response::ok(&body))
}

/// Answers without Redis, because Spin has no time limit for a connection. The variables of the API
/// were read before.
pub(crate) fn health() -> Response {
    response::ok(&object!({ "status": "ok" }))
}

/// 200 when Redis answers; it may still refuse writes.
pub(crate) fn ready<H: Host>(host: &H) -> Result {
    let policy = host.with_queue(|queue| {
        queue.pause_of(STREAMS[0])?;
        Ok(queue.eviction_policy().filter(|policy| policy != SAFE_POLICY))
    })?;
    let mut body = object!({ "status": "ok" });
    if let Some(policy) = policy {
        let warning = "lets Redis drop orders when it is full; set it to noeviction";
        body.set("warning", &format!("maxmemory-policy {policy} {warning}"));
    }
    Ok(response::ok(&body))
}
