//! What a Spin component needs around the queue: its variables, a connection, and handlers for a
//! bell and a tick.
//!
//! A component names its role and its triggers. The role interprets the messages.

#![forbid(unsafe_code)]

mod connection;
mod log;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;
use queue::{Batch, Cause, Host, Queue, QueueError, Role, SettingError, Settings, Stream, drain};
use serde_json::json;
use spin_sdk::http::{Method, Request, Response};
use spin_sdk::variables;

pub use connection::SpinRedis;
use log::{Level, Log};

/// Reads a variable of this component.
///
/// # Errors
/// With the text of the host's error.
pub fn variable(name: &str) -> Result<String, variables::Error> {
    variables::get(name)
}

/// Why a handler cannot begin.
#[derive(Debug, thiserror::Error)]
enum StartError {
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
    let settings = settings.read(variable)?;
    let url = queue::settings::text(variable, "redis_url")?;
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
pub fn on_bell(component: &'static str, role: &impl Role, settings: Settings) -> Result<()> {
    let log = Log::new(Level::read()?, component, role.stream());
    let mut worker = Worker { start: Instant::now(), log };
    let (settings, mut redis) = open::<StartError>(settings)?;
    let (tally, result) = drain(&mut Queue::new(&mut redis, &settings), role, &mut worker);
    worker.log.end(&tally, worker.start.elapsed());
    Ok(result?)
}

/// Answers `GET /<component>/tick`: frees what is past retention, and rings the component's own
/// bell if work waits.
///
/// 200 with the state of the stream; 503 when several rings were not answered, so that a probe
/// restarts the component, or while Redis fails; 500 when a variable is wrong.
pub fn on_tick(request: &Request, stream: Stream, settings: Settings) -> Response {
    match request.method() {
        Method::Get | Method::Head => {}
        _ => {
            let mut refusal = reply(405, &json!({ "status": 405, "code": "method_not_allowed" }));
            refusal.set_header("allow", "GET, HEAD");
            return refusal;
        }
    }
    let ticked = open::<StartError>(settings).and_then(|(settings, mut redis)| {
        let mut queue = Queue::new(&mut redis, &settings);
        let tick = queue.tick(stream)?;
        Ok((tick, queue.eviction_policy().filter(|policy| policy != "noeviction")))
    });
    match ticked {
        Ok((tick, policy)) => {
            if let Some(policy) = policy {
                warn(format_args!(
                    "maxmemory-policy {policy} may drop acknowledged messages: set noeviction"
                ));
            }
            if let Some(refused) = &tick.refused {
                warn(format_args!("failed to free what is past retention: {refused}"));
            }
            if tick.is_deaf() {
                warn(format_args!("{} rings were not answered", tick.unanswered_rings));
                return reply(503, &tick);
            }
            reply(200, &tick)
        }
        Err(error) => {
            warn(format_args!("{error}"));
            let (status, code) = match error {
                StartError::Setting(_) => (500, "misconfigured"),
                StartError::Queue(error) => (503, code(error.cause)),
            };
            reply(status, &json!({ "status": status, "code": code }))
        }
    }
}

/// The stable code of a failure in HTTP answers.
pub fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::Unavailable => "queue_unavailable",
        Cause::Loading => "queue_loading",
        Cause::ReadOnly => "queue_read_only",
        Cause::OutOfMemory => "queue_out_of_memory",
        Cause::OtherFormat => "queue_other_format",
        Cause::Refused | Cause::UnexpectedReply => "queue_refused",
    }
}

fn warn(text: fmt::Arguments<'_>) {
    eprintln!("{}", json!({ "level": "warn", "event": "tick", "message": text.to_string() }));
}

fn reply(status: u16, body: &impl serde::Serialize) -> Response {
    // The value has only texts and numbers, so this cannot fail.
    let body = serde_json::to_vec(body).unwrap_or_default();
    Response::builder().status(status).header("content-type", "application/json").body(body).build()
}
