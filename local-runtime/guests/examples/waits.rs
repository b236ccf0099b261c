//! Waits for the milliseconds in the path. With the variable `redis`, records its begin and end in
//! the Redis list `events`.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let ms = path_info(&request);
        let redis = variables::get("redis").is_ok().then(redis);
        let note = |text: String| redis.iter().for_each(|redis| push(redis, "events", &text));
        note(format!("begin {ms}"));
        wait_ms(ms.parse().expect("a number of milliseconds"));
        note(format!("end {ms}"));
        reply(out, 200, b"waited");
    }
}
