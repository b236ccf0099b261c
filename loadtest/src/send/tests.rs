use std::time::Duration;

use super::*;
use crate::generate::Generator;
use crate::options::Recipe;

const RECIPE: Recipe = Recipe { seed: 1, prescriptions: 0.0, mutated: 0.0 };

/// Takes every order, and keeps the one at `stalls_at` for a while.
struct StallingTransport {
    stalls_at: u64,
    stall: Duration,
}

impl Transport for StallingTransport {
    fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
        if orders.iter().any(|order| order.position == self.stalls_at) {
            std::thread::sleep(self.stall);
        }
        vec![Answer::Queued(None); orders.len()]
    }
}

fn send_all(due_us: Vec<u64>, transports: Vec<Box<dyn Transport>>, batch: usize) -> Vec<Answered> {
    let source = Arc::new(Source::generated(Generator::new(RECIPE, 0)));
    let mut senders =
        Senders::prepare(source, Box::new(due_us.into_iter()), transports, batch).unwrap();
    senders.release();
    senders.finish().unwrap();
    let mut answers: Vec<Answered> = senders.answers().collect();
    answers.sort_by_key(|answered| answered.position);
    answers
}

#[test]
fn every_order_is_sent_once_and_not_before_it_is_due() {
    let due_us: Vec<u64> = (0..500).map(|order| order * 100).collect();
    let transports = (0..3)
        .map(|_| Box::new(StallingTransport { stalls_at: u64::MAX, stall: Duration::ZERO }) as _);
    let answers = send_all(due_us.clone(), transports.collect(), 7);
    assert_eq!(answers.iter().map(|answered| answered.due_us).collect::<Vec<_>>(), due_us);
    assert!(answers.iter().map(|answered| answered.position).eq(0..500));
    assert!(answers.iter().all(|answered| answered.acknowledged_us >= answered.due_us));
}

#[test]
fn a_stall_shows_in_the_latency_of_the_orders_that_were_due_meanwhile() {
    let due_us: Vec<u64> = (0..100).map(|order| order * 1_000).collect();
    let stall = Duration::from_millis(60);
    let answers =
        send_all(due_us, vec![Box::new(StallingTransport { stalls_at: 20, stall })], 1_000);
    let late = |position: usize| answers[position].acknowledged_us - answers[position].due_us;
    // Order 20 + k was due k ms after the stall began and waited for the rest of it.
    assert!(late(20) >= 60_000 && late(40) >= 40_000 && late(60) >= 20_000);
    // It was sent in time itself, the others after the stall.
    let sent_late = |position: usize| answers[position].sent_us - answers[position].due_us;
    assert!(sent_late(20) < 40_000 && sent_late(40) >= 40_000);
}

#[test]
fn a_connection_that_stalls_does_not_delay_the_others() {
    let due_us: Vec<u64> = (0..100).map(|order| order * 1_000).collect();
    let stall = Duration::from_millis(600);
    let transports =
        [20, u64::MAX].map(|stalls_at| Box::new(StallingTransport { stalls_at, stall }) as _);
    let answers = send_all(due_us, transports.into(), 1);
    // The connections take turns: the odd positions belong to the second.
    let sent_late = |answered: &Answered| answered.sent_us - answered.due_us;
    assert!(sent_late(&answers[22]) > 500_000);
    assert!(answers.iter().skip(1).step_by(2).all(|odd| sent_late(odd) < 300_000));
}

#[test]
fn more_orders_than_are_made_ahead_are_all_sent() {
    let count = AHEAD as u64 + 5_000;
    let answers = send_all(
        vec![0; count as usize],
        vec![Box::new(StallingTransport { stalls_at: 5, stall: Duration::from_millis(10) })],
        1_000,
    );
    assert_eq!(answers.len() as u64, count);
}

#[test]
fn answers_are_kept_when_an_order_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    std::fs::write(&path, "{}\n{}\n{\"orderId\":3}\n").unwrap();
    let source = Arc::new(Source::file(&path).unwrap());
    std::fs::write(&path, "{}\n{}\n").unwrap();
    let transport = Box::new(StallingTransport { stalls_at: u64::MAX, stall: Duration::ZERO });
    let due_us = Box::new([0, 0, 0].into_iter());
    let mut senders = Senders::prepare(source, due_us, vec![transport], 1).unwrap();
    senders.release();
    let result = senders.finish();
    assert_eq!(senders.answers().count(), 2);
    assert!(result.unwrap_err().to_string().contains("again"));
}

#[test]
fn a_stop_ends_sending_long_before_the_last_order_is_due() {
    let source = Arc::new(Source::generated(Generator::new(RECIPE, 0)));
    let due_us = (0..).map(|order| order * 3_600_000_000);
    let transport = StallingTransport { stalls_at: u64::MAX, stall: Duration::ZERO };
    let mut senders =
        Senders::prepare(source, Box::new(due_us), vec![Box::new(transport)], 1).unwrap();
    senders.release();
    while senders.answers().next().is_none() {
        std::thread::yield_now();
    }
    senders.stop();
    senders.finish().unwrap();
    assert_eq!(senders.answers().collect::<Vec<_>>(), []);
}
