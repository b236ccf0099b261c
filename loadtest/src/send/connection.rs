//! One connection: waits until orders are due, and sends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use super::{Answered, Door, Due};
use crate::stop::sleep_until;

pub(super) struct Connection {
    pub(super) door: Box<dyn Door>,
    pub(super) orders: Receiver<Due>,
    pub(super) batch: usize,
    pub(super) answers: Sender<Vec<Answered>>,
}

impl Connection {
    /// Times count from the release.
    pub(super) fn run(mut self, release: Instant, stop: &AtomicBool) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.orders.recv().ok()) {
            let due = release + Duration::from_micros(first.due_us);
            if !sleep_until(due, || stop.load(Ordering::Relaxed)) {
                break;
            }
            let now_us = release.elapsed().as_micros() as u64;
            let mut batch = vec![first];
            while batch.len() < self.batch && next.is_none() {
                match self.orders.try_recv() {
                    Ok(order) if order.due_us <= now_us => batch.push(order),
                    Ok(order) => next = Some(order),
                    Err(_) => break,
                }
            }
            self.send(&batch, release);
        }
    }

    fn send(&mut self, batch: &[Due], release: Instant) {
        let sent_us = release.elapsed().as_micros() as u64;
        let answers = self.door.send(batch);
        let acknowledged_us = release.elapsed().as_micros() as u64;
        let answered = batch.iter().zip(answers).map(|(order, answer)| Answered {
            position: order.position,
            due_us: order.due_us,
            sent_us,
            acknowledged_us,
            answer,
        });
        // If the receiver is gone, the run has already failed.
        let _ = self.answers.send(answered.collect());
    }
}
