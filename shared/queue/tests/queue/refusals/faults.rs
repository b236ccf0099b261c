//! What Redis can refuse, and how it is made to.

use std::collections::BTreeSet;
use std::path::Path;

use queue::Keys;

use crate::support::{STREAMS, TestQueue};

/// What Redis refuses.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The key is of another type.
    Type(String, &'static str),
    /// The user may not run a command.
    Command(String),
    /// The user may only read a key.
    ReadOnly(String),
    /// The user may not touch a key.
    NoAccess(String),
}

const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

impl Fault {
    pub(super) fn begin(&self, redis: &mut redis::Connection, keys: &Keys) {
        let run = |redis: &mut redis::Connection, words: &[&str]| {
            redis::cmd(words[0]).arg(&words[1..]).query::<redis::Value>(redis)
        };
        match self {
            Self::Type(key, of) => {
                // An error only says that there is no such key.
                run(redis, &["RENAME", key, "away"]).ok();
                let make: &[&str] = match *of {
                    "string" => &["SET", key, "x"],
                    "list" => &["RPUSH", key, "x"],
                    "set" => &["SADD", key, "x"],
                    "zset" => &["ZADD", key, "1", "x"],
                    "hash" => &["HSET", key, "x", "x"],
                    _ => &["XADD", key, "*", "x", "x"],
                };
                run(redis, make).unwrap();
            }
            Self::Command(name) => {
                run(redis, &["ACL", "SETUSER", "worker", &format!("-{name}")]).unwrap();
            }
            Self::ReadOnly(of) | Self::NoAccess(of) => {
                let mut rights = vec!["ACL".to_owned(), "SETUSER".into(), "worker".into()];
                rights.push("resetkeys".into());
                rights.extend(all_keys(keys).filter(|key| key != of).map(|key| format!("~{key}")));
                if matches!(self, Self::ReadOnly(_)) {
                    rights.push(format!("%R~{of}"));
                }
                run(redis, &rights.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            }
        }
    }

    pub(super) fn end(&self, redis: &mut redis::Connection) {
        let mut run = |words: &[&str]| -> redis::RedisResult<redis::Value> {
            redis::cmd(words[0]).arg(&words[1..]).query(redis)
        };
        match self {
            Self::Type(key, of) => {
                // What the operation put in its place stays.
                if run(&["TYPE", key]).unwrap() == redis::Value::SimpleString((*of).into()) {
                    run(&["DEL", key]).unwrap();
                }
                run(&["RENAMENX", "away", key]).ok();
                run(&["DEL", "away"]).unwrap();
            }
            Self::Command(name) => {
                run(&["ACL", "SETUSER", "worker", &format!("+{name}")]).unwrap();
            }
            Self::ReadOnly(_) | Self::NoAccess(_) => {
                run(&["ACL", "SETUSER", "worker", "~*"]).unwrap();
            }
        }
    }
}

pub(super) fn all_keys(keys: &Keys) -> impl Iterator<Item = String> {
    let of_queue = [
        keys.format(),
        keys.index(),
        keys.previous_index(),
        keys.results(),
        keys.dead_letters(),
        keys.totals(),
        keys.metrics(),
    ];
    let of_streams = STREAMS.into_iter().flat_map(|stream| {
        [keys.stream(stream), keys.bell(stream), keys.pause(stream), keys.unanswered(stream)]
    });
    of_queue.into_iter().chain(of_streams).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// The types that a key may not have.
pub(super) fn wrong_types(key: &str) -> impl Iterator<Item = &'static str> + use<> {
    let right = match key.strip_prefix("{parcels}:").unwrap() {
        "format" | "index" | "index:previous" | "totals" | "metrics" => "hash",
        name if name.contains(':') => "string",
        _ => "stream",
    };
    TYPES.into_iter().filter(move |of| *of != right)
}

/// The commands that scripts and library name, as far as this server has them.
pub(super) fn commands(queue: &mut TestQueue) -> BTreeSet<String> {
    let known: Vec<String> = queue.ask(&["COMMAND", "LIST"]);
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let words = text.split(['\'', '"']).map(str::to_owned);
            let is_name = |word: &String| word.bytes().all(|byte| byte.is_ascii_uppercase());
            found.extend(words.filter(is_name).map(|word| word.to_lowercase()));
        }
    }
    found.retain(|word| known.contains(word));
    found
}
