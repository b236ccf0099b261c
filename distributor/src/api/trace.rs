//! The trace that a request belongs to, by its header `traceparent`.

use shared::trace::TraceParent;
use spin_sdk::http::Request;

/// The trace that the request names. One that is not valid is ignored and a new one begun; where there is none, none is begun.
pub(super) fn of(request: &Request) -> Option<TraceParent> {
    let header = request.header("traceparent")?;
    TraceParent::parse(header.as_bytes()).or_else(|| {
        let mut random = [0; 24];
        // Without random numbers the order goes on without a trace.
        getrandom::fill(&mut random).ok()?;
        TraceParent::begin(random)
    })
}
