//! Sends a GET to the URL in the body and answers with the status, or the error, and the body.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, OutgoingRequest, Scheme};

impl Guest for Http {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let url = String::from_utf8(body(&request)).expect("the test sends text");
        let (authority, path) =
            url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
        let outgoing = OutgoingRequest::new(Fields::new());
        outgoing.set_scheme(Some(&Scheme::Http)).expect("a scheme");
        outgoing.set_authority(Some(authority)).expect("an authority");
        outgoing.set_path_with_query(Some(&format!("/{path}"))).expect("a path");
        let text = match send(outgoing) {
            Ok(status) => format!("status {status}"),
            Err(code) => format!("error {code:?}"),
        };
        reply(out, 200, text.as_bytes());
    }
}

fn send(request: OutgoingRequest) -> Result<u16, wasi::http::types::ErrorCode> {
    let future = handle(request, None)?;
    future.subscribe().block();
    let response = future.get().expect("it is ready").expect("it is taken once")?;
    Ok(response.status())
}
