//! The queue: Redis streams that hold orders, and how orders move through them.
//!
//! - [`keys`]: every key, channel and group name
//! - [`enqueue`](Queue::enqueue), [`Drain`], [`tick`](Queue::tick), [`find`](Queue::find), [`stats`](Queue::stats): what can be done
//! - [`measures`](Queue::measures): what can be measured
//! - [`dead_letters`](Queue::dead_letters), [`redrive`](Queue::redrive), [`discard`](Queue::discard): what was set aside
//! - [`pause`](Queue::pause), [`resume`](Queue::resume): whether a stream is drained
//! - [`partition_of`], [`Spread`]: one queue over several servers
//! - [`recent`](Queue::recent), [`AllOrders`]: all orders, newest first; [`begin`](Queue::begin): requests that are repeated
//! - `lua/`: the scripts that do it; whatever must not come apart happens inside one of them
//!
//! All commands go out through [`Execute`], which gives back what Spin's outbound Redis gives: one flat list.
//!
//! The guarantee: an order in a stream is confirmed once or dead-lettered with a reason, whoever dies when. The means: an entry
//! stays pending until the script that applies its outcome acks it.

mod all_orders;
mod batch;
mod dead_letters;
mod drain;
mod entry_id;
mod execute;
pub mod keys;
mod look;
mod observe;
mod order_cursor;
mod partition;
mod pause;
mod read;
mod recent;
mod repeat;
mod scripts;
mod spread;
mod trouble;

pub use all_orders::AllOrders;
pub use dead_letters::{DeadLetter, LetterFilter, LetterId, LetterPage, PastDeath, Redrive};
pub use drain::{
    Batch, Commit, DeadLetterReason, Drain, Entry, Host, Outcome, Payload, Role, Step, Tally,
    drain, milliseconds,
};
pub use execute::{Argument, Execute, ExecuteError, QueueError, Value};
pub use keys::{ConsumerName, Keys, Lane, QueueName, Stream};
pub use look::{Enqueued, OrderState, OrderStory, Stats, StreamStats, Tick};
pub use observe::{BATCH_BOUNDS, Measures, WAIT_BOUNDS_MS};
pub use order_cursor::OrderCursor;
pub use partition::{MOST_PARTITIONS, PartitionLetter, partition_of};
pub use pause::{MAX_PAUSE_S, Pause, PauseRequest, Remark};
pub use recent::{ListedOrder, ListedState, OrderFilter, OrderPage};
pub use repeat::{Fingerprint, Repeat, RepeatKey};
pub use spread::{AllLetters, AllStats, PartitionStats, Spread, Unavailable, Unwritten};
pub use trouble::Trouble;

use crate::settings::QueueSettings;

/// A queue, seen through one connection.
#[derive(Debug)]
pub struct Queue<'a, E> {
    redis: &'a mut E,
    keys: Keys,
    settings: &'a QueueSettings,
}

impl<'a, E: Execute> Queue<'a, E> {
    /// The queue that `settings` name, through the connection `redis`.
    pub fn new(redis: &'a mut E, settings: &'a QueueSettings) -> Self {
        Self { redis, keys: Keys::new(settings.queue.clone()), settings }
    }

    /// The names of the queue's keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}
