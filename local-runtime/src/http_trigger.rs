//! The HTTP trigger: concurrent requests, each with a fresh instance.
//!
//! A request runs in a separate task, so it completes even if its client disconnects. Paths below
//! `/.well-known/spin` and `/.well-known/local-runtime` are answered here and never reach a
//! component.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::app::{App, Route, Target};
use crate::component::{Components, LoadedComponent};
use crate::instance::State;
use crate::output::log;
use crate::router::{Found, Router};

/// Paths below it have no route.
const WELL_KNOWN: &str = "/.well-known/spin/";
const HEALTH: &str = "/.well-known/spin/health";
const INFO: &str = "/.well-known/spin/info";
const INSTANCE_STARTS: &str = "/.well-known/local-runtime/instance-starts";

/// Pause after a failed accept, usually because file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

type Reply = Response<HyperOutgoingBody>;
type ReplySender = oneshot::Sender<Result<Reply, ErrorCode>>;

pub(crate) struct HttpTrigger {
    components: Arc<Components>,
    router: Router,
    routes: Vec<Route>,
    /// The reply to `/.well-known/spin/info`.
    info: String,
}

impl HttpTrigger {
    pub(crate) fn new(app: &mut App, router: Router, components: Arc<Components>) -> Self {
        let info =
            serde_json::json!({ "name": app.name, "version": app.version, "bindle_version": null });
        let routes = std::mem::take(&mut app.routes);
        Self { components, router, routes, info: info.to_string() }
    }

    /// The lines with the address and the routes, if there are any.
    pub(crate) fn banner(&self, address: SocketAddr) -> Vec<String> {
        let mut lines = vec![format!("Serving http://{address}")];
        if !self.routes.is_empty() {
            lines.push("Available Routes:".to_owned());
        }
        for route in &self.routes {
            let (path, kind) = match route.path.strip_suffix("/...") {
                Some(path) => (path, " (wildcard)"),
                None => (without_slash(&route.path), ""),
            };
            let (id, component) = match &route.target {
                Target::Component(id) => (id.as_str(), self.components.by_id.get(id)),
                Target::Static(_) => ("(static response)", None),
            };
            lines.push(format!("  {id}: http://{address}{path}{kind}"));
            let description = component.and_then(|component| component.config.description.as_ref());
            lines.extend(description.map(|text| format!("    {text}")));
        }
        lines
    }

    /// Accepts connections for as long as the program runs.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, client)) => {
                    tokio::spawn(self.clone().connection(stream, client));
                }
                Err(error) => {
                    log(&format!("failed to accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, client: SocketAddr) {
        // Without it a reply in two writes may wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let trigger = self.clone();
            async move { anyhow::Ok(trigger.answer(request, client).await) }
        });
        // Clients that disconnect or break the protocol are not logged.
        let _ = hyper::server::conn::http1::Builder::new()
            .keep_alive(true)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Reply {
        match request.uri().path() {
            HEALTH => return text("text/plain", "OK"),
            INFO => return text("application/json", self.info.clone()),
            INSTANCE_STARTS => return self.instance_starts(request.method()),
            path if path.starts_with(WELL_KNOWN) => return empty(StatusCode::NOT_FOUND),
            _ => {}
        }
        let Some(found) = self.router.find(request.uri().path()) else {
            return empty(StatusCode::NOT_FOUND);
        };
        let route = &self.routes[found.index];
        match &route.target {
            Target::Static(response) => response.clone().map(body),
            Target::Component(id) => match self.components.by_id.get(id) {
                Some(component) => {
                    let request = with_spin_headers(request, route, &found, client);
                    dispatch(component.clone(), request).await
                }
                None => empty(StatusCode::INTERNAL_SERVER_ERROR),
            },
        }
    }

    fn instance_starts(&self, method: &Method) -> Reply {
        match *method {
            Method::GET => {
                let report = serde_json::to_string(&self.components.meter.report());
                text("application/json", report.unwrap_or_default())
            }
            Method::DELETE => {
                self.components.meter.reset();
                empty(StatusCode::NO_CONTENT)
            }
            _ => empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

/// Adds Spin's headers about the route and the client, which a client cannot forge.
fn with_spin_headers(
    mut request: Request<Incoming>,
    route: &Route,
    found: &Found,
    client: SocketAddr,
) -> Request<Incoming> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host =
        request.uri().authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let full_url = format!("http://{host}{path}");
    let headers = request.headers_mut();
    set(headers, "spin-full-url", &full_url);
    set(headers, "spin-path-info", &found.path_info);
    set(headers, "spin-matched-route", without_slash(&route.path));
    set(headers, "spin-component-route", route.path.strip_suffix("/...").unwrap_or(&route.path));
    set(headers, "spin-raw-component-route", &route.path);
    set(headers, "spin-base-path", "/");
    set(headers, "spin-client-addr", &client.to_string());
    for (name, value) in &found.parameters {
        set(headers, &format!("spin-path-match-{}", name.replace('_', "-")), value);
    }
    request
}

/// A route without a trailing slash, as Spin shows it.
fn without_slash(route: &str) -> &str {
    route.strip_suffix('/').unwrap_or(route)
}

/// Sets a header. An invalid name or value is left out.
fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// Runs the handler in a separate task and waits for its reply.
async fn dispatch(component: Arc<LoadedComponent>, request: Request<Incoming>) -> Reply {
    let (sender, receiver) = oneshot::channel();
    let what = format!("{} {}", request.method(), request.uri().path());
    tokio::spawn(async move {
        if let Err(error) = run(&component, request, sender).await {
            log(&format!("component {:?} failed at {what}: {error:#}", component.config.id));
        }
    });
    match receiver.await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) | Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn run(
    component: &LoadedComponent,
    request: Request<Incoming>,
    sender: ReplySender,
) -> Result<()> {
    let pre = component.http.as_ref().context("it has no HTTP trigger")?;
    let call = async |store: &mut Store<State>, proxy: Proxy| {
        let answered = Arc::new(std::sync::OnceLock::new());
        let seen = answered.clone();
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam_from_callback(move |reply| {
            let _ = seen.set(reply.as_ref().err().map(ToString::to_string));
            let _ = sender.send(reply);
        })?;
        proxy.wasi_http_incoming_handler().call_handle(&mut *store, request, out).await?;
        match answered.get() {
            Some(None) => Ok(()),
            Some(Some(code)) => bail!("it answered with the error {code}"),
            None => bail!("it returned without an answer"),
        }
    };
    component.handle(async |store| pre.instantiate_async(store).await, call).await
}

fn text(kind: &'static str, content: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body(content));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(body(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

fn body(content: impl Into<Bytes>) -> HyperOutgoingBody {
    Full::new(content.into()).map_err(|never| match never {}).boxed_unsync()
}
