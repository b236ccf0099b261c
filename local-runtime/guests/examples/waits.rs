//! Notes in the Redis list `events` when it begins and ends; in between it waits for the milliseconds of the path.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let ms = path_info(&request);
        let redis = redis();
        push(&redis, "events", &format!("begin {ms}"));
        wait_ms(ms.parse().expect("a number of milliseconds"));
        push(&redis, "events", &format!("end {ms}"));
        reply(out, 200, b"waited");
    }
}
