//! One connection: waits until orders are due, and sends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Answered, Door, Due};

/// How late a sleeping connection may notice that it is to stop.
const NOTICE_STOP: Duration = Duration::from_millis(50);

/// Holds the connections until times start to count.
#[derive(Debug, Default)]
pub(super) struct Gate {
    released: Mutex<Option<Instant>>,
    changed: Condvar,
}

pub(super) struct Connection {
    pub(super) door: Box<dyn Door>,
    pub(super) orders: Receiver<Due>,
    pub(super) batch: usize,
    pub(super) answers: Sender<Vec<Answered>>,
    pub(super) gate: Arc<Gate>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Connection {
    pub(super) fn run(mut self) {
        let release = self.gate.wait_for_release();
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.orders.recv().ok()) {
            if !self.sleep_until(release + Duration::from_micros(first.due_us)) {
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
        // Without a receiver the run has failed elsewhere.
        let _ = self.answers.send(answered.collect());
    }

    /// `false` if it is to stop.
    fn sleep_until(&self, moment: Instant) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(NOTICE_STOP));
        }
    }
}

impl Gate {
    pub(super) fn release(&self) {
        self.lock().get_or_insert_with(Instant::now);
        self.changed.notify_all();
    }

    fn wait_for_release(&self) -> Instant {
        let released = self.changed.wait_while(self.lock(), |released| released.is_none());
        released.unwrap_or_else(PoisonError::into_inner).unwrap_or_else(Instant::now)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
