//! Shared code of local-runtime's test guests: their imports, and helpers for HTTP bodies.
//!
//! The guests in `examples/` are Wasm components that show one behaviour each. They bind the raw
//! interfaces, so that the tests see the behaviour of the host and not of an SDK.

use std::fmt::Write;

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam,
    Scheme,
};
use wasi::io::streams::StreamError;

/// The imports of Spin.
#[allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "local:runtime/host", generate_all });
}

pub use bindings::fermyon::spin2_0_0::redis::{Connection, Error, RedisParameter, RedisResult};
pub use bindings::fermyon::spin2_0_0::variables;

/// Answers a request.
pub fn reply(out: ResponseOutparam, status: u16, content: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).expect("a legal status");
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    for chunk in content.chunks(4096) {
        // The client may have disconnected, and then nobody reads the reply.
        let _ = stream.blocking_write_and_flush(chunk);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// The whole body of a request.
pub fn body(request: &IncomingRequest) -> Vec<u8> {
    let body = request.consume().expect("the body is taken once");
    let stream = body.stream().expect("the stream is taken once");
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return bytes,
            Err(error) => panic!("failed to read the body: {error:?}"),
        }
    }
}

/// The rest of the path behind a wildcard route, without its slash.
pub fn path_info(request: &IncomingRequest) -> String {
    let values = request.headers().get(&"spin-path-info".to_owned());
    let value = values.into_iter().next().unwrap_or_default();
    String::from_utf8_lossy(&value).trim_start_matches('/').to_owned()
}

/// A variable from the test's manifest.
pub fn variable(name: &str) -> String {
    variables::get(name).unwrap_or_else(|error| panic!("variable {name}: {error:?}"))
}

/// A connection to the Redis server named by the variable `redis`.
pub fn redis() -> Connection {
    Connection::open(&variable("redis")).expect("Redis is up and listed")
}

/// Appends a text to a Redis list.
pub fn push(connection: &Connection, list: &str, text: &str) {
    let arguments = [list, text].map(|text| RedisParameter::Binary(text.as_bytes().to_vec()));
    connection.execute("RPUSH", &arguments).expect("RPUSH");
}

/// A GET of an `http://` URL with a path.
pub fn get(url: &str) -> OutgoingRequest {
    let (authority, path) =
        url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(&format!("/{path}"))).expect("a path");
    request
}

/// Tries to reach a Redis or HTTP server by its URL, the environment, or a variable by its name.
pub fn reach(what: &str) -> String {
    match what.split_once("://") {
        Some(("redis", _)) => match Connection::open(what) {
            Ok(_) => "open".to_owned(),
            Err(failure) => error(&failure),
        },
        Some(_) => match handle(get(what), None) {
            Ok(_) => "sent".to_owned(),
            Err(code) => format!("{code:?}"),
        },
        None if what == "environment" => {
            format!("{:?}", wasi::cli::environment::get_environment())
        }
        None => format!("{:?}", variables::get(what)),
    }
}

/// Waits without computing.
pub fn wait_ms(ms: u64) {
    wasi::clocks::monotonic_clock::subscribe_duration(ms * 1_000_000).block();
}

/// The results of `execute` in one line: `nil`, `status:OK`, `int:7`, `bytes:text`, joined by
/// spaces.
pub fn results(results: &[RedisResult]) -> String {
    let mut line = String::new();
    for result in results {
        let separator = if line.is_empty() { "" } else { " " };
        let _ = match result {
            RedisResult::Nil => write!(line, "{separator}nil"),
            RedisResult::Status(status) => write!(line, "{separator}status:{status}"),
            RedisResult::Int64(number) => write!(line, "{separator}int:{number}"),
            RedisResult::Binary(bytes) => {
                write!(line, "{separator}bytes:{}", String::from_utf8_lossy(bytes))
            }
        };
    }
    line
}

/// An error in one line.
pub fn error(error: &Error) -> String {
    match error {
        Error::InvalidAddress => "invalid-address".to_owned(),
        Error::TooManyConnections => "too-many-connections".to_owned(),
        Error::TypeError => "type-error".to_owned(),
        Error::Other(text) => format!("other:{text}"),
    }
}
