//! Records its begin and end in the Redis list `events`: `<name> begin <message>`, `<name> end
//! <message>`. For a message `wait:<ms>...` it waits in between.

#![allow(missing_docs, reason = "generated code")]

use guests::*;

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/redis-trigger", generate_all });

use exports::fermyon::spin::inbound_redis::{Error as RedisError, Guest};

struct Redis;

export!(Redis);

impl Guest for Redis {
    fn handle_message(message: Vec<u8>) -> Result<(), RedisError> {
        let message = String::from_utf8_lossy(&message);
        let (connection, name) = (redis(), variable("name"));
        push(&connection, "events", &format!("{name} begin {message}"));
        if let Some(ms) = message.strip_prefix("wait:") {
            let digits: String = ms.chars().take_while(char::is_ascii_digit).collect();
            wait_ms(digits.parse().expect("a number of milliseconds"));
        }
        push(&connection, "events", &format!("{name} end {message}"));
        Ok(())
    }
}
