//! `/control`: a stream is paused and resumed, and everybody sees since when and why.
//!
//! - `GET /control`, `GET /control/{ingress|simple|complex}`
//! - `PUT /control/{ingress|simple|complex}` with `{"paused": true, "reason": "...", "by": "...", "forS": 3600}` or `{"paused": false}`;
//!   asking twice is as good as once, but for the end of a pause, which counts from the last time

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use shared::control::{Control, ControlError, ControlState};
use shared::order::OrderError;
use shared::problem;
use shared::queue::{Pause, Queue, QueueError, Stream};
use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_shell::{NotReady, Partitions, SpinRedis};

use super::{answer_of, body};

/// The longest body, in bytes: two remarks, however they are escaped.
const MOST: u32 = 8 * 1024;

/// What is wrong with the fields of a body.
#[derive(Serialize)]
struct Faults<'a> {
    errors: &'a [OrderError],
}

type Answer = Result<Response, NotReady>;

/// All three streams.
pub(super) fn list() -> Response {
    answer_of(|| {
        let pauses = pauses_of(Stream::ALL)?;
        let streams: BTreeMap<&str, ControlState<'_>> = Stream::ALL
            .iter()
            .zip(&pauses)
            .map(|(stream, pause)| (stream.as_str(), pause.as_ref().into()))
            .collect();
        Ok(spin_shell::json_response(200, &json!({ "streams": streams })).into_response())
    })
}

/// One stream.
pub(super) fn show(name: &str) -> Response {
    let Some(stream) = Stream::from_name(name) else { return unknown() };
    answer_of(|| {
        let [pause] = pauses_of([stream])?;
        Ok(state(pause.as_ref()))
    })
}

/// The first pause of each stream in any partition that answers; an error when none does.
fn pauses_of<const N: usize>(streams: [Stream; N]) -> Result<[Option<Pause>; N], NotReady> {
    let partitions = Partitions::read()?;
    let mut pauses = [const { None }; N];
    let (mut has_answer, mut failed) = (false, None);
    for partition in 0..partitions.count() {
        match partitions.open(partition).and_then(|mut shell| look(shell.queue(), streams)) {
            Ok(found) => {
                has_answer = true;
                for (pause, found) in pauses.iter_mut().zip(found) {
                    *pause = pause.take().or(found);
                }
            }
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if !has_answer => Err(NotReady::Redis(error)),
        _ => Ok(pauses),
    }
}

fn look<const N: usize>(
    mut queue: Queue<'_, SpinRedis>,
    streams: [Stream; N],
) -> Result<Vec<Option<Pause>>, QueueError> {
    streams.into_iter().map(|stream| queue.pause_of(stream)).collect()
}

/// Pauses or resumes one stream.
pub(super) async fn set(name: &str, request: &Request, incoming: IncomingRequest) -> Response {
    let Some(stream) = Stream::from_name(name) else { return unknown() };
    let body = match body::read(request, incoming, MOST).await {
        Ok(body) => body,
        Err(error) => return body::refusal(&error),
    };
    match Control::read(&body) {
        Ok(control) => answer_of(|| carry_out(stream, &control)),
        Err(ControlError::NotJson(place)) => {
            spin_shell::problem(problem::INVALID_JSON, &format!("the body is not JSON: {place}"))
                .into_response()
        }
        Err(ControlError::Fields(errors)) => {
            let fields: Vec<String> =
                errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
            let faults = Faults { errors: &errors };
            spin_shell::problem_with(problem::INVALID_CONTROL, &fields.join("; "), faults)
                .into_response()
        }
    }
}

/// In every partition that answers; 503 when one does not, and asking again is safe.
fn carry_out(stream: Stream, control: &Control) -> Answer {
    let partitions = Partitions::read()?;
    let (mut pause, mut failed) = (None, None);
    for partition in 0..partitions.count() {
        match partitions
            .open(partition)
            .and_then(|mut shell| change(shell.queue(), stream, control))
        {
            Ok(changed) => pause = pause.or(changed),
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        return Err(NotReady::Redis(error));
    }
    let event = if pause.is_some() { "paused" } else { "resumed" };
    println!("{}", json!({ "event": event, "stream": stream.as_str() }));
    Ok(state(pause.as_ref()))
}

fn change(
    mut queue: Queue<'_, SpinRedis>,
    stream: Stream,
    control: &Control,
) -> Result<Option<Pause>, QueueError> {
    match control {
        Control::Pause(request) => queue.pause(stream, request).map(Some),
        Control::Resume => queue.resume(stream).map(|_| None),
    }
}

fn state(pause: Option<&Pause>) -> Response {
    spin_shell::json_response(200, &ControlState::from(pause)).into_response()
}

fn unknown() -> Response {
    let detail = "the streams are ingress, simple and complex";
    spin_shell::problem(problem::STREAM_NOT_FOUND, detail).into_response()
}
