//! Who is rung, when, and how often.

use std::time::Duration;

use redis::Commands;
use shared::queue::{Stream, drain};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::support::{DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order, hold, orders};

/// Listens to all bells of a queue.
pub(crate) struct Ears {
    connection: redis::Connection,
}

impl Ears {
    pub(crate) fn new(queue: &TestQueue) -> Self {
        let client = redis::Client::open(queue.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut pubsub = connection.as_pubsub();
        pubsub.psubscribe("*").unwrap();
        std::mem::forget(pubsub);
        Self { connection }
    }

    /// All rings so far, by channel. A message of our own marks the end: pub/sub keeps its order.
    pub(crate) fn rings(&mut self, queue: &mut TestQueue) -> Vec<String> {
        let _: u64 = queue.redis.inner().publish("end", "").unwrap();
        let mut rings = Vec::new();
        loop {
            let reply = self.connection.recv_response().unwrap();
            let message = redis::Msg::from_value(&reply).expect("only messages arrive");
            match message.get_channel_name() {
                "end" => return rings,
                channel => rings.push(channel.to_owned()),
            }
        }
    }
}

pub(crate) fn enqueue(queue: &mut TestQueue, orders: &[String]) {
    let orders: Vec<(Uuid, &[u8])> = orders
        .iter()
        .map(|order| (shared::order::Order::identity(order.as_bytes()).unwrap(), order.as_bytes()))
        .collect();
    queue.queue().enqueue(&orders, 0).unwrap();
}

#[test]
fn rings_are_coalesced_until_somebody_has_looked() {
    let mut queue = TestQueue::with(QueueSettings { bell_ms: 60_000, ..QueueSettings::default() });
    let mut ears = Ears::new(&queue);
    for number in 0..10 {
        enqueue(&mut queue, &[an_order(number)]);
    }
    assert_eq!(ears.rings(&mut queue), ["orders.ingress"]);
    queue.drain(&DISTRIBUTOR);
    assert_eq!(ears.rings(&mut queue), ["orders.simple"]);
    enqueue(&mut queue, &[an_order(10)]);
    assert_eq!(ears.rings(&mut queue), ["orders.ingress"]);
}

#[test]
fn a_commit_rings_only_the_lanes_it_added_to() {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, &a_complex_order(1));
    let mut ears = Ears::new(&queue);
    queue.drain(&DISTRIBUTOR);
    assert_eq!(ears.rings(&mut queue), ["orders.complex"]);
}

#[test]
fn a_full_batch_rings_its_own_bell_so_that_a_death_is_followed_by_another_look() {
    let mut queue = TestQueue::with(QueueSettings {
        batch_size: 4,
        bell_ms: 60_000,
        ..QueueSettings::default()
    });
    for order in (0..4).map(an_order) {
        queue.add(Stream::Ingress, &order);
    }
    let mut ears = Ears::new(&queue);
    queue.drain(&DISTRIBUTOR);
    assert_eq!(ears.rings(&mut queue), ["orders.ingress", "orders.simple"]);
    for order in (4..7).map(an_order) {
        queue.add(Stream::Ingress, &order);
    }
    // A batch that is not full has emptied the stream; the simple bell still stands, nobody has looked there.
    queue.drain(&DISTRIBUTOR);
    assert_eq!(ears.rings(&mut queue), [""; 0]);
    queue.drain(&SIMPLE);
    queue.add(Stream::Ingress, &an_order(7));
    queue.drain(&DISTRIBUTOR);
    assert_eq!(ears.rings(&mut queue), ["orders.simple", "orders.simple"]);
}

#[test]
fn a_drain_out_of_time_rings_for_the_rest() {
    let mut queue = TestQueue::with(QueueSettings { batch_size: 4, ..QueueSettings::default() });
    for order in orders(6) {
        queue.add(Stream::Ingress, &order);
    }
    let mut ears = Ears::new(&queue);
    let (tally, result) =
        drain(&mut queue.queue(), &DISTRIBUTOR, &mut || Duration::from_secs(3_600));
    result.unwrap();
    assert!(tally.out_of_time);
    assert_eq!(tally.batches, 1);
    assert_eq!(ears.rings(&mut queue).last().map(String::as_str), Some("orders.ingress"));
    assert_eq!(queue.drain(&DISTRIBUTOR).commits.applied, 2);
}

#[test]
fn a_tick_rings_for_waiting_and_for_overdue_work_and_for_nothing_else() {
    let mut queue =
        TestQueue::with(QueueSettings { claim_idle_ms: 60_000, ..QueueSettings::default() });
    let mut ears = Ears::new(&queue);
    // Nothing there, not even the stream.
    let tick = queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!((tick.waiting, tick.pending, tick.overdue, tick.rung), (0, 0, false, false));
    // One waiting, before and after there is a group.
    let id = queue.add(Stream::Ingress, &an_order(1));
    assert!(queue.queue().tick(Stream::Ingress).unwrap().rung);
    assert!(
        !queue.queue().tick(Stream::Ingress).unwrap().rung,
        "a ring that nobody has heard stands"
    );
    // In flight and not overdue: somebody is at it.
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let bell = queue.keys.bell(Stream::Ingress).to_owned();
    let _: () = queue.redis.inner().xgroup_create(&key, "distributor", "0").unwrap();
    hold(queue.redis.inner(), &queue.keys, Stream::Ingress);
    let _: u64 = queue.redis.inner().del(&bell).unwrap();
    let tick = queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!((tick.waiting, tick.pending, tick.overdue, tick.rung), (0, 1, false, false));
    // Overdue.
    let _: redis::Value = redis::cmd("XCLAIM")
        .arg(&[&key, "distributor", "spin", "0", &id, "IDLE", "60001", "JUSTID"])
        .query(queue.redis.inner())
        .unwrap();
    let tick = queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!((tick.waiting, tick.pending, tick.overdue, tick.rung), (0, 1, true, true));
    assert_eq!(ears.rings(&mut queue), ["orders.ingress", "orders.ingress"]);
}
