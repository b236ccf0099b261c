//! Computes forever.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let mut number = 1u64;
        while std::hint::black_box(number) != 0 {
            number = number.wrapping_mul(3) | 1;
        }
        reply(out, 200, b"never");
    }
}
