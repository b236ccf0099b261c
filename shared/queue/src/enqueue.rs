//! Putting messages into the queue, and ringing for them.

use crate::Queue;
use crate::error::QueueError;
use crate::execute::{Argument, Execute};
use crate::keys::Stream;
use crate::scripts::ENQUEUE;
use crate::trace::TraceParent;

/// The result of an enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// All are in the ingress stream.
    Written {
        /// Messages that wait or are in flight now, in all streams.
        backlog: u64,
    },
    /// None was written, because they would exceed `max_backlog`.
    Full {
        /// Messages that wait or are in flight, in all streams.
        backlog: u64,
    },
}

impl<E: Execute> Queue<'_, E> {
    /// Writes all messages, each with its id, to the ingress stream, or none, and rings its bell
    /// once. At most `max_backlog` messages may wait afterwards; 0 for no limit. Each message gets
    /// `trace`.
    ///
    /// # Errors
    /// When Redis fails. Unless it refused, it is unknown whether they were written; sending them
    /// again is safe.
    pub fn enqueue(
        &mut self,
        messages: &[(impl AsRef<str>, &[u8])],
        max_backlog: u32,
        trace: Option<&TraceParent>,
    ) -> Result<Enqueued, QueueError> {
        let mut arguments: Vec<Argument<'_>> = Vec::with_capacity(2 + 2 * messages.len());
        arguments.push(max_backlog.into());
        arguments.push(trace.map_or("", TraceParent::as_str).into());
        for (id, message) in messages {
            arguments.extend([Argument::from(id.as_ref()), Argument::from(*message)]);
        }
        let mut reply =
            self.run(&ENQUEUE, "failed to enqueue", Some(Stream::Ingress), &arguments)?;
        let is_written = reply.int()? == 1;
        let backlog = reply.count()?;
        Ok(if is_written { Enqueued::Written { backlog } } else { Enqueued::Full { backlog } })
    }

    /// Rings a stream's bell, whatever is in the stream.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn ring(&mut self, stream: Stream) -> Result<(), QueueError> {
        let arguments = [self.keys.channel(stream).into(), "".into()];
        Self::command(self.redis, "failed to ring", "PUBLISH", &arguments).map(drop)
    }
}
