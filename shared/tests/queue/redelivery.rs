//! Entries whose drain died: who gets them, when, and how often.

use std::time::Duration;

use redis::Commands;
use shared::queue::{
    Argument, ConsumerName, Drain, Entry, Execute, ExecuteError, Outcome, Queue, Role, Step,
    Stream, Value,
};
use shared::settings::QueueSettings;

use crate::support::{BeforeCommit, DISTRIBUTOR, SIMPLE, TestQueue, an_order, is_commit, orders};

/// A connection that breaks before the first commit: the batch is claimed and never committed.
struct DiesAtCommit<'a, E>(&'a mut E);

impl<E: Execute> Execute for DiesAtCommit<'_, E> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        if is_commit(arguments) {
            return Err(ExecuteError("connection reset by peer".into()));
        }
        self.0.execute(command, arguments)
    }
}

/// Claims one batch and dies with it.
fn die_with_a_batch(queue: &mut TestQueue, role: &impl Role) {
    let mut dying = DiesAtCommit(&mut queue.redis);
    let mut broken = Queue::new(&mut dying, &queue.settings);
    Drain::new(&mut broken, role).step().unwrap_err();
}

fn settings() -> QueueSettings {
    QueueSettings {
        claim_idle_ms: 60_000,
        max_deliveries: 3,
        batch_size: 10,
        ..QueueSettings::default()
    }
}

#[test]
fn an_entry_idle_past_the_limit_is_redelivered_and_one_just_short_of_it_is_not() {
    let mut queue = TestQueue::with(settings());
    let ids: Vec<String> =
        (0..2).map(|number| queue.add(Stream::Ingress, &an_order(number))).collect();
    die_with_a_batch(&mut queue, &DISTRIBUTOR);
    queue.age(Stream::Ingress, &ids[0], Duration::from_secs(61));
    queue.age(Stream::Ingress, &ids[1], Duration::from_secs(50));
    let tally = queue.drain(&DISTRIBUTOR);
    assert_eq!((tally.commits.applied, tally.redelivered), (1, 1));
    assert_eq!(queue.pending(Stream::Ingress), 1);
    assert_eq!(queue.state(&an_order(0))["state"], "routed");
    assert!(queue.state(&an_order(1)).is_empty());
}

#[test]
fn overdue_entries_come_before_new_ones_and_each_alone() {
    let mut queue = TestQueue::with(settings());
    let old: Vec<String> =
        (0..3).map(|number| queue.add(Stream::Ingress, &an_order(number))).collect();
    die_with_a_batch(&mut queue, &DISTRIBUTOR);
    for id in &old {
        queue.age(Stream::Ingress, id, Duration::from_secs(61));
    }
    for number in 3..8 {
        queue.add(Stream::Ingress, &an_order(number));
    }
    let mut sizes = Vec::new();
    let mut handle = queue.queue();
    let mut drain = Drain::new(&mut handle, &DISTRIBUTOR);
    while let Step::Committed(commit) = drain.step().unwrap() {
        sizes.push(commit.applied);
    }
    assert_eq!(sizes, [1, 1, 1, 5]);
}

/// Routes like the distributor, but dies at one order.
struct DiesAt(&'static str);

impl Role for DiesAt {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }
    fn decide(&self, entry: &Entry, order: &[u8]) -> Outcome {
        assert!(!String::from_utf8_lossy(order).contains(self.0), "poison");
        DISTRIBUTOR.decide(entry, order)
    }
}

#[test]
fn a_poison_order_alone_is_dead_lettered_after_max_deliveries() {
    let mut queue = TestQueue::with(settings());
    let poison = an_order(5).replace("\"d\"", "\"poison\"");
    let ids: Vec<String> = (0..10)
        .map(|number| {
            let order = if number == 5 { poison.clone() } else { an_order(number) };
            queue.add(Stream::Ingress, &order)
        })
        .collect();
    let mut deaths = 0;
    // Each round is an instance that drains until it is empty or dies; then time passes.
    for _ in 0..10 {
        let drained = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            queue.drain(&DiesAt("poison"))
        }));
        deaths += u32::from(drained.is_err());
        for id in &ids {
            queue.age(Stream::Ingress, id, Duration::from_secs(61));
        }
    }
    assert_eq!(deaths, 3, "max_deliveries counts the first delivery");
    queue.drain(&SIMPLE);
    let good: Vec<String> = (0..10).filter(|number| *number != 5).map(an_order).collect();
    queue.assert_confirmed(&good);
    let letters = queue.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["code"], "max_deliveries");
    assert_eq!(letters[0]["delivery_count"], "4");
    assert_eq!(letters[0]["order"], poison);
    assert_eq!(queue.state(&poison)["state"], "dead-lettered");
}

#[test]
fn the_slower_of_two_drains_that_hold_the_same_entries_writes_nothing() {
    let mut queue = TestQueue::with(settings());
    let orders = orders(5);
    let ids: Vec<String> = orders.iter().map(|order| queue.add(Stream::Ingress, order)).collect();
    // The slow drain decides its batch; while it does, the entries become overdue and another drain takes and commits three.
    let url = queue.url();
    let settings = queue.settings.clone();
    queue.settings.consumer = ConsumerName::parse("faster").unwrap();
    let mut overtake = || {
        for id in &ids[..3] {
            queue.age(Stream::Ingress, id, Duration::from_secs(61));
        }
        assert_eq!(queue.drain(&DISTRIBUTOR).commits.applied, 3);
    };
    let inner = conventional::connection::RedisConnection::open(&url).unwrap();
    let mut slow_redis = BeforeCommit { act: &mut overtake, inner, done: false };
    let mut slow = Queue::new(&mut slow_redis, &settings);
    let Step::Committed(commit) = Drain::new(&mut slow, &DISTRIBUTOR).step().unwrap() else {
        panic!("the slow drain held a batch")
    };
    assert_eq!((commit.applied, commit.lapsed), (2, 3));
    let totals = queue.totals();
    assert_eq!((totals["applied_ingress:spin"], totals["applied_ingress:faster"]), (2, 3));
    queue.drain_all();
    queue.assert_confirmed(&orders);
    assert_eq!(queue.totals().get("duplicates"), None);
}

#[test]
fn a_pending_entry_that_was_deleted_is_reported_and_holds_nobody_up() {
    let mut queue = TestQueue::with(settings());
    let ids: Vec<String> =
        (0..3).map(|number| queue.add(Stream::Ingress, &an_order(number))).collect();
    die_with_a_batch(&mut queue, &DISTRIBUTOR);
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    for id in &ids {
        queue.age(Stream::Ingress, id, Duration::from_secs(61));
    }
    let _: u64 = queue.redis.inner().xdel(&key, &ids[..2]).unwrap();
    let tally = queue.drain(&DISTRIBUTOR);
    assert_eq!((tally.vanished, tally.commits.applied), (2, 1));
    assert_eq!(queue.pending(Stream::Ingress), 0);
}
