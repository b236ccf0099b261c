//! Joins orders and queue: the settings of the queue, and the role of each worker.

use std::fmt::Display;

use queue::settings::number;
use queue::{Message, Name, Outcome, Role, SettingError, Settings, Stream, Words};

use crate::{
    Lane, MAX_COMPLEXITY_THRESHOLD, MAX_ORDER_BYTES, Rejected, Times, fulfil, order::Order, route,
};

/// The settings of the order pipeline, with the defaults of `spin.toml`.
pub fn settings() -> Settings {
    Settings {
        words: Words {
            message: "order",
            id: "order_id",
            result: "confirmation",
            results: "confirmations",
        },
        max_message_bytes: MAX_ORDER_BYTES,
        ..Settings::new(Name::from_static(crate::QUEUE), &Lane::NAMES)
    }
}

/// The streams of the pipeline, in the order in which orders pass them.
pub const STREAMS: [Stream; 3] = [Stream::Ingress, SIMPLE, COMPLEX];
/// The lane of `receiver-simple`.
pub const SIMPLE: Stream = Stream::Lane(Lane::Simple.as_str());
/// The lane of `receiver-complex`.
pub const COMPLEX: Stream = Stream::Lane(Lane::Complex.as_str());

/// The name of the component that drains a stream.
pub fn component(stream: Stream) -> &'static str {
    match stream {
        Stream::Ingress => "distributor",
        SIMPLE => "receiver-simple",
        Stream::Lane(_) => "receiver-complex",
    }
}

/// Scores orders and routes them to their lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distributor {
    /// The score from which on an order is complex.
    pub complexity_threshold: u32,
}

/// Fulfils the orders of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver {
    /// Its lane.
    pub lane: Lane,
}

impl Distributor {
    /// Reads the variable `complexity_threshold`.
    pub fn read<E: Display>(get: impl Fn(&str) -> Result<String, E>) -> Result<Self, SettingError> {
        let range = 1..=MAX_COMPLEXITY_THRESHOLD;
        Ok(Self { complexity_threshold: number(get, "complexity_threshold", range)? })
    }
}

impl Role for Distributor {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }

    fn decide(&self, _: &Message, order: &[u8]) -> Outcome {
        match route(order, self.complexity_threshold) {
            Ok(routing) => Outcome::Route {
                id: routing.id.to_string(),
                lane: routing.lane.as_str(),
                note: routing.note(),
            },
            Err(rejected) => dead_letter(rejected),
        }
    }

    fn identity(&self, order: &[u8]) -> Option<String> {
        identity(order)
    }
}

impl Role for Receiver {
    fn stream(&self) -> Stream {
        Stream::Lane(self.lane.as_str())
    }

    fn decide(&self, message: &Message, order: &[u8]) -> Outcome {
        let times =
            Times { queued_at_ms: message.queued_at_ms(), decided_at_ms: message.decided_at_ms };
        match fulfil(order, self.lane, times) {
            Ok(done) => Outcome::Confirm { id: done.id.to_string(), result: done.confirmation },
            Err(rejected) => dead_letter(rejected),
        }
    }

    fn identity(&self, order: &[u8]) -> Option<String> {
        identity(order)
    }
}

fn identity(order: &[u8]) -> Option<String> {
    Order::identity(order).map(|id| id.to_string())
}

fn dead_letter(rejected: Rejected) -> Outcome {
    Outcome::DeadLetter {
        id: rejected.id.map(|id| id.to_string()),
        code: rejected.code.to_owned(),
        errors: rejected.errors,
    }
}
