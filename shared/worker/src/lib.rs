//! What a Spin component needs around the queue: its variables, a connection, its answers by HTTP,
//! and handlers for a bell and a tick.
//!
//! A component names its role and its triggers. The role interprets the messages.

#![forbid(unsafe_code)]

mod connection;

use std::time::{Duration, Instant};

use queue::log::{Level, Log};
use queue::{Batch, Host, Queue, QueueError, Role, SAFE_POLICY, SettingError, Settings, drain};
use serde::Serialize;
use spin_sdk::http::{Headers, IncomingRequest, Method, OutgoingResponse, ResponseOutparam};
use spin_sdk::variables;

pub use connection::SpinRedis;

/// Why a handler failed.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// A variable is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Redis does not answer or refuses.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Reads the variables into `settings` and connects to Redis.
///
/// # Errors
/// When a variable is wrong or Redis does not answer.
pub fn open<E>(settings: Settings) -> Result<(Settings, SpinRedis), E>
where
    E: From<SettingError> + From<QueueError>,
{
    let settings = settings.read(variables::get)?;
    let url = queue::settings::text(variables::get, "redis_url")?;
    Ok((settings, SpinRedis::open(&url)?))
}

/// The clock and the log of a drain.
struct Worker {
    start: Instant,
    log: Log,
}

impl Host for Worker {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn committed(&mut self, batch: &Batch<'_>) {
        self.log.batch(batch);
    }
}

/// Handles a ring: drains the stream of the role and logs what was done.
///
/// # Errors
/// When a variable is wrong or Redis fails; Spin logs it. What was claimed stays pending and is
/// delivered again.
pub fn on_bell(
    component: &'static str,
    role: &impl Role,
    settings: Settings,
) -> Result<(), HandlerError> {
    let level = Level::read(variables::get)?;
    let log = Log::new(|line| println!("{line}"), level, component, role.stream());
    let mut worker = Worker { start: Instant::now(), log };
    let (settings, mut redis) = open::<HandlerError>(settings)?;
    let (tally, result) = drain(&mut Queue::new(&mut redis, &settings), role, &mut worker);
    worker.log.end(&tally, worker.start.elapsed());
    Ok(result?)
}

/// Answers `GET /<component>/tick`: frees what is past retention, and rings the component's own
/// bell if work waits.
///
/// 200 with the state of the stream; 503 when several rings were not answered, so that a probe
/// restarts the component, or while Redis fails; 500 when a variable of the component is wrong,
/// also one that only its drains need.
pub async fn on_tick(
    request: IncomingRequest,
    out: ResponseOutparam,
    role: Result<impl Role, SettingError>,
    settings: Settings,
) {
    let (status, body) = tick(&request.method(), role, settings);
    let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    if status == 405 {
        headers.push(("allow".to_owned(), b"GET, HEAD".to_vec()));
    }
    send(out, status, &headers, body).await;
}

fn tick(
    method: &Method,
    role: Result<impl Role, SettingError>,
    settings: Settings,
) -> (u16, Vec<u8>) {
    if !matches!(method, Method::Get | Method::Head) {
        return refuse(405, "method_not_allowed");
    }
    let ticked = || -> Result<_, HandlerError> {
        let stream = role?.stream();
        Level::read(variables::get)?;
        let (settings, mut redis) = open::<HandlerError>(settings)?;
        let mut queue = Queue::new(&mut redis, &settings);
        let tick = queue.tick(stream)?;
        Ok((tick, queue.eviction_policy().filter(|policy| policy != SAFE_POLICY)))
    };
    match ticked() {
        Ok((tick, policy)) => {
            if let Some(policy) = policy {
                warn(&format!(
                    "maxmemory-policy {policy} may drop acknowledged messages: set noeviction"
                ));
            }
            if let Some(refused) = &tick.refused {
                warn(&format!("failed to free what is past retention: {refused}"));
            }
            if tick.is_deaf() {
                warn(&format!("{} rings were not answered", tick.unanswered_rings));
                return reply(503, &tick);
            }
            reply(200, &tick)
        }
        Err(error) => {
            warn(&error.to_string());
            let (status, code) = match error {
                HandlerError::Setting(_) => (500, "misconfigured"),
                HandlerError::Queue(error) => (503, error.cause.into()),
            };
            refuse(status, code)
        }
    }
}

fn warn(message: &str) {
    #[derive(Serialize)]
    struct Warning<'a> {
        level: &'a str,
        event: &'a str,
        message: &'a str,
    }
    eprintln!("{}", json(&Warning { level: "warn", event: "tick", message }));
}

fn refuse(status: u16, code: &str) -> (u16, Vec<u8>) {
    #[derive(Serialize)]
    struct Refusal<'a> {
        status: u16,
        code: &'a str,
    }
    reply(status, &Refusal { status, code })
}

fn reply(status: u16, body: &impl Serialize) -> (u16, Vec<u8>) {
    (status, json(body).into_bytes())
}

/// JSON without `serde_json::Value`, which makes each component 19 KB larger.
fn json(value: &impl Serialize) -> String {
    // All keys are strings, so this cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Answers a request. Through the SDK's own `Response` each component would be 44 KB larger.
///
/// # Panics
/// When the status or a header is not valid in HTTP.
pub async fn send(
    out: ResponseOutparam,
    status: u16,
    headers: &[(String, Vec<u8>)],
    body: Vec<u8>,
) {
    let headers = Headers::from_list(headers).expect("components send valid headers");
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("components send valid statuses");
    if let Err(error) = out.set_with_body(response, body).await {
        eprintln!("failed to send the answer: {error}");
    }
}
