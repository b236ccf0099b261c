//! Allocates the MiB of memory that the path names.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let mib: usize = path_info(&request).parse().expect("a number of MiB");
        let block = std::hint::black_box(vec![1u8; mib * 1024 * 1024]);
        reply(out, 200, format!("{}", block.len()).as_bytes());
    }
}
