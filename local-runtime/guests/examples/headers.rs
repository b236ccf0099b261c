//! Replies with the request's path, headers and body.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let mut text = format!("path {}\n", request.path_with_query().unwrap_or_default());
        for (name, value) in request.headers().entries() {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
        }
        let mut content = text.into_bytes();
        content.extend(body(&request));
        reply(out, 200, &content);
    }
}
