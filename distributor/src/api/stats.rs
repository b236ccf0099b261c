//! `GET /stats`: one look at the queue.

use shared::queue::Stream;
use spin_sdk::http::Response;
use spin_shell::{NotReady, Shell};

/// The streams and counters. It ticks as well, so that an open dashboard keeps a laptop's pipeline going.
pub(super) fn get() -> Response {
    let stats = Shell::open().and_then(|mut shell| {
        let mut queue = shell.queue();
        for stream in Stream::ALL {
            queue.tick(stream).map_err(NotReady::Redis)?;
        }
        queue.stats().map_err(NotReady::Redis)
    });
    match stats {
        Ok(stats) => spin_shell::json_response(200, &stats).into_response(),
        Err(error) => spin_shell::not_ready(&error),
    }
}
