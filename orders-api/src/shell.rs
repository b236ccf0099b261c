//! The Wasm component: Spin's HTTP trigger around [`answer`].

use std::io::{self, Read};

use queue::settings::SettingError;
use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::http_component;
use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{InputStream, StreamError};
use worker::SpinRedis;

use crate::{Host, Refusal, Response, Result, Settings, answer};

/// How long a whole body may take, in ns. Spin has no limit, and slow bodies would occupy its 1,000
/// instances.
const BODY_LIMIT_NS: u64 = 10_000_000_000;

struct Component;

impl Host for Component {
    type Redis = SpinRedis;

    fn settings(&self) -> Result<Settings, SettingError> {
        Settings::read(spin_sdk::variables::get)
    }

    fn open(&self) -> Result<(queue::Settings, SpinRedis)> {
        worker::open(orders::pipeline::settings())
    }
}

/// A body, if there is one, and its deadline.
struct Body(Option<InputStream>, Pollable);

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &self.0 else { return Ok(0) };
        loop {
            let arrived = stream.subscribe();
            if poll(&[&self.1, &arrived]).contains(&0) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match stream.read(buffer.len() as u64) {
                // An empty read means the end to a reader, so try again.
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return (&bytes[..]).read(buffer),
                Err(StreamError::Closed) => return Ok(0),
                Err(StreamError::LastOperationFailed(_)) => return Err(io::ErrorKind::Other.into()),
            }
        }
    }
}

#[http_component]
async fn on_request(incoming: IncomingRequest, out: ResponseOutparam) {
    let (head, body) = answer_to(&incoming).into_parts();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str().into(), value.as_bytes().into()));
    worker::send(out, head.status.as_u16(), &headers.collect::<Vec<_>>(), body).await;
}

fn answer_to(incoming: &IncomingRequest) -> Response {
    let mut head =
        http::Request::builder().method(incoming.method().to_string().as_str()).uri(incoming.uri());
    for (name, value) in incoming.headers().entries() {
        head = head.header(name, value);
    }
    // The stream must be dropped before the body.
    let body = incoming.consume();
    let stream = body.as_ref().ok().and_then(|body| body.stream().ok());
    let mut stream = Body(stream, subscribe_duration(BODY_LIMIT_NS));
    let request = head.body(&mut stream as &mut dyn Read);
    request.map_or_else(|_| Refusal::not_found().into_response(), |it| answer(&Component, it))
}
