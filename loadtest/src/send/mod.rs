//! Sends orders when they are due, on several connections, and returns how each was answered.
//!
//! A planner generates orders ahead of time and distributes them to the connections in turn. Each
//! connection sends the orders that are due, up to a batch at once. A stalled connection does not
//! delay the others until its queue of orders is full. Each answer has the times when its order was
//! due and when it was sent.
//!
//! - this file: planner and connections
//! - [`by_redis`], [`by_http`]: where orders enter

pub(crate) mod by_http;
pub(crate) mod by_redis;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use queue::EntryId;

use crate::source::Source;
use crate::stop::{self, LOOK_EVERY, sleep_until};

/// Orders generated ahead of time, for all connections together: about 64 MiB.
const AHEAD: usize = 65_536;

/// An order that is to be sent.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) position: u64,
    pub(crate) due_us: u64,
    pub(crate) json: Vec<u8>,
}

/// How an order was answered. Times are in microseconds since the release.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The order's position in the source.
    pub(crate) position: u64,
    pub(crate) due_us: u64,
    pub(crate) sent_us: u64,
    pub(crate) acknowledged_us: u64,
    pub(crate) answer: Answer,
}

impl Answered {
    /// As if it was due, sent and acknowledged at the release.
    pub(crate) fn at_once(position: u64, answer: Answer) -> Self {
        Self { position, due_us: 0, sent_us: 0, acknowledged_us: 0, answer }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Written, with its entry id if that is known.
    Queued(Option<EntryId>),
    /// Refused for its content, with this code; prefixed with `body:` if the whole request was
    /// refused.
    Refused(String),
    /// Not accepted, for a reason that is not known to be the order's.
    Rejected(String),
}

/// Where orders enter.
pub(crate) trait Transport: Send {
    /// Sends these orders at once; returns an answer for each.
    fn send(&mut self, orders: &[Due]) -> Vec<Answer>;
}

/// The running senders. Dropping them stops them.
#[derive(Debug)]
pub(crate) struct Senders {
    release: Arc<OnceLock<Instant>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<()>>>,
    answers: Receiver<Vec<Answered>>,
}

impl Senders {
    /// Starts to generate orders for these times, in microseconds since the release, and waits
    /// until the queues are filled.
    pub(crate) fn prepare(
        source: Arc<Source>,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
        transports: Vec<Box<dyn Transport>>,
        batch: usize,
    ) -> Result<Self> {
        let (release, stop) = <(Arc<OnceLock<Instant>>, Arc<AtomicBool>)>::default();
        let (answers_in, answers) = channel();
        let capacity = (AHEAD / transports.len().max(1)).max(batch);
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for transport in transports {
            let (orders_in, orders) = sync_channel(capacity);
            queues.push(orders_in);
            let sender = Connection { transport, orders, batch, answers: answers_in.clone() };
            let (release, stop) = (Arc::clone(&release), Arc::clone(&stop));
            threads.push(std::thread::Builder::new().name("sender".into()).spawn(move || {
                sender.run(*release.wait(), &stop);
                Ok(())
            })?);
        }
        let (primed, is_primed) = channel();
        let planner = std::thread::Builder::new().name("planner".into()).spawn({
            let stop = Arc::clone(&stop);
            move || plan(&source, due_us, &queues, primed, &stop)
        })?;
        threads.push(planner);
        // Nothing is sent on this channel. `recv` returns when the planner drops its end.
        let _ = is_primed.recv();
        Ok(Self { release, stop, threads, answers })
    }

    /// Times count from now.
    pub(crate) fn release(&self) {
        // The first release counts.
        let _ = self.release.set(Instant::now());
    }

    /// New answers since the last call.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Answered> + '_ {
        self.answers.try_iter().flatten()
    }

    /// Orders that are due from now on are not sent.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn have_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the end of sending, after a second signal for 200 ms. An error if an order could not
    /// be read.
    pub(crate) fn finish(&mut self) -> Result<()> {
        while !self.have_finished() && stop::asked() < 2 {
            std::thread::sleep(LOOK_EVERY);
        }
        sleep_until(Instant::now() + 10 * LOOK_EVERY, || self.have_finished());
        let mut result = Ok(());
        for thread in self.threads.extract_if(.., |thread| thread.is_finished()) {
            let ended = thread.join().unwrap_or_else(|_| Err(anyhow!("a sender panicked")));
            result = result.and(ended);
        }
        result
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.stop();
        self.release();
    }
}

/// Generates the orders and distributes them in turn.
fn plan(
    source: &Source,
    due_us: impl Iterator<Item = u64>,
    queues: &[SyncSender<Due>],
    primed: Sender<()>,
    stop: &AtomicBool,
) -> Result<()> {
    // Dropped as soon as a queue is full, or all orders are generated.
    let mut primed = Some(primed);
    let positions = 0..source.len().unwrap_or(u64::MAX);
    for (position, due_us) in positions.zip(due_us) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let order = Due { position, due_us, json: source.order_to_send(position)? };
        let queue = &queues[(position % queues.len() as u64) as usize];
        match queue.try_send(order) {
            Ok(()) => {}
            Err(TrySendError::Full(order)) => {
                drop(primed.take());
                // Its receiver is gone if the senders were stopped.
                if queue.send(order).is_err() {
                    break;
                }
            }
            Err(TrySendError::Disconnected(_)) => break,
        }
    }
    Ok(())
}

/// Waits until orders are due, and sends them.
struct Connection {
    transport: Box<dyn Transport>,
    orders: Receiver<Due>,
    batch: usize,
    answers: Sender<Vec<Answered>>,
}

impl Connection {
    /// Times count from the release.
    fn run(mut self, release: Instant, stop: &AtomicBool) {
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
        let answers = self.transport.send(batch);
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

#[cfg(test)]
mod tests;
