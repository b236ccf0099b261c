//! One component: its stream, its replicas, and whether they have heard that there is work.
//!
//! What a replica does is what the components do (docs/architecture.md): it drains when it hears its bell, every listening replica
//! hears every bell, and a drain goes on, bells included, until the stream is empty. A bell that nobody hears silences later ones for
//! [`BELL_MS`]; a replica that starts beside work hears of it from the next order, from another replica's drain, or from its tick.

use std::collections::VecDeque;

/// The variable `bell_ms` of spin.toml, at its default.
pub const BELL_MS: u64 = 1_000;

/// When replicas hear and look, in ms.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From the wish for a replica until it hears bells.
    pub start_ms: u64,
    /// From then to its first tick.
    pub ready_ms: u64,
    /// Between two of its ticks.
    pub tick_ms: u64,
    /// The model's step.
    pub step_ms: u64,
}

/// A component.
#[derive(Debug, Clone)]
pub struct Stage {
    pace: Pace,
    orders_per_s: f64,
    /// Orders in the stream, by number, oldest first.
    queue: VecDeque<u32>,
    /// When each replica begins to listen, in order.
    listens_ms: Vec<u64>,
    is_draining: bool,
    silent_until_ms: u64,
    /// Capacity that was too little for a whole order so far.
    credit: f64,
}

impl Stage {
    /// With so many replicas, which listen from the start.
    pub fn new(pace: Pace, orders_per_s: f64, replicas: u32) -> Self {
        Self {
            pace,
            orders_per_s,
            queue: VecDeque::new(),
            listens_ms: vec![0; replicas as usize],
            is_draining: false,
            silent_until_ms: 0,
            credit: 0.0,
        }
    }

    /// Orders in the stream: waiting, or being worked on.
    pub fn backlog(&self) -> u64 {
        self.queue.len() as u64
    }

    /// Replicas that are there and paid, listening or not.
    pub fn replicas(&self) -> u32 {
        self.listens_ms.len() as u32
    }

    /// Replicas that hear bells.
    pub fn listening(&self, now_ms: u64) -> u32 {
        self.listens_ms.partition_point(|listens_ms| *listens_ms <= now_ms) as u32
    }

    /// Whether anybody works.
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Makes it so many replicas. Those that came last go first.
    pub fn scale(&mut self, now_ms: u64, replicas: u32) {
        self.listens_ms.resize(replicas as usize, now_ms + self.pace.start_ms);
    }

    /// Takes an order in, and rings.
    pub fn enqueue(&mut self, now_ms: u64, order: u32) {
        self.queue.push_back(order);
        if self.is_draining || now_ms < self.silent_until_ms {
            return;
        }
        if self.listening(now_ms) > 0 {
            self.is_draining = true;
        } else {
            self.silent_until_ms = now_ms + BELL_MS;
        }
    }

    /// Finds out who works in the step that begins now.
    pub fn look(&mut self, now_ms: u64) {
        if self.queue.is_empty() || self.listening(now_ms) == 0 {
            self.is_draining = false;
        } else if !self.is_draining {
            self.is_draining =
                self.listens_ms.iter().any(|listens_ms| self.ticks(*listens_ms, now_ms));
        }
    }

    /// Whether a replica's tick falls between the step before and now.
    fn ticks(&self, listens_ms: u64, now_ms: u64) -> bool {
        let Some(since_ms) = now_ms.checked_sub(listens_ms + self.pace.ready_ms) else {
            return false;
        };
        since_ms % self.pace.tick_ms < self.pace.step_ms
    }

    /// Orders that could be served in a step, fractions included.
    pub fn capacity(&self, now_ms: u64) -> f64 {
        if !self.is_draining {
            return 0.0;
        }
        f64::from(self.listening(now_ms)) * self.orders_per_s * self.pace.step_ms as f64 / 1e3
    }

    /// Orders that will be served with such a capacity, fractions included.
    pub fn demand(&self, capacity: f64) -> f64 {
        capacity.min(self.queue.len() as f64)
    }

    /// Serves with a capacity, oldest first, and hands each order over. A stream that was emptied keeps no capacity for later.
    pub fn serve(&mut self, capacity: f64, mut hand_over: impl FnMut(u32)) {
        self.credit += capacity;
        // A sum of fractions may be a little less than the whole number that it stands for.
        let whole = (self.credit + 1e-9).floor().max(0.0) as usize;
        let served = whole.min(self.queue.len());
        self.queue.drain(..served).for_each(&mut hand_over);
        self.credit = if self.queue.is_empty() { 0.0 } else { self.credit - served as f64 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { start_ms: 2_000, ready_ms: 1_000, tick_ms: 10_000, step_ms: 10 };

    /// When a replica that is wished for at 0 begins to work on an order that came at `came_ms`.
    fn works_at(came_ms: &[u64]) -> u64 {
        let mut stage = Stage::new(PACE, 100.0, 0);
        stage.scale(0, 1);
        for now_ms in (0..60_000).step_by(10) {
            (0u32..)
                .zip(came_ms)
                .filter(|(_, at)| **at == now_ms)
                .for_each(|(order, _)| stage.enqueue(now_ms, order));
            stage.look(now_ms);
            if stage.is_draining() {
                return now_ms;
            }
        }
        panic!("it never works")
    }

    #[test]
    fn a_replica_that_starts_beside_work_finds_it_by_its_first_tick() {
        // It listens at 2 s and ticks at 3 s.
        assert_eq!(works_at(&[0]), 3_000);
    }

    #[test]
    fn an_order_wakes_a_replica_that_listens() {
        assert_eq!(works_at(&[0, 2_500]), 2_500);
        assert_eq!(works_at(&[2_000]), 2_000);
    }

    #[test]
    fn a_bell_that_nobody_heard_silences_the_next_for_a_second() {
        // At 1.5 s nobody listens; at 2.4 s the bell still counts as rung; the tick at 3 s finds both.
        assert_eq!(works_at(&[1_500, 2_400]), 3_000);
        assert_eq!(works_at(&[1_500, 2_500]), 2_500);
    }

    #[test]
    fn later_ticks_follow_at_their_period() {
        let mut stage = Stage::new(PACE, 100.0, 1);
        stage.silent_until_ms = u64::MAX;
        stage.enqueue(1_010, 0);
        let works = (1_010..60_000).step_by(10).find(|now_ms| {
            stage.look(*now_ms);
            stage.is_draining()
        });
        assert_eq!(works, Some(11_000));
    }

    #[test]
    fn replicas_that_came_last_go_first() {
        let mut stage = Stage::new(PACE, 100.0, 1);
        stage.scale(5_000, 4);
        assert_eq!((stage.replicas(), stage.listening(6_999), stage.listening(7_000)), (4, 1, 4));
        stage.scale(6_000, 1);
        assert_eq!((stage.replicas(), stage.listening(6_000)), (1, 1));
    }

    #[test]
    fn half_an_order_of_capacity_serves_one_every_other_step() {
        let mut stage = Stage::new(PACE, 50.0, 1);
        (0..4).for_each(|order| stage.enqueue(0, order));
        stage.look(0);
        let mut served = Vec::new();
        for step in 0..4 {
            let capacity = stage.capacity(step * 10);
            stage.serve(capacity, |order| served.push((step, order)));
        }
        assert_eq!(served, [(1, 0), (3, 1)]);
        assert_eq!(stage.backlog(), 2);
    }
}
