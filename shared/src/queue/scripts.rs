//! The Lua scripts and how they are called.

use super::execute::{Argument, Execute, ExecuteError, QueueError, Reply};

/// A script and its SHA-1, by which Redis knows it once it has seen it.
pub(super) struct Script {
    source: &'static str,
    sha1: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/scripts.rs"));

/// The keys and arguments of one call.
#[derive(Default)]
pub(super) struct Call<'a> {
    /// `[sha1 or source, number of keys, keys and arguments]`; the first two are filled in by [`Script::run`].
    arguments: Vec<Argument<'a>>,
    keys: i64,
}

impl<'a> Call<'a> {
    pub(super) fn new() -> Self {
        Self { arguments: vec![Argument::Int(0), Argument::Int(0)], keys: 0 }
    }

    /// Adds a key; all keys come before the first argument.
    pub(super) fn key(&mut self, key: &'a str) -> &mut Self {
        self.arguments.push(key.into());
        self.keys += 1;
        self
    }

    /// Adds an argument.
    pub(super) fn arg(&mut self, argument: impl Into<Argument<'a>>) -> &mut Self {
        self.arguments.push(argument.into());
        self
    }
}

impl Script {
    /// Runs the script; `what` says in an error what was being done.
    ///
    /// A server that restarted, failed over or flushed its scripts does not know the hash: then the source is sent, once.
    pub(super) fn run<E: Execute>(
        &self,
        redis: &mut E,
        mut call: Call<'_>,
        what: &'static str,
    ) -> Result<Reply, QueueError> {
        call.arguments[0] = self.sha1.into();
        call.arguments[1] = Argument::Int(call.keys);
        let reply = match redis.execute("EVALSHA", &call.arguments) {
            Err(error) if error.is_unknown_script() => {
                call.arguments[0] = self.source.into();
                redis.execute("EVAL", &call.arguments)
            }
            reply => reply,
        };
        reply
            .map(|values| Reply::new(what, values))
            .map_err(|source: ExecuteError| QueueError::Redis { what, source })
    }
}
