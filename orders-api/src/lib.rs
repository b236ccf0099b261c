//! The HTTP API: takes orders in, reports on them, and serves the dashboard.
//!
//! [`answer`] handles every request and knows neither Spin nor the clock: variables and the
//! connection to Redis come from a [`Host`]. Routes that need Redis connect after all other checks.
//! `shell.rs` is the Wasm component around it.

mod body;
mod control;
mod dashboard;
mod dead_letters;
mod guard;
mod intake;
mod metrics;
mod operations;
mod orders;
mod problem;
mod response;
mod settings;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::pedantic, reason = "a macro of spin-sdk makes the exports")]
mod shell;

use std::io::Read;

use http::{StatusCode, header};
use queue::settings::SettingError;
use queue::{Execute, Queue, QueueError};

pub use metrics::families;
pub use problem::{Problem, Refusal};
pub use response::Response;
pub use settings::Settings;

/// An answer, or what leads to one, or the problem to report instead.
type Result<T = Response, E = Refusal> = std::result::Result<T, E>;

/// A request. A body that takes too long fails with [`std::io::ErrorKind::TimedOut`].
pub type Request<'a> = http::Request<&'a mut dyn Read>;

/// What the API needs from its host.
pub trait Host {
    /// A connection to Redis.
    type Redis: Execute;

    /// Reads the variables of the API.
    fn settings(&self) -> Result<Settings, SettingError>;

    /// Reads the variables of the queue and connects to its Redis.
    fn open(&self) -> Result<(queue::Settings, Self::Redis)>;

    /// Opens the queue and runs `act` with it.
    fn with_queue<T>(
        &self,
        act: impl FnOnce(&mut Queue<'_, Self::Redis>) -> Result<T, QueueError>,
    ) -> Result<T> {
        let (settings, mut redis) = self.open()?;
        Ok(act(&mut Queue::new(&mut redis, &settings))?)
    }
}

/// Answers one request. Routes that take a body read it up to their limit.
pub fn answer<H: Host>(host: &H, mut request: Request<'_>) -> Response {
    try_answer(host, &mut request).unwrap_or_else(Refusal::into_response)
}

/// The paths are those of `docs/openapi.yaml`, under the routes that `spin.toml` gives to this
/// component. One slash at the end of a path is ignored, as Spin's router ignores it.
fn try_answer<H: Host>(host: &H, request: &mut Request<'_>) -> Result {
    let path = request.uri().path().strip_suffix('/').unwrap_or(request.uri().path());
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let settings = host.settings()?;
    // These need no token, because they show no order.
    if !matches!(path[..], [] | ["dashboard", _] | ["openapi.json" | "healthz" | "readyz"]) {
        guard::check(request, &settings)?;
    }
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    // `OPTIONS`, and methods that a path does not have.
    let other = |allowed: &'static str| {
        if method == "OPTIONS" {
            let mut response = response::with_header(Response::default(), header::ALLOW, allowed);
            *response.status_mut() = StatusCode::NO_CONTENT;
            return Ok(response);
        }
        let detail = format!("allowed methods: {allowed}");
        let refusal = Refusal::new(Problem::MethodNotAllowed, &detail);
        Err(refusal.with_header(header::ALLOW, allowed))
    };
    // A path that can only be read.
    let get = |answer: &dyn Fn() -> Result| match method {
        "GET" => answer(),
        _ => other("GET, HEAD, OPTIONS"),
    };
    match (method, &path[..]) {
        (_, path) if path.contains(&"") => Err(Refusal::not_found()),
        (_, []) => get(&|| dashboard::file("", &settings)),
        (_, ["dashboard", file]) => get(&|| dashboard::file(file, &settings)),
        (_, ["openapi.json"]) => get(&|| dashboard::file("openapi.json", &settings)),
        ("GET", ["orders"]) => orders::list(host, request),
        ("POST", ["orders"]) => orders::post(host, request, &settings),
        (_, ["orders"]) => other("GET, HEAD, POST, OPTIONS"),
        (_, ["orders", id]) => get(&|| orders::show(host, id)),
        (_, ["dead-letters"]) => get(&|| dead_letters::list(host, request)),
        ("GET", ["dead-letters", id]) => dead_letters::show(host, dead_letters::id(id)?),
        ("DELETE", ["dead-letters", id]) => dead_letters::discard(host, dead_letters::id(id)?),
        (_, ["dead-letters", _]) => other("GET, HEAD, DELETE, OPTIONS"),
        ("POST", ["dead-letters", id, "redrive"]) => {
            dead_letters::redrive(host, dead_letters::id(id)?)
        }
        (_, ["dead-letters", _, "redrive"]) => other("POST, OPTIONS"),
        (_, ["stats"]) => get(&|| operations::stats(host)),
        (_, ["metrics"]) => get(&|| metrics::page(host)),
        (_, ["healthz"]) => get(&|| Ok(operations::health())),
        (_, ["readyz"]) => get(&|| operations::ready(host)),
        (_, ["control"]) => get(&|| control::list(host)),
        ("GET", ["control", name]) => control::show(host, control::stream(name)?),
        ("PUT", ["control", name]) => control::set(host, control::stream(name)?, request),
        ("DELETE", ["control", name]) => control::resume(host, control::stream(name)?),
        (_, ["control", _]) => other("GET, HEAD, PUT, DELETE, OPTIONS"),
        _ => Err(Refusal::not_found()),
    }
}

/// The time in an entry id or in Unix ms, as RFC 3339.
fn time_of(text: &str) -> Option<String> {
    let ms = queue::milliseconds(text).or_else(|| text.parse().ok())?;
    let time = chrono::DateTime::from_timestamp_millis(ms)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}
