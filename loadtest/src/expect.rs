//! What must become of each order, decided natively by the code in `shared` that the components run.

use std::collections::HashMap;

use shared::complexity::Assessment;
use shared::confirmation::confirm;
use shared::order::Order;
use shared::queue::milliseconds;
use uuid::Uuid;

/// What is sent, and what must become of it.
#[derive(Debug)]
pub struct Expectation {
    /// The orders as sent, in their order.
    pub sent: Vec<Vec<u8>>,
    /// What must become of each.
    pub fates: Vec<Fate>,
    /// Valid orders by identity: the positions of all copies in `sent`. One of them is confirmed, the others are duplicates.
    pub copies: HashMap<Uuid, Vec<usize>>,
    complexity_threshold: u32,
}

/// What must become of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Confirmed, or a duplicate of a confirmed copy.
    Confirmed(Uuid),
    /// Dead-lettered with this code.
    DeadLettered(&'static str),
}

impl Expectation {
    /// Judges every order.
    pub fn new(sent: Vec<Vec<u8>>, complexity_threshold: u32) -> Self {
        let mut copies: HashMap<Uuid, Vec<usize>> = HashMap::new();
        let fates = sent
            .iter()
            .enumerate()
            .map(|(position, json)| match Order::parse(json) {
                Ok(order) => {
                    copies.entry(order.id).or_default().push(position);
                    Fate::Confirmed(order.id)
                }
                Err(rejection) => Fate::DeadLettered(rejection.first.code.as_str()),
            })
            .collect();
        Self { sent, fates, copies, complexity_threshold }
    }

    /// The confirmation that the order at `position` must get when it was queued as `entry_id`, `None` when it is not valid.
    pub fn confirmation(&self, position: usize, entry_id: &str) -> Option<Vec<u8>> {
        let order = Order::parse(&self.sent[position]).ok()?;
        let lane = Assessment::of(&order).lane(self.complexity_threshold);
        Some(confirm(&order, lane, milliseconds(entry_id)?).to_json())
    }

    /// How the order at `position` is named in a report: its identity, or its position where it has none.
    pub fn name(&self, position: usize) -> String {
        match Order::identity(&self.sent[position]) {
            Some(id) => id.to_string(),
            None => format!("#{position}"),
        }
    }
}
