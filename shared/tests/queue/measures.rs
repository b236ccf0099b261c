//! What is measured: each entry once, whoever applies it, and nothing that did not happen.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::Commands;
use shared::metrics::{FAMILIES, render};
use shared::queue::{Batch, Drain, Host, Outcome, Stream, drain};
use shared::settings::QueueSettings;

use crate::support::{COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, an_order, hold, orders};

/// The samples of the page by name with labels.
fn samples(queue: &mut TestQueue) -> BTreeMap<String, f64> {
    let page = render(&[(None, queue.queue().measures().unwrap())]);
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// Adds an order as one that was added at this time, in Unix ms.
fn add_at(queue: &mut TestQueue, stream: Stream, at_ms: i64, fields: &[(&str, &str)]) {
    let key = queue.keys.stream(stream).to_owned();
    let _: String = queue.redis.inner().xadd(key, format!("{at_ms}-*"), fields).unwrap();
}

fn now_ms(queue: &mut TestQueue) -> i64 {
    let (s, us): (i64, i64) = redis::cmd("TIME").query(queue.redis.inner()).unwrap();
    s * 1_000 + us / 1_000
}

#[test]
fn an_empty_queue_shows_every_metric_that_has_no_names_of_its_own() {
    let mut queue = TestQueue::new();
    let page = render(&[(None, queue.queue().measures().unwrap())]);
    for family in FAMILIES {
        assert!(
            page.contains(&format!("# TYPE {} {}\n", family.name, family.kind.as_str())),
            "{page}"
        );
    }
    assert!(samples(&mut queue).values().all(|value| *value == 0.0));
}

#[test]
fn everything_that_happens_to_orders_is_counted_once() {
    let settings = QueueSettings { batch_size: 5, ..QueueSettings::default() };
    let mut queue = TestQueue::with(settings);
    // Of twelve every third is complex; then a copy and two that are broken.
    for order in orders(12).iter().chain([&an_order(1), &"broken".to_owned(), &"{}".to_owned()]) {
        queue.add(Stream::Ingress, order);
    }
    let before = samples(&mut queue);
    assert_eq!(before["orders_stream_added_total{stream=\"ingress\"}"], 15.0);
    assert_eq!(before["orders_stream_entries{stream=\"ingress\",state=\"waiting\"}"], 15.0);
    queue.drain_all();
    let found = samples(&mut queue);
    for (name, value) in [
        ("orders_routed_total{lane=\"simple\"}", 8.0),
        ("orders_routed_total{lane=\"complex\"}", 4.0),
        ("orders_confirmed_total{lane=\"simple\"}", 8.0),
        ("orders_confirmed_total{lane=\"complex\"}", 4.0),
        ("orders_duplicates_total", 1.0),
        ("orders_dead_lettered_total{stream=\"ingress\",code=\"invalid_json\"}", 1.0),
        ("orders_dead_lettered_total{stream=\"ingress\",code=\"missing_field\"}", 1.0),
        ("orders_dead_letters", 2.0),
        ("orders_confirmations", 12.0),
        ("orders_applied_total{stream=\"ingress\",consumer=\"spin\"}", 15.0),
        ("orders_stream_added_total{stream=\"ingress\"}", 15.0),
        ("orders_stream_added_total{stream=\"simple\"}", 8.0),
        ("orders_drains_total{stream=\"ingress\"}", 1.0),
        // Three batches of five; eight in a lane are a batch of five and one of three.
        ("orders_batch_entries_count{stream=\"ingress\"}", 3.0),
        ("orders_batch_entries_sum{stream=\"ingress\"}", 15.0),
        ("orders_batch_entries_bucket{stream=\"simple\",le=\"2\"}", 0.0),
        ("orders_batch_entries_bucket{stream=\"simple\",le=\"5\"}", 2.0),
        ("orders_wait_seconds_count{stream=\"ingress\"}", 15.0),
        ("orders_wait_seconds_count{stream=\"complex\"}", 4.0),
        ("orders_end_to_end_seconds_count{lane=\"simple\"}", 8.0),
        ("orders_stream_entries{stream=\"ingress\",state=\"waiting\"}", 0.0),
        ("orders_lapsed_total{stream=\"ingress\"}", 0.0),
        ("orders_redelivered_total{stream=\"ingress\"}", 0.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    // A drain that finds nothing is none.
    queue.drain_all();
    assert_eq!(samples(&mut queue), found);
}

#[test]
fn waits_count_from_the_entry_ids_to_the_time_of_the_decision() {
    let mut queue = TestQueue::new();
    let now = now_ms(&mut queue);
    for (number, ago_ms) in [(1, 3_600_000), (2, 40_000), (3, 40_000)] {
        add_at(&mut queue, Stream::Ingress, now - ago_ms, &[("order", &an_order(number))]);
    }
    // An hour passes while the batch is decided.
    let hour = std::cell::Cell::new(Duration::ZERO);
    let mut clock = || hour.replace(Duration::from_secs(3_600));
    drain(&mut queue.queue(), &DISTRIBUTOR, &mut clock).1.unwrap();
    queue.drain(&SIMPLE);
    let found = samples(&mut queue);
    assert_eq!(found["orders_wait_seconds_bucket{stream=\"ingress\",le=\"1800\"}"], 0.0);
    assert_eq!(found["orders_wait_seconds_bucket{stream=\"ingress\",le=\"+Inf\"}"], 3.0);
    let sum = found["orders_wait_seconds_sum{stream=\"ingress\"}"];
    assert!((14_480.0..14_540.0).contains(&sum), "{sum}");
    // The lane's clock did not jump: two of the three are 40 s old, and what took longer than 30 s took less than a minute.
    let of = |le: &str| {
        found[&format!("orders_end_to_end_seconds_bucket{{lane=\"simple\",le=\"{le}\"}}")]
    };
    assert_eq!((of("30"), of("60"), of("1800"), of("+Inf")), (0.0, 2.0, 2.0, 3.0));
}

/// Keeps what a host is told.
#[derive(Default)]
struct Witness {
    applied: Vec<String>,
    lapsed: Vec<String>,
}

impl Host for Witness {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn committed(&mut self, batch: &Batch<'_>) {
        self.applied.extend(batch.applied().map(|(entry, _)| entry.entry_id.clone()));
        self.lapsed.extend_from_slice(batch.lapsed);
    }
}

/// Takes some of a batch away between its claim and its commit, as a faster drain does.
struct Overtaken<'a> {
    url: &'a str,
    settings: &'a QueueSettings,
    is_done: std::cell::Cell<bool>,
    ids: &'a [String],
}

impl shared::queue::Role for Overtaken<'_> {
    fn stream(&self) -> Stream {
        Stream::Simple
    }

    fn decide(&self, entry: &shared::queue::Entry, order: &[u8]) -> Outcome {
        if !self.is_done.replace(true) {
            let mut redis = conventional::connection::RedisConnection::open(self.url).unwrap();
            let keys = shared::queue::Keys::new(self.settings.queue.clone());
            for id in self.ids {
                let _: redis::Value = redis::cmd("XCLAIM")
                    .arg(&[
                        keys.stream(Stream::Simple),
                        "receiver-simple",
                        "spin",
                        "0",
                        id,
                        "IDLE",
                        "60000",
                    ])
                    .query(redis.inner())
                    .unwrap();
            }
            let mut queue = shared::queue::Queue::new(&mut redis, self.settings);
            drain(&mut queue, &SIMPLE, &mut || Duration::ZERO).1.unwrap();
        }
        SIMPLE.decide(entry, order)
    }
}

#[test]
fn an_entry_that_two_drains_decided_is_counted_by_the_one_that_applied_it() {
    let mut queue = TestQueue::new();
    let now = now_ms(&mut queue);
    let ids: Vec<String> = (0..10).map(|number| format!("{}-{number}", now - 20_000)).collect();
    for (number, id) in (0..).zip(&ids) {
        let key = queue.keys.stream(Stream::Simple).to_owned();
        let order = an_order(number);
        let ingress = format!("{}-0", now - 40_000);
        let fields = [("order", order.as_str()), ("ingress", ingress.as_str())];
        let _: String = queue.redis.inner().xadd(key, id, &fields).unwrap();
    }
    let (url, settings) = (queue.url(), queue.settings.clone());
    let role = Overtaken { url: &url, settings: &settings, is_done: false.into(), ids: &ids[3..6] };
    let mut witness = Witness::default();
    drain(&mut queue.queue(), &role, &mut witness).1.unwrap();
    assert_eq!(witness.lapsed, ids[3..6]);
    assert_eq!(witness.applied, [&ids[..3], &ids[6..]].concat());
    let found = samples(&mut queue);
    for (name, value) in [
        ("orders_confirmed_total{lane=\"simple\"}", 10.0),
        ("orders_lapsed_total{stream=\"simple\"}", 3.0),
        ("orders_redelivered_total{stream=\"simple\"}", 3.0),
        ("orders_wait_seconds_count{stream=\"simple\"}", 10.0),
        ("orders_wait_seconds_bucket{stream=\"simple\",le=\"10\"}", 0.0),
        ("orders_wait_seconds_bucket{stream=\"simple\",le=\"30\"}", 10.0),
        ("orders_end_to_end_seconds_count{lane=\"simple\"}", 10.0),
        ("orders_end_to_end_seconds_bucket{lane=\"simple\",le=\"30\"}", 0.0),
        ("orders_end_to_end_seconds_bucket{lane=\"simple\",le=\"60\"}", 10.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    let sum = found["orders_end_to_end_seconds_sum{lane=\"simple\"}"];
    assert!((400.0..500.0).contains(&sum), "ten orders of 40 s, and what the test took: {sum}");
}

#[test]
fn an_ingress_id_that_is_none_or_lies_in_the_future_breaks_no_histogram() {
    let mut queue = TestQueue::new();
    let now = now_ms(&mut queue);
    for (number, ingress) in [(1, "soon"), (2, "9007199254740991-0"), (3, "")] {
        add_at(
            &mut queue,
            Stream::Simple,
            now - 20_000,
            &[("order", &an_order(number)), ("ingress", ingress)],
        );
    }
    queue.drain(&SIMPLE);
    let found = samples(&mut queue);
    let of = |le: &str| {
        found[&format!("orders_end_to_end_seconds_bucket{{lane=\"simple\",le=\"{le}\"}}")]
    };
    // The future counts as no wait, what is no time as the wait in the lane.
    assert_eq!((of("0.001"), of("10"), of("60"), of("+Inf")), (1.0, 1.0, 3.0, 3.0));
    assert!(found["orders_end_to_end_seconds_sum{lane=\"simple\"}"] < 120.0);
}

#[test]
fn redeliveries_drains_out_of_time_and_what_vanished_are_counted_where_they_happen() {
    let mut queue = TestQueue::with(QueueSettings { batch_size: 2, ..QueueSettings::default() });
    let ids: Vec<String> =
        (0..4).map(|number| queue.add(Stream::Ingress, &an_order(number))).collect();
    let (_, result) = drain(&mut queue.queue(), &DISTRIBUTOR, &mut || Duration::from_secs(60));
    result.unwrap();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    hold(queue.redis.inner(), &queue.keys, Stream::Ingress);
    queue.age_all_pending(Duration::from_secs(60));
    let _: i64 = queue.redis.inner().xdel(&key, &[&ids[2]]).unwrap();
    // A drain that died with what it had claimed had begun all the same.
    let mut handle = queue.queue();
    Drain::new(&mut handle, &DISTRIBUTOR).step().unwrap();
    let found = samples(&mut queue);
    for (name, value) in [
        ("orders_drains_out_of_time_total{stream=\"ingress\"}", 1.0),
        ("orders_drains_total{stream=\"ingress\"}", 2.0),
        ("orders_vanished_total{stream=\"ingress\"}", 1.0),
        ("orders_redelivered_total{stream=\"ingress\"}", 1.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    queue.drain(&COMPLEX);
    assert_eq!(samples(&mut queue)["orders_drains_total{stream=\"complex\"}"], 0.0);
}

#[test]
fn a_hash_of_metrics_that_somebody_broke_holds_up_no_order() {
    let mut queue = TestQueue::new();
    let metrics = queue.keys.metrics().to_owned();
    let _: () = queue.redis.inner().set(metrics, "no hash").unwrap();
    let sent: Vec<String> = (0..10).map(an_order).collect();
    for order in &sent {
        queue.add(Stream::Ingress, order);
    }
    queue.drain(&DISTRIBUTOR);
    let lane = queue.keys.stream(Stream::Simple).to_owned();
    let entries: redis::streams::StreamRangeReply = queue.redis.inner().xrange_all(lane).unwrap();
    let ids: Vec<String> = entries.ids.into_iter().map(|entry| entry.id).collect();
    let (url, settings) = (queue.url(), queue.settings.clone());
    // The second of two drains counts entry by entry.
    let role = Overtaken { url: &url, settings: &settings, is_done: false.into(), ids: &ids[3..6] };
    let (tally, result) = drain(&mut queue.queue(), &role, &mut || Duration::ZERO);
    result.unwrap();
    assert_eq!((tally.commits.applied, tally.commits.lapsed), (7, 3));
    queue.assert_confirmed(&sent);
}
