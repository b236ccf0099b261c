//! Sends a GET to the URL in the body, and replies with the status or the error. The path may limit
//! the milliseconds between two parts of the response.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{OutgoingRequest, RequestOptions};
use wasi::io::streams::StreamError;

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let url = String::from_utf8(body(&request)).expect("the test sends text");
        let options = RequestOptions::new();
        let limit_ns = path_info(&request).parse::<u64>().ok().map(|ms| ms * 1_000_000);
        options.set_between_bytes_timeout(limit_ns).expect("a supported option");
        let text = match send(get(&url), options) {
            Ok(text) => text,
            Err(code) => format!("error {code:?}"),
        };
        reply(out, 200, text.as_bytes());
    }
}

fn send(
    request: OutgoingRequest,
    options: RequestOptions,
) -> Result<String, wasi::http::types::ErrorCode> {
    let future = handle(request, Some(options))?;
    future.subscribe().block();
    let response = future.get().expect("it is ready").expect("it is taken once")?;
    let body = response.consume().expect("it is taken once");
    let stream = body.stream().expect("it is taken once");
    let end = loop {
        match stream.blocking_read(64 * 1024) {
            Ok(_) => {}
            Err(StreamError::Closed) => break "",
            Err(StreamError::LastOperationFailed(_)) => break ", the body broke off",
        }
    };
    Ok(format!("status {}{end}", response.status()))
}
