//! `wasi:http/outgoing-handler`: requests to listed servers, over plain HTTP/1.1.
//!
//! There is no TLS. Entries of `allowed_outbound_hosts` that need it are refused at the start. Each
//! request has a separate connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::hosts::AllowedHosts;

/// Default limit for connecting, for the first byte and for the time between bytes, as in wasmtime.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(10);

/// Sends requests to the servers that a component may reach, and refuses others.
pub(crate) struct HttpHooks(pub(crate) Arc<AllowedHosts>);

/// The remaining work for a connection when the response has begun.
type Worker = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for HttpHooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Worker,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Worker), Error>> + Send> {
        let allowed = self.0.allow("http", &request.uri().to_string());
        Box::new(async move {
            if !allowed {
                return Err(Error::HttpRequestDenied);
            }
            send(request, options.unwrap_or_default()).await
        })
    }
}

async fn send(
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<(Response<WasiBody>, Worker), Error> {
    let authority = request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?;
    let server = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
    let connect =
        timeout(options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT), TcpStream::connect(server));
    let stream = connect.await.map_err(|_| Error::ConnectionTimeout)?.map_err(Error::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The server gets the path only; the authority is in the Host header.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Error::HttpRequestUriInvalid)?;
    // This task drives the connection, which ends when response and sender are dropped.
    let driver = tokio::spawn(connection);
    let first_byte = options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT);
    let response = timeout(first_byte, sender.send_request(request)).await;
    let response = response.map_err(|_| Error::ConnectionReadTimeout)??;
    let worker = async move {
        // An aborted task has no result.
        driver.await.unwrap_or(Ok(())).map_err(Error::from)
    };
    let between_bytes = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
    Ok((response.map(|body| in_time(body, between_bytes)), Box::new(worker)))
}

/// A body that ends with an error when its next part takes longer than `limit`.
fn in_time(body: Incoming, limit: Duration) -> WasiBody {
    let frames = stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(limit, body.frame()).await {
            Ok(frame) => Some((frame?.map_err(Error::from), Some(body))),
            Err(_) => Some((Err(Error::ConnectionReadTimeout), None)),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}
