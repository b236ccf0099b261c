//! `GET /healthz`: whether the variables are right and Redis answers. A Redis that answers may still refuse to be written to.

use serde_json::json;
use shared::queue::{Execute, QueueError};
use spin_sdk::http::Response;
use spin_shell::{NotReady, Shell};

/// 200 when the variables are right and Redis answers; 500 or 503 otherwise.
pub(super) fn get() -> Response {
    let ping = Shell::open().and_then(|mut shell| {
        shell
            .redis
            .execute("PING", &[])
            .map_err(|source| NotReady::Redis(QueueError::Redis { what: "failed to ping redis", source }))
    });
    match ping {
        Ok(_) => spin_shell::json_response(200, &json!({ "status": "ok" })).into_response(),
        Err(error) => spin_shell::not_ready(&error),
    }
}
