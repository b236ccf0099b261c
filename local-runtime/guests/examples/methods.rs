//! Calls each method of a Redis connection except `execute`, and replies with the results.

use guests::*;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Http;

wasi::http::proxy::export!(Http);

impl Guest for Http {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let redis = redis();
        let mut lines = Vec::new();
        let mut note = |name: &str, outcome: Result<String, Error>| {
            lines.push(format!("{name} {}", outcome.unwrap_or_else(|failure| error(&failure))));
        };
        let text = |bytes: Option<Vec<u8>>| {
            bytes.map_or("none".to_owned(), |b| String::from_utf8_lossy(&b).into())
        };
        let sorted = |mut members: Vec<String>| {
            members.sort();
            members.join(",")
        };
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        note("get-missing", redis.get("key").map(text));
        note("set", redis.set("key", b"a\0b").map(|()| "ok".into()));
        note("get", redis.get("key").map(text));
        note("incr", redis.incr("counter").map(|n| n.to_string()));
        note("incr-again", redis.incr("counter").map(|n| n.to_string()));
        note("incr-text", redis.incr("key").map(|n| n.to_string()));
        note("sadd", redis.sadd("set", &words(&["a", "b", "a"])).map(|n| n.to_string()));
        note("smembers", redis.smembers("set").map(sorted));
        note("srem", redis.srem("set", &words(&["a", "z"])).map(|n| n.to_string()));
        note("get-set", redis.get("set").map(text));
        note("del", redis.del(&words(&["key", "counter", "missing"])).map(|n| n.to_string()));
        note("publish", redis.publish("nobody", b"x").map(|()| "ok".into()));
        reply(out, 200, lines.join("\n").as_bytes());
    }
}
