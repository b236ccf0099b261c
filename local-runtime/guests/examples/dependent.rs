//! Tries to reach the target that the body names, and replies with the result. The second line is
//! the result of the same attempt by its dependency.

#![allow(missing_docs, reason = "generated code")]

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/dependent" });

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let what = String::from_utf8(body(&request)).expect("the test sends text");
        let text = format!("{}\n{}", reach(&what), local::runtime::probe::reach(&what));
        reply(out, 200, text.as_bytes());
    }
}
