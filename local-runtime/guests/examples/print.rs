//! Writes the body to stdout, and `error: ` with the body to stderr. The path `trap` makes it trap.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let text = String::from_utf8(body(&request)).expect("the test sends text");
        print!("{text}");
        eprintln!("error: {text}");
        // The standard library holds an unfinished line back.
        let _ = std::io::Write::flush(&mut std::io::stdout());
        assert!(path_info(&request) != "trap", "asked to trap");
        reply(out, 200, b"printed");
    }
}
