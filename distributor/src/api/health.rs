//! `GET /healthz`: whether the variables are right and Redis answers. A Redis that answers may still refuse to be written to.

use serde_json::json;
use shared::queue::{Execute, QueueError};
use spin_sdk::http::Response;
use spin_shell::{NotReady, Partitions};

use super::answer_of;

/// 200 when the variables are right and Redis answers; 500 or 503 otherwise. Of several partitions one that answers is enough, or
/// those whose Redis is away would keep probes from letting the orders of the others in.
pub(super) fn get() -> Response {
    answer_of(ping)
}

fn ping() -> Result<Response, NotReady> {
    let partitions = Partitions::read()?;
    let (mut unavailable, mut last_error) = (Vec::new(), None);
    for partition in 0..partitions.count() {
        let answer = partitions.open(partition).and_then(|mut shell| {
            let pong = shell.redis.execute("PING", &[]);
            pong.map_err(|source| QueueError::Redis { what: "failed to ping redis", source })
        });
        if let Err(error) = answer {
            unavailable.push(partition);
            last_error = Some(error);
        }
    }
    match last_error {
        None => Ok(spin_shell::json_response(200, &json!({ "status": "ok" })).into_response()),
        Some(error) if unavailable.len() == partitions.count() => Err(NotReady::Redis(error)),
        Some(error) => {
            eprintln!("partitions {unavailable:?} are unavailable: {error}");
            let body = json!({ "status": "degraded", "unavailable": unavailable });
            Ok(spin_shell::json_response(200, &body).into_response())
        }
    }
}
