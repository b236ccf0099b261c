//! Calls an import that local-runtime does not support, unless the path is `fine`.

#![allow(missing_docs, reason = "generated code")]

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/key-value-guest", generate_all });

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        if path_info(&request) != "fine" {
            let opened = fermyon::spin2_0_0::key_value::Store::open("default");
            let found = opened.and_then(|store| store.get("key"));
            return reply(out, 200, format!("{}", found.is_ok()).as_bytes());
        }
        reply(out, 200, b"fine");
    }
}
