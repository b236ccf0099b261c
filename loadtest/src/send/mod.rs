//! Sends orders when they are due, on several connections at once, and hands on how each was
//! answered.
//!
//! A planner makes orders ahead of time and deals them to the connections in turn; each connection
//! sends what is due, as many at once as a batch may hold. A connection that the system under test
//! keeps waiting does not hold up the others, until its share of the orders made ahead is full. The
//! clock goes on for all: an order that is sent late was due all the same.
//!
//! - this file: planner and clock
//! - [`by_redis`], [`by_http`]: the two doors

pub mod by_http;
pub mod by_redis;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::ledger::EntryId;
use crate::source::Source;

/// Orders made ahead of time, all connections together: about 64 MiB of them.
const AHEAD: usize = 65_536;
/// How late a sleeping sender may notice that it is to stop.
const NOTICE_STOP: Duration = Duration::from_millis(50);

/// An order on its way to a door.
#[derive(Debug)]
pub struct Due {
    position: u64,
    due_us: u64,
    json: Vec<u8>,
}

/// How an order was answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its position in the source.
    pub position: u64,
    /// When it was due, in microseconds since the release.
    pub due_us: u64,
    /// When the answer came, in microseconds since the release.
    pub acknowledged_us: u64,
    /// The answer.
    pub answer: Answer,
}

/// What a door says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Written, as this entry where it is told.
    Queued(Option<EntryId>),
    /// Refused for its content, with this code; `body:` stands before the code where the whole
    /// request was refused.
    Refused(String),
    /// Not taken for a reason that is none of the order's, or not known to be.
    NotTaken(String),
}

/// Where orders enter.
pub trait Door: Send {
    /// Sends these orders at once; gives an answer for each.
    fn send(&mut self, orders: &[Due]) -> Vec<Answer>;

    /// Makes ready what can be before the first order is due. Called once, with what the planner
    /// has made if `wants_all` is true.
    fn prepare(&mut self, _orders: &[Due]) -> Result<()> {
        Ok(())
    }

    /// Whether all orders are to be handed over before the release, and then sent at once.
    fn wants_all(&self) -> bool {
        false
    }
}

/// The running senders. Dropping them stops them.
#[derive(Debug)]
pub struct Senders {
    gate: Arc<Gate>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<()>>>,
    answers: Receiver<Vec<Answered>>,
}

/// Holds the senders until all is ready, and gives them the moment that time counts from.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    is_primed: bool,
    released: Option<Instant>,
}

impl Senders {
    /// Begins to make orders for these times, in microseconds since the release, and waits until
    /// enough are made to begin with.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn prepare(
        source: Arc<Source>,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
        doors: Vec<Box<dyn Door>>,
        batch: usize,
    ) -> Result<Self> {
        let (gate, stop) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
        let (answers_in, answers) = channel();
        let capacity = (AHEAD / doors.len().max(1)).max(batch);
        let wants_all = doors.iter().any(|door| door.wants_all());
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for door in doors {
            let (orders_in, orders) = sync_channel(capacity);
            lanes.push(orders_in);
            let sender = Connection {
                door,
                orders,
                batch,
                answers: answers_in.clone(),
                gate: Arc::clone(&gate),
                stop: Arc::clone(&stop),
            };
            threads.push(
                std::thread::Builder::new().name("sender".into()).spawn(move || sender.run())?,
            );
        }
        let planner = std::thread::Builder::new().name("planner".into()).spawn({
            let (gate, stop) = (Arc::clone(&gate), Arc::clone(&stop));
            move || {
                let primed = (!wants_all).then(|| Primed(gate));
                plan(&source, due_us, &lanes, primed, &stop)
            }
        })?;
        threads.push(planner);
        gate.wait_until_primed();
        Ok(Self { gate, stop, threads, answers })
    }

    /// The moment that times count from is now.
    pub fn release(&self) {
        self.gate.release();
    }

    /// The answers that have come since the last call.
    pub fn answers(&self) -> impl Iterator<Item = Answered> + '_ {
        self.answers.try_iter().flatten()
    }

    /// Stops sending: what is due from now on is not sent.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether all has been sent, or the senders have stopped.
    pub fn have_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the end of sending, and gives the last answers.
    ///
    /// # Errors
    /// When an order could not be made or a connection could not be prepared.
    pub fn finish(mut self) -> Result<Vec<Answered>> {
        for thread in std::mem::take(&mut self.threads) {
            thread.join().map_err(|_| anyhow!("a sender panicked"))??;
        }
        Ok(self.answers().collect())
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.stop();
        self.gate.release();
    }
}

impl Gate {
    fn lock(&self) -> std::sync::MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_primed(&self) {
        let state = self.lock();
        drop(self.changed.wait_while(state, |state| !state.is_primed));
    }

    fn release(&self) {
        self.lock().released.get_or_insert_with(Instant::now);
        self.changed.notify_all();
    }

    fn wait_for_release(&self) -> Instant {
        let state = self.changed.wait_while(self.lock(), |state| state.released.is_none());
        state.unwrap_or_else(PoisonError::into_inner).released.unwrap_or_else(Instant::now)
    }
}

/// Tells the gate that enough is made, at the latest when dropped.
struct Primed(Arc<Gate>);

impl Drop for Primed {
    fn drop(&mut self) {
        self.0.lock().is_primed = true;
        self.0.changed.notify_all();
    }
}

/// Makes the orders and deals them out in turn.
fn plan(
    source: &Source,
    due_us: impl Iterator<Item = u64>,
    lanes: &[SyncSender<Due>],
    mut primed: Option<Primed>,
    stop: &AtomicBool,
) -> Result<()> {
    let positions = 0..source.len().unwrap_or(u64::MAX);
    for (position, due_us) in positions.zip(due_us) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let order = Due { position, due_us, json: source.order_to_send(position)? };
        let lane = &lanes[(position % lanes.len() as u64) as usize];
        match lane.try_send(order) {
            Ok(()) => {}
            Err(TrySendError::Full(order)) => {
                primed = None;
                // Its receiver is gone when the senders were stopped.
                if lane.send(order).is_err() {
                    break;
                }
            }
            Err(TrySendError::Disconnected(_)) => break,
        }
    }
    drop(primed);
    Ok(())
}

/// One connection with its orders.
struct Connection {
    door: Box<dyn Door>,
    orders: Receiver<Due>,
    batch: usize,
    answers: Sender<Vec<Answered>>,
    gate: Arc<Gate>,
    stop: Arc<AtomicBool>,
}

impl Connection {
    fn run(mut self) -> Result<()> {
        if self.door.wants_all() {
            return self.run_at_once();
        }
        self.door.prepare(&[])?;
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
        Ok(())
    }

    /// All orders are handed over first, and sent in the moment of the release.
    fn run_at_once(mut self) -> Result<()> {
        let primed = Primed(Arc::clone(&self.gate));
        let mut orders: Vec<Due> = self.orders.iter().collect();
        self.door.prepare(&orders)?;
        // The server has them now.
        for order in &mut orders {
            order.json = Vec::new();
        }
        drop(primed);
        let release = self.gate.wait_for_release();
        if !self.stop.load(Ordering::Relaxed) {
            self.send(&orders, release);
        }
        Ok(())
    }

    fn send(&mut self, batch: &[Due], release: Instant) {
        let answers = self.door.send(batch);
        let acknowledged_us = release.elapsed().as_micros() as u64;
        let answered = batch.iter().zip(answers).map(|(order, answer)| Answered {
            position: order.position,
            due_us: order.due_us,
            acknowledged_us,
            answer,
        });
        // Nobody listens any more when the run has failed elsewhere.
        let _ = self.answers.send(answered.collect());
    }

    /// `false` when it is to stop.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Recipe;
    use crate::generate::Generator;

    const RECIPE: Recipe = Recipe { seed: 1, prescriptions: 0.0, mutated: 0.0 };

    /// Takes every order, and keeps the one at `stalls_at` for a while.
    struct StallingDoor {
        stalls_at: u64,
        stall: Duration,
    }

    impl Door for StallingDoor {
        fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
            if orders.iter().any(|order| order.position == self.stalls_at) {
                std::thread::sleep(self.stall);
            }
            vec![Answer::Queued(None); orders.len()]
        }
    }

    fn send_all(due_us: Vec<u64>, doors: Vec<Box<dyn Door>>, batch: usize) -> Vec<Answered> {
        let source = Arc::new(Source::generated(Generator::new(RECIPE, 0)));
        let senders = Senders::prepare(source, Box::new(due_us.into_iter()), doors, batch).unwrap();
        senders.release();
        let mut answers = senders.finish().unwrap();
        answers.sort_by_key(|answered| answered.position);
        answers
    }

    #[test]
    fn every_order_is_sent_once_and_not_before_it_is_due() {
        let due_us: Vec<u64> = (0..500).map(|order| order * 100).collect();
        let doors = (0..3)
            .map(|_| Box::new(StallingDoor { stalls_at: u64::MAX, stall: Duration::ZERO }) as _);
        let answers = send_all(due_us.clone(), doors.collect(), 7);
        assert_eq!(answers.iter().map(|answered| answered.due_us).collect::<Vec<_>>(), due_us);
        assert!(answers.iter().map(|answered| answered.position).eq(0..500));
        assert!(answers.iter().all(|answered| answered.acknowledged_us >= answered.due_us));
    }

    #[test]
    fn a_stall_shows_in_the_latency_of_the_orders_that_were_due_meanwhile() {
        let due_us: Vec<u64> = (0..100).map(|order| order * 1_000).collect();
        let stall = Duration::from_millis(60);
        let answers =
            send_all(due_us, vec![Box::new(StallingDoor { stalls_at: 20, stall })], 1_000);
        let late = |position: usize| answers[position].acknowledged_us - answers[position].due_us;
        // Order 20 + k was due k ms after the stall began and waited for the rest of it.
        assert!(late(20) >= 60_000 && late(40) >= 40_000 && late(60) >= 20_000);
    }

    #[test]
    fn more_orders_than_are_made_ahead_are_all_sent() {
        let count = AHEAD as u64 + 5_000;
        let answers = send_all(
            vec![0; count as usize],
            vec![Box::new(StallingDoor { stalls_at: 5, stall: Duration::from_millis(10) })],
            1_000,
        );
        assert_eq!(answers.len() as u64, count);
    }

    #[test]
    fn a_stop_ends_sending_long_before_the_last_order_is_due() {
        let source = Arc::new(Source::generated(Generator::new(RECIPE, 0)));
        let due_us = (0..).map(|order| order * 3_600_000_000);
        let door = StallingDoor { stalls_at: u64::MAX, stall: Duration::ZERO };
        let senders = Senders::prepare(source, Box::new(due_us), vec![Box::new(door)], 1).unwrap();
        senders.release();
        while senders.answers().next().is_none() {
            std::thread::yield_now();
        }
        senders.stop();
        assert_eq!(senders.finish().unwrap(), []);
    }
}
