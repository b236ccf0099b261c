//! Long batches are read by a plain `XREADGROUP`, whose flat reply does not say where an entry ends. Nothing may change by that.

use std::collections::BTreeMap;

use conventional::connection::RedisConnection;
use redis::Commands;
use shared::queue::{Argument, Drain, Execute, ExecuteError, Queue, Step, Stream, Value};
use shared::settings::QueueSettings;

use crate::support::{DISTRIBUTOR, SIMPLE, TestQueue, an_order, orders};

/// A connection that counts plain reads and lets somebody do something right before each.
struct Watched<'a> {
    inner: &'a mut RedisConnection,
    plain_reads: u32,
    before: &'a mut dyn FnMut(),
}

impl Execute for Watched<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        if command == "XREADGROUP" {
            self.plain_reads += 1;
            (self.before)();
        }
        self.inner.execute(command, arguments)
    }
}

/// Takes one step of the distributor; tells how many plain reads it took.
fn step(queue: &mut TestQueue, before: &mut dyn FnMut()) -> (Step, u32) {
    let mut watched = Watched { inner: &mut queue.redis, plain_reads: 0, before };
    let step =
        Drain::new(&mut Queue::new(&mut watched, &queue.settings), &DISTRIBUTOR).step().unwrap();
    (step, watched.plain_reads)
}

fn add_with(queue: &mut TestQueue, fields: &[(&str, &str)]) -> String {
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    queue.redis.inner().xadd(key, "*", fields).unwrap()
}

#[test]
fn sixteen_entries_are_read_plainly_and_fifteen_by_the_script() {
    for (waiting, expected) in [(15, 0), (16, 1)] {
        let mut queue = TestQueue::new();
        let sent = orders(waiting);
        for order in &sent {
            queue.add(Stream::Ingress, order);
        }
        let (done, plain_reads) = step(&mut queue, &mut || {});
        assert!(
            matches!(done, Step::Committed(commit) if commit.applied == u64::from(waiting)),
            "{done:?}"
        );
        assert_eq!(plain_reads, expected, "{waiting} entries");
        queue.drain_all();
        queue.assert_confirmed(&sent);
    }
}

#[test]
fn more_bytes_than_as_many_orders_of_the_greatest_length_are_left_to_the_script() {
    let mut queue = TestQueue::with(QueueSettings { batch_size: 16, ..QueueSettings::default() });
    // 16 times 64 KiB are a mebibyte; this is two and more, in a stream longer than what is sampled of it.
    let long = an_order(1).replace("\"d\"", &format!("\"{}\"", "x".repeat(100_000)));
    for _ in 0..24 {
        queue.add(Stream::Ingress, &long);
    }
    for number in 100..500 {
        queue.add(Stream::Ingress, &an_order(number));
    }
    let (done, plain_reads) = step(&mut queue, &mut || {});
    assert!(matches!(done, Step::Committed(commit) if commit.dead_lettered == 16), "{done:?}");
    assert_eq!(plain_reads, 0);
    queue.drain_all();
    let codes: BTreeMap<String, usize> =
        queue.dead_letters().iter().fold(BTreeMap::new(), |mut codes, letter| {
            *codes.entry(letter["code"].clone()).or_default() += 1;
            codes
        });
    assert_eq!(codes, BTreeMap::from([("order_too_large".to_owned(), 24)]));
    queue.assert_confirmed(&(100..500).map(an_order).collect::<Vec<_>>());
}

#[test]
fn a_long_order_among_many_is_set_aside_and_its_neighbours_are_done() {
    let mut queue = TestQueue::new();
    let sent = orders(20);
    let long = an_order(90).replace("\"d\"", &format!("\"{}\"", "x".repeat(66_000)));
    for (at, order) in sent.iter().enumerate() {
        if at == 10 {
            queue.add(Stream::Ingress, &long);
        }
        queue.add(Stream::Ingress, order);
    }
    let (_, plain_reads) = step(&mut queue, &mut || {});
    assert_eq!(plain_reads, 1);
    queue.drain_all();
    queue.assert_confirmed(&sent);
    let letters = queue.dead_letters();
    assert_eq!((letters.len(), letters[0]["code"].as_str()), (1, "order_too_large"));
    assert_eq!(letters[0]["order"], long);
}

#[test]
fn what_else_producers_put_into_an_entry_changes_nothing() {
    let mut queue = TestQueue::new();
    let sent: Vec<String> = (0..20).map(an_order).collect();
    for (number, order) in sent.iter().enumerate() {
        let fields: &[(&str, &str)] = match number % 5 {
            0 => &[("order", order)],
            1 => &[("source", "shop"), ("order", order), ("order_id", "1-1")],
            2 => &[("order", order), ("0-1", "a name like an id of long ago"), ("", "")],
            3 => &[("order", "an earlier value"), ("order", order)],
            _ => &[("\u{e9}", "1-2"), ("order", order), ("1-2-3", "4-5")],
        };
        add_with(&mut queue, fields);
    }
    // A lone entry without an order, with a value that is an id.
    add_with(&mut queue, &[("note", "99999999999999-0")]);
    let (done, plain_reads) = step(&mut queue, &mut || {});
    assert!(matches!(done, Step::Committed(commit) if commit.applied == 21), "{done:?}");
    assert_eq!(plain_reads, 1);
    queue.drain_all();
    queue.assert_confirmed(&sent);
    assert_eq!(queue.dead_letters()[0]["code"], "missing_order_field");
}

#[test]
fn a_field_called_like_a_later_entry_costs_a_redelivery_and_nothing_else() {
    let settings = QueueSettings { claim_idle_ms: 60_000, ..QueueSettings::default() };
    let mut queue = TestQueue::with(settings);
    let sent: Vec<String> = (0..20).map(an_order).collect();
    for (number, order) in sent.iter().enumerate() {
        let id = if number == 7 { "99999999999999-0" } else { "source" };
        add_with(&mut queue, &[("order", order), (id, "shop")]);
    }
    let (done, _) = step(&mut queue, &mut || {});
    assert!(matches!(done, Step::Committed(commit) if commit.dead_lettered == 0), "{done:?}");
    queue.age_all_pending(std::time::Duration::from_secs(61));
    queue.drain_all();
    queue.assert_confirmed(&sent);
    assert!(queue.dead_letters().is_empty());
}

#[test]
fn who_finds_nothing_left_to_read_ends_with_the_bell_cleared() {
    let mut queue = TestQueue::new();
    let sent: Vec<String> = (0..20).map(an_order).collect();
    for order in &sent {
        queue.add(Stream::Ingress, order);
    }
    let (url, settings) = (queue.url(), queue.settings.clone());
    let (done, plain_reads) = step(&mut queue, &mut || {
        let mut faster = RedisConnection::open(&url).unwrap();
        Drain::new(&mut Queue::new(&mut faster, &settings), &DISTRIBUTOR).step().unwrap();
    });
    assert_eq!((done, plain_reads), (Step::Empty, 1));
    let bell = queue.keys.bell(Stream::Ingress).to_owned();
    assert!(
        !queue.redis.inner().exists::<_, bool>(bell).unwrap(),
        "the bell is still said to be rung"
    );
    queue.drain(&SIMPLE);
    queue.assert_confirmed(&sent);
}
