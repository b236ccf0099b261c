//! Statistics, totals and metrics: each message is counted exactly once.

use std::time::Duration;

use queue::{
    Batch, Drain, Host, Keys, Message, Name, Outcome, Queue, Role, Settings, Stream, drain,
};

use crate::support::{
    BIKE, BY_BIKE, BeforeCommit, STREAMS, Scale, TestQueue, VAN, parcel, settings,
};

/// A metric; 0 when it was never raised.
fn counter(queue: &mut TestQueue, name: &str) -> u64 {
    queue.queue().counters().unwrap().get(name).copied().unwrap_or_default()
}

/// The number of values in a histogram, and their sum.
fn histogram(queue: &mut TestQueue, name: &str) -> (u64, u64) {
    let counters = queue.queue().counters().unwrap();
    let of = counters.iter().filter(|(field, _)| field.starts_with(&format!("{name}:")));
    let (sums, buckets): (Vec<_>, Vec<_>) = of.partition(|(field, _)| field.ends_with(":sum"));
    (buckets.into_iter().map(|(_, n)| n).sum(), sums.into_iter().map(|(_, n)| n).sum())
}

#[test]
fn statistics_count_what_is_there() {
    let mut queue = TestQueue::new();
    let empty = queue.queue().stats().unwrap();
    assert!(empty.streams.values().all(|stream| stream.length == 0 && stream.oldest_ms == 0));
    assert!(empty.totals.is_empty());
    let old = format!("{}-0", queue.now_ms() - 5_000);
    queue.add_entry(Stream::Ingress, &old, &[("message", "p1 1")]);
    queue.add_parcels(2..7);
    queue.add(Stream::Ingress, "p9 heavy");
    let waiting = queue.queue().stats().unwrap();
    let ingress = &waiting.streams["ingress"];
    assert_eq!((ingress.length, ingress.messages, ingress.pending, ingress.added), (7, 7, 0, 7));
    assert!((5_000..60_000).contains(&ingress.oldest_ms), "{}", ingress.oldest_ms);
    queue.drain(&Scale);
    queue.hold(&BY_BIKE);
    queue.add_parcels(8..9);
    let stats = queue.queue().stats().unwrap();
    let found = STREAMS.map(|stream| {
        let stats = &stats.streams[stream.as_str()];
        (stats.length, stats.messages, stats.pending, stats.added, stats.vanished)
    });
    assert_eq!(found, [(1, 1, 0, 8, 0), (1, 4, 1, 1, 0), (1, 2, 0, 1, 0)]);
    assert_eq!((stats.backlog(), stats.dead_letters, stats.results), (7, 1, 0));
    let totals: Vec<_> = stats.totals.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    let expected = [
        ("applied_ingress:spin", 7),
        ("dead_lettered_ingress", 1),
        ("routed_bike", 4),
        ("routed_van", 2),
    ];
    assert_eq!(totals, expected);
}

#[test]
fn values_that_are_no_counts_are_left_out_and_fail_nothing() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..3);
    queue.drain(&Scale);
    let totals = queue.keys.totals().to_owned();
    let metrics = queue.keys.metrics().to_owned();
    for odd in ["", "many", "-1", "1.5", "nan", "inf", "99999999999999999999"] {
        for (key, field) in [(&totals, "odd"), (&totals, "waiting_bike"), (&metrics, "odd")] {
            let _: i64 = queue.ask(&["HSET", key, field, odd]);
        }
        let stats = queue.queue().stats().unwrap();
        assert_eq!(stats.totals.get("odd"), None, "{odd:?}");
        assert_eq!(stats.totals["routed_bike"], 2);
        assert_eq!(stats.streams["bike"].messages, 1, "its length: {odd:?}");
        assert_eq!(queue.queue().counters().unwrap().get("odd"), None, "{odd:?}");
        let full = queue.queue().enqueue(&[("p", b"p 1")], 1, None).unwrap();
        assert!(matches!(full, queue::Enqueued::Full { backlog: 2 }), "{odd:?} {full:?}");
    }
}

#[test]
fn entries_that_others_take_away_have_vanished_and_are_counted() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    queue.add_parcels(0..4);
    queue.drain(&Scale);
    // A producer that limits the stream.
    for number in 10..20 {
        let _: String = queue.ask(&["XADD", &key, "MAXLEN", "3", "*", "message", &parcel(number)]);
    }
    assert_eq!(queue.queue().stats().unwrap().streams["ingress"].vanished, 7);
    // One that was pending, and one whose drain had it in hand: that one is committed.
    queue.hold(&Scale);
    let ids: Vec<String> = queue.pending(Stream::Ingress).into_iter().map(|(id, _)| id).collect();
    queue.age_pending();
    let _: i64 = queue.ask(&["XDEL", &key, &ids[0], &ids[1]]);
    let tally = queue.drain(&Scale);
    assert_eq!((tally.vanished, tally.applied), (2, 1));
    assert_eq!(queue.queue().stats().unwrap().streams["ingress"].vanished, 9);
    let url = queue.server.url();
    queue.add_parcels(30..33);
    let mut delete_all = || {
        let mut other = redis::Client::open(&*url).unwrap().get_connection().unwrap();
        redis::cmd("XTRIM").arg(&[&key, "MAXLEN", "0"]).exec(&mut other).unwrap();
    };
    let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut delete_all) };
    let mut handle = Queue::new(&mut connection, &queue.settings);
    let mut drain = Drain::new(&mut handle, &Scale);
    drain.step().unwrap();
    assert_eq!(drain.tally().routed, 3, "what is in hand needs no entry");
    assert_eq!(queue.queue().stats().unwrap().streams["ingress"].vanished, 9);
}

#[test]
fn messages_in_a_lane_are_counted_right_again_after_somebody_meddled_with_it() {
    let mut queue = TestQueue::opened();
    queue.add_entry(BIKE, "*", &[("1-1", "b1 1"), ("1-2", "b2 2")]);
    queue.drain(&BY_BIKE);
    queue.add_parcels(0..9);
    queue.drain(&Scale);
    let van = queue.keys.stream(VAN).to_owned();
    let _: i64 = queue.ask(&["XTRIM", &van, "MAXLEN", "0"]);
    let messages = |queue: &mut TestQueue| {
        let stats = queue.queue().stats().unwrap();
        (stats.streams["bike"].messages, stats.streams["van"].messages)
    };
    assert_eq!(messages(&mut queue), (4, 0), "two too few, and none in an empty stream");
    queue.drain(&BY_BIKE);
    for stream in [BIKE, VAN] {
        queue.queue().tick(stream).unwrap();
    }
    queue.add_parcels(10..19);
    queue.drain(&Scale);
    assert_eq!(messages(&mut queue), (6, 3), "right from the next tick of an empty lane on");
}

#[test]
fn the_shares_of_those_who_drain_a_stream_add_up_to_what_was_done_there() {
    let mut queue = TestQueue::with(Settings { batch_size: 4, ..settings() });
    assert!(queue.queue().stats().unwrap().shares().is_empty());
    queue.add_parcels(0..10);
    for other in ["p1 1", "p11 heavy"] {
        queue.add(Stream::Ingress, other);
    }
    Drain::new(&mut queue.queue(), &Scale).step().unwrap();
    queue.settings.consumer = Name::from_static("another_1");
    queue.drain(&Scale);
    queue.drain(&BY_BIKE);
    let stats = queue.queue().stats().unwrap();
    let shares = serde_json::to_value(stats.shares()).unwrap();
    // A duplicate and a dead letter are work as well.
    let expected = serde_json::json!({
        "ingress": { "spin": 4, "another_1": 8 }, "bike": { "another_1": 6 },
    });
    assert_eq!(shares, expected);
}

#[test]
fn everything_that_happens_to_messages_is_measured_once() {
    let mut queue = TestQueue::with(Settings { batch_size: 5, ..settings() });
    queue.add_parcels(0..12);
    for other in ["p1 1", "p20 heavy", "?"] {
        queue.add(Stream::Ingress, other);
    }
    queue.drain_all();
    let before = queue.queue().counters().unwrap();
    for (name, count) in [
        ("drains:ingress", 1),
        ("drains:bike", 1),
        ("dead:ingress:no_weight", 2),
        ("batch:ingress:5", 3),
        // Batches of five were routed as 3 + 2, 4 + 1, 1 and 1: a claim takes entries until it has
        // five.
        ("batch:bike:inf", 0),
        ("redelivered:ingress", 0),
        ("superseded:ingress", 0),
        ("out_of_time:ingress", 0),
    ] {
        assert_eq!(counter(&mut queue, name), count, "{name}");
    }
    assert_eq!(histogram(&mut queue, "batch:ingress"), (3, 15));
    assert_eq!(histogram(&mut queue, "wait:ingress").0, 15);
    assert_eq!(histogram(&mut queue, "done:bike").0 + histogram(&mut queue, "done:van").0, 12);
    assert_eq!(histogram(&mut queue, "done:ingress").0, 0);
    // A drain that finds nothing counts for nothing.
    queue.drain_all();
    assert_eq!(queue.queue().counters().unwrap(), before);
}

#[test]
fn waits_are_measured_from_the_entry_and_from_ingress() {
    let mut queue = TestQueue::opened();
    let now_ms = queue.now_ms();
    let label = |ago_ms: i64| format!("{}-0", now_ms - ago_ms);
    for (ago_ms, ingress) in
        [(20_000, label(40_000)), (15_000, "soon".into()), (12_000, "9007199254740991-0".into())]
    {
        let parcel = format!("b{ago_ms} 1");
        queue.add_entry(BIKE, &label(ago_ms), &[(&ingress, &parcel)]);
    }
    queue.drain(&BY_BIKE);
    for (name, count) in [("wait:bike:30000", 3), ("done:bike:60000", 1), ("done:bike:30000", 1)] {
        assert_eq!(counter(&mut queue, name), count, "{name}");
    }
    assert_eq!(counter(&mut queue, "done:bike:1"), 1, "what lies in the future waited for nothing");
    let (_, sum) = histogram(&mut queue, "done:bike");
    assert!((55_000..100_000).contains(&sum), "{sum}");
}

/// Keeps what a host is given.
#[derive(Default)]
struct Witness(Vec<String>);

impl Host for Witness {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn committed(&mut self, batch: &Batch<'_>) {
        self.0.extend(batch.applied().map(|(message, _)| message.entry_id.to_string()));
    }
}

/// Lets another drain commit some overdue entries while a batch is decided. Gives what the slow one
/// applied.
fn overtake(queue: &mut TestQueue, role: &(impl Role + Copy), overdue: &[String]) -> Vec<String> {
    let (url, faster) = (queue.server.url(), Name::from_static("faster"));
    let settings = Settings { consumer: faster, ..queue.settings.clone() };
    let mut overtake = || {
        let mut redis = native::RedisConnection::open(&url).unwrap();
        let keys = Keys::new(&settings);
        for id in overdue {
            let key = keys.stream(role.stream());
            let claim = [key, queue::GROUP, "spin", "0", id, "IDLE", "61000", "JUSTID"];
            redis::cmd("XCLAIM").arg(&claim).exec(redis.inner()).unwrap();
        }
        let mut handle = Queue::new(&mut redis, &settings);
        assert_eq!(
            drain(&mut handle, role, &mut || Duration::ZERO).0.applied,
            overdue.len() as u64
        );
    };
    let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut overtake) };
    let mut witness = Witness::default();
    let mut handle = Queue::new(&mut connection, &queue.settings);
    let (tally, result) = drain(&mut handle, role, &mut witness);
    result.unwrap();
    assert_eq!(tally.superseded, overdue.len() as u64);
    witness.0
}

#[test]
fn what_two_drains_decided_is_applied_and_counted_by_the_one_that_committed_first() {
    for is_measured in [true, false] {
        let mut queue = TestQueue::new();
        let metrics = queue.keys.metrics().to_owned();
        if !is_measured {
            let _: () = queue.ask(&["SET", &metrics, "no hash"]);
        }
        let parcels: Vec<String> = (0..10).map(parcel).collect();
        let ids: Vec<String> = parcels.iter().map(|p| queue.add(Stream::Ingress, p)).collect();
        let applied = overtake(&mut queue, &Scale, &ids[3..6]);
        assert_eq!(applied, [&ids[..3], &ids[6..]].concat());
        let totals = queue.totals();
        let shares = (totals["applied_ingress:spin"], totals["applied_ingress:faster"]);
        assert_eq!((shares, totals["entries_ingress"]), ((7, 3), 10));
        queue.drain_all();
        queue.assert_confirmed(&parcels);
        assert_eq!((totals.get("duplicates"), queue.vanished()), (None, 0));
        if is_measured {
            assert_eq!(counter(&mut queue, "superseded:ingress"), 3);
            assert_eq!(counter(&mut queue, "redelivered:ingress"), 3);
        }
    }
}

/// Delivers by bike and writes megabytes about each parcel.
#[derive(Clone, Copy)]
struct Wordy;

impl Role for Wordy {
    fn stream(&self) -> Stream {
        BIKE
    }

    fn decide(&self, message: &Message, body: &[u8]) -> Outcome {
        match BY_BIKE.decide(message, body) {
            Outcome::Confirm { id, result } => {
                Outcome::Confirm { id, result: result.repeat(200_000) }
            }
            other => other,
        }
    }
}

#[test]
fn long_results_are_committed_in_parts_and_each_is_reported_once() {
    let mut queue = TestQueue::opened();
    let ids: Vec<String> = (1..=5).map(|it| queue.add(BIKE, &format!("b{it} 1"))).collect();
    let applied = overtake(&mut queue, &Wordy, &ids[2..4]);
    assert_eq!(applied, [&ids[..2], &ids[4..]].concat());
    assert_eq!((queue.results().len(), queue.length(BIKE), queue.vanished()), (5, 0, 0));
    // Counted are commits without a superseded entry: of two, of each by the other drain, and of
    // the last.
    assert_eq!(histogram(&mut queue, "batch:bike"), (4, 5));
}

#[test]
fn a_batch_that_was_split_meanwhile_is_applied_by_its_parts() {
    let mut queue = TestQueue::new();
    let parcels = queue.add_parcels(0..9);
    queue.drain(&Scale);
    let bike = queue.keys.stream(BIKE).to_owned();
    let entries: Vec<redis::Value> = queue.ask(&["XRANGE", &bike, "-", "+"]);
    assert_eq!(entries.len(), 1);
    let url = queue.server.url();
    let settings = queue.settings.clone();
    let mut split = || {
        let mut other = redis::Client::open(&*url).unwrap().get_connection().unwrap();
        let mut redis = native::RedisConnection::open(&url).unwrap();
        let pending: redis::streams::StreamPendingCountReply =
            redis::Commands::xpending_count(&mut other, &bike, queue::GROUP, "-", "+", 1).unwrap();
        let claim = [&bike, queue::GROUP, "x", "0", &pending.ids[0].id, "IDLE", "61000", "JUSTID"];
        redis::cmd("XCLAIM").arg(&claim).exec(&mut other).unwrap();
        let mut handle = Queue::new(&mut redis, &settings);
        let (tally, _) = drain(&mut handle, &BY_BIKE, &mut || Duration::ZERO);
        assert_eq!((tally.split, tally.confirmed), (1, 6));
    };
    let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut split) };
    let mut handle = Queue::new(&mut connection, &queue.settings);
    let (tally, _) = drain(&mut handle, &BY_BIKE, &mut || Duration::ZERO);
    assert_eq!((tally.superseded, tally.applied), (6, 0));
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    assert_eq!((queue.totals()["waiting_bike"], queue.vanished()), (0, 0));
}
