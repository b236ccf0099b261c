//! The partitions of the queue, for `orders-api`: which one an order belongs to, and a connection to each.
//!
//! A worker has none of this: it drains the one queue that its variables name. See `shared::queue::partition_of`.

use shared::queue::{QueueError, QueueName, partition_of};
use shared::settings::{self, QueueSettings};
use uuid::Uuid;

use crate::{NotReady, Shell, variable};

/// Where the partitions are; connections are opened one by one, when they are needed.
pub struct Partitions {
    settings: QueueSettings,
    redis_urls: Vec<String>,
}

impl Partitions {
    /// Reads all variables.
    ///
    /// # Errors
    /// When one is wrong.
    pub fn read() -> Result<Self, NotReady> {
        let settings = QueueSettings::read(&variable)?;
        let redis_urls = settings::redis_urls(&variable, &settings.queue)?;
        Ok(Self { settings, redis_urls })
    }

    /// How many there are: 1 or more.
    pub fn count(&self) -> usize {
        self.redis_urls.len()
    }

    /// The partition that an order belongs to.
    pub fn of(&self, order: Uuid) -> usize {
        partition_of(order, self.count())
    }

    /// Connects to a partition, which is one of `0..count()`.
    ///
    /// # Errors
    /// When its Redis does not answer.
    pub fn open(&self, partition: usize) -> Result<Shell, QueueError> {
        Shell::connect(self.settings.of_partition(partition), &self.redis_urls[partition])
    }

    /// The name of a partition's queue.
    pub fn queue(&self, partition: usize) -> QueueName {
        self.settings.queue.of_partition(partition)
    }
}
