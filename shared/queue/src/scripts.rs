//! The Lua scripts and how they are called.

use crate::Queue;
use crate::error::QueueError;
use crate::execute::{Argument, Execute, Reply};
use crate::keys::Stream;

/// A script and its SHA-1, by which Redis knows it once it has seen it.
pub(crate) struct Script {
    source: &'static str,
    sha1: &'static str,
}

mod assembled {
    use super::Script;
    include!(concat!(env!("OUT_DIR"), "/scripts.rs"));
}
pub(crate) use assembled::*;

impl<E: Execute> Queue<'_, E> {
    /// Runs a script with all keys, the settings in the order of `lua/common/head.lua`, and then
    /// `arguments`. `what` names the operation in an error.
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
        let (keys, settings) = (self.keys.all(), self.settings);
        let words = settings.words;
        let mut call: Vec<Argument<'_>> = Vec::with_capacity(10 + keys.len() + arguments.len());
        call.extend([Argument::from(script.sha1), Argument::Int(keys.len() as i64)]);
        call.extend(keys.iter().map(Argument::from));
        call.extend([words.message, words.id, words.result].map(Argument::from));
        call.push(stream.map_or(0, |stream| self.keys.number(stream)).into());
        call.push(settings.consumer.as_str().into());
        call.extend([settings.bell_ms, settings.claim_idle_ms].map(Argument::from));
        call.push((i64::from(settings.retention_s) * 1000).into());
        call.extend(arguments);
        let reply = match self.redis.execute("EVALSHA", &call) {
            Err(error) if error.is_unknown_script() => {
                call[0] = script.source.into();
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
mod tests {
    use super::*;

    #[test]
    fn receivers_in_other_languages_know_the_same_scripts() {
        let built = [("claim", CLAIM), ("commit", COMMIT), ("tick", TICK)]
            .map(|(name, script)| format!("{}  {name}.lua\n", script.sha1))
            .concat();
        let known = include_str!("lua/receiver.sha1");
        assert_eq!(known, built, "write this into src/lua/receiver.sha1:\n{built}");
    }
}
