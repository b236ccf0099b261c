//! What distributor and receivers decide for one entry.

use crate::complexity::Assessment;
use crate::confirmation::confirm;
use crate::order::{Order, Rejection};
use crate::queue::{DeadLetterReason, Entry, Lane, Outcome, Role, Stream};

/// Judges orders and routes them to a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distributor {
    /// The score from which an order is complex.
    pub complexity_threshold: u32,
}

/// Fulfils the orders of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver {
    /// Its lane.
    pub lane: Lane,
}

impl Role for Distributor {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }

    fn decide(&self, _: &Entry, order: &[u8]) -> Outcome {
        let parsed = match Order::parse(order) {
            Ok(parsed) => parsed,
            Err(rejection) => return reject(order, rejection),
        };
        let assessment = Assessment::of(&parsed);
        Outcome::Route {
            lane: assessment.lane(self.complexity_threshold),
            order: parsed.id,
            score: assessment.score(),
            reasons: assessment.reasons_text(),
        }
    }
}

impl Role for Receiver {
    fn stream(&self) -> Stream {
        self.lane.into()
    }

    fn decide(&self, entry: &Entry, order: &[u8]) -> Outcome {
        match Order::parse(order) {
            Ok(parsed) => {
                let confirmation = confirm(&parsed, self.lane, entry.queued_at_ms()).to_json();
                Outcome::Confirm { order: parsed.id, confirmation }
            }
            // Only an entry that somebody put straight into a lane gets here unchecked.
            Err(rejection) => reject(order, rejection),
        }
    }
}

fn reject(order: &[u8], rejection: Rejection) -> Outcome {
    Outcome::DeadLetter {
        order: Order::identity(order),
        reason: DeadLetterReason::Rejected(rejection),
    }
}
