//! Traps, fails or works, as the path or the message demands. Counts its calls in a static.

#![allow(missing_docs, reason = "generated code")]

use std::sync::atomic::{AtomicU32, Ordering};

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{ErrorCode, IncomingRequest, ResponseOutparam};

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/redis-trigger", generate_all });

use exports::fermyon::spin::inbound_redis::{Error as RedisError, Guest as RedisGuest};

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Both;

wasi::http::proxy::export!(Both);
export!(Both);

impl Guest for Both {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        match path_info(&request).as_str() {
            "trap" => panic!("asked to trap"),
            "error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(None))),
            "silence" => drop(out),
            _ => reply(out, 200, format!("call {calls}").as_bytes()),
        }
    }
}

impl RedisGuest for Both {
    fn handle_message(message: Vec<u8>) -> Result<(), RedisError> {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        match message.as_slice() {
            b"trap" => panic!("asked to trap"),
            b"error" => return Err(RedisError::Error),
            message => push(
                &redis(),
                "handled",
                &format!("{} call {calls}", String::from_utf8_lossy(message)),
            ),
        }
        Ok(())
    }
}
