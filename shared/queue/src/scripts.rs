//! The Lua scripts and how they are called.

use crate::Queue;
use crate::error::QueueError;
use crate::execute::{Argument, Execute, Reply};
use crate::keys::Stream;

/// A script.
pub(crate) struct Script {
    /// Its source in pieces.
    pieces: &'static [&'static str],
    /// Redis knows it by this once it has seen it.
    sha1: &'static str,
    /// The keys and settings that it takes first, in this order.
    keys: &'static [&'static str],
    settings: &'static [&'static str],
}

mod assembled {
    use super::Script;
    include!(concat!(env!("OUT_DIR"), "/scripts.rs"));
}
pub(crate) use assembled::*;

impl<E: Execute> Queue<'_, E> {
    /// Runs a script with its keys and settings, and then `arguments`. `what` names the operation in
    /// an error.
    ///
    /// A server that restarted, failed over or flushed its scripts does not know the hash. Then the
    /// source is sent once.
    pub(crate) fn run(
        &mut self,
        script: &Script,
        what: &'static str,
        stream: Option<Stream>,
        arguments: &[Argument<'_>],
    ) -> Result<Reply, QueueError> {
        let (keys, settings) = (&self.keys, self.settings);
        let mut call: Vec<Argument<'_>> = Vec::with_capacity(24 + arguments.len());
        call.extend([Argument::from(script.sha1), Argument::Int(0)]);
        call.extend(
            script.keys.iter().flat_map(|name| keys.named(name, stream)).map(Argument::from),
        );
        call[1] = Argument::Int(call.len() as i64 - 2);
        let setting = |name: &&str| match *name {
            "message" => Argument::from(settings.words.message),
            "id" => settings.words.id.into(),
            "result" => settings.words.result.into(),
            "stream" => stream.map_or(0, |stream| keys.number(stream)).into(),
            "consumer" => settings.consumer.as_str().into(),
            "bell_ms" => settings.bell_ms.into(),
            "claim_idle_ms" => settings.claim_idle_ms.into(),
            "retention_ms" => (i64::from(settings.retention_s) * 1000).into(),
            other => unreachable!("a script takes the setting {other:?}"),
        };
        call.extend(script.settings.iter().map(setting));
        call.extend(arguments);
        let reply = match self.redis.execute("EVALSHA", &call) {
            Err(error) if error.is_unknown_script() => {
                let source = script.pieces.concat();
                call[0] = source.as_str().into();
                self.redis.execute("EVAL", &call)
            }
            reply => reply,
        };
        reply
            .map(|values| Reply::new(what, values))
            .map_err(|error| QueueError::from_redis(what, &error))
    }
}

#[cfg(test)]
mod tests;
