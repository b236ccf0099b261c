//! Connections that fail or act at a moment, and one that listens.

use std::time::Duration;

use native::RedisConnection;
use queue::{Argument, Execute, ExecuteError, Value};

use super::TestQueue;

/// Whether a drain sends a commit. It also sends claims: those have five settings and four arguments
/// behind the keys.
pub(crate) fn is_commit(arguments: &[Argument<'_>]) -> bool {
    match arguments.get(1) {
        Some(Argument::Int(keys)) => arguments.len() as i64 > 2 + keys + 5 + 4,
        _ => false,
    }
}

/// A connection on which something happens just before the first commit.
pub(crate) struct BeforeCommit<'a> {
    pub(crate) inner: &'a mut RedisConnection,
    pub(crate) act: Option<&'a mut dyn FnMut()>,
}

impl Execute for BeforeCommit<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        if is_commit(arguments)
            && let Some(act) = self.act.take()
        {
            act();
        }
        self.inner.execute(command, arguments)
    }
}

/// A connection that dies at its n-th command, before or after Redis carried it out, and stays
/// dead.
pub(crate) struct Mortal<'a> {
    pub(crate) inner: &'a mut RedisConnection,
    pub(crate) left: u32,
    pub(crate) is_carried_out: bool,
}

impl Execute for Mortal<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        if self.left > 1 {
            self.left -= 1;
            return self.inner.execute(command, arguments);
        }
        if self.left == 1 && self.is_carried_out {
            self.inner.execute(command, arguments).ok();
        }
        self.left = 0;
        Err(ExecuteError("the connection is dead".into()))
    }
}

/// Listens to all bells of a server.
pub(crate) struct Ears(redis::Connection);

impl Ears {
    pub(crate) fn new(queue: &TestQueue) -> Self {
        let client = redis::Client::open(queue.server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut pubsub = connection.as_pubsub();
        pubsub.psubscribe("*").unwrap();
        std::mem::forget(pubsub);
        Self(connection)
    }

    /// The streams that were rung since the last call. A message of our own marks the end.
    pub(crate) fn rings(&mut self, queue: &mut TestQueue) -> Vec<String> {
        let _: u64 = queue.ask(&["PUBLISH", "end", ""]);
        let mut rings = Vec::new();
        loop {
            let reply = self.0.recv_response().unwrap();
            let message = redis::Msg::from_value(&reply).expect("only messages arrive");
            match message.get_channel_name() {
                "end" => return rings,
                channel => rings.push(channel.strip_prefix("parcels.").unwrap().to_owned()),
            }
        }
    }
}
