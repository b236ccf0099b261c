//! Batches in lanes: their limits, and that an overdue one is split.

use native::RedisConnection;
use queue::{Drain, Message, Outcome, Queue, Role, Settings, State, Stream};

use crate::support::{
    BIKE, BY_BIKE, BY_VAN, Dies, Ears, Scale, TestQueue, VAN, id_of, parcel, settings,
};

/// Parcels that go by bike.
fn by_bike(count: usize) -> Vec<String> {
    let is_light = |parcel: &String| parcel.split(' ').nth(1).is_some_and(|kg| kg.len() == 1);
    (0..).map(parcel).filter(is_light).take(count).collect()
}

/// Lets instances run, each until it dies or finds nothing, and time pass between them.
fn run_instances(queue: &mut TestQueue, role: &impl Role) -> u32 {
    let mut deaths = 0;
    for _ in 0..400 {
        let drain = std::panic::AssertUnwindSafe(|| queue.drain(role));
        deaths += u32::from(std::panic::catch_unwind(drain).is_err());
        if queue.length(role.stream()) == 0 {
            return deaths;
        }
        queue.age_pending();
    }
    panic!("the lane is not drained");
}

#[test]
fn a_poison_message_in_a_batch_of_200_dies_alone() {
    let mut queue = TestQueue::with(Settings { max_deliveries: 3, ..settings() });
    let mut parcels = by_bike(200);
    for parcel in &parcels {
        queue.add(Stream::Ingress, parcel);
    }
    let ids: Vec<String> = parcels.iter().map(|parcel| id_of(parcel).to_owned()).collect();
    queue.drain(&Scale);
    assert_eq!(queue.length(BIKE), 1);
    let poison = parcels.remove(100);
    let mortal = Dies(BY_BIKE, Box::leak(poison.clone().into_boxed_str()));
    // Once with the batch, once with all its parts, then alone until it was delivered three times.
    assert_eq!(run_instances(&mut queue, &mortal), 4);
    queue.assert_confirmed(&parcels);
    let letters = queue.dead_letters();
    assert_eq!(letters.len(), 1);
    let letter = ["code", "message", "message_id", "delivery_count", "stream"];
    let found = letter.map(|field| letters[0][field].as_str());
    assert_eq!(found, ["max_deliveries", &poison, &ids[100], "4", "bike"]);
    assert_eq!(queue.status(&ids[100]).state, State::DeadLettered);
    let totals = queue.totals();
    let count = |name: &str| totals[name];
    assert_eq!(
        (count("confirmed_bike"), count("dead_lettered_bike"), count("waiting_bike")),
        (199, 1, 0)
    );
    assert_eq!((totals.get("duplicates"), queue.vanished()), (None, 0));
}

#[test]
fn a_poison_message_in_ingress_dies_alone() {
    let mut queue = TestQueue::with(Settings { max_deliveries: 3, batch_size: 10, ..settings() });
    let mut parcels = queue.add_parcels(0..25);
    parcels.remove(5);
    assert_eq!(run_instances(&mut queue, &Dies(Scale, "p5 ")), 3, "the first delivery counts");
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    let letters = queue.dead_letters();
    assert_eq!((letters.len(), letters[0]["delivery_count"].as_str()), (1, "4"));
    assert_eq!(queue.status("p5").state, State::DeadLettered);
}

/// Dies even at reading the id.
struct Unreadable;

impl Role for Unreadable {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }

    fn decide(&self, _: &Message, _: &[u8]) -> Outcome {
        panic!("poison")
    }

    fn identity(&self, _: &[u8]) -> Option<String> {
        panic!("poison")
    }
}

#[test]
fn a_message_whose_id_cannot_be_read_is_dead_lettered_without_it_one_delivery_later() {
    let mut queue = TestQueue::with(Settings { max_deliveries: 2, ..settings() });
    queue.add_parcels(0..1);
    assert_eq!(run_instances(&mut queue, &Unreadable), 3);
    let letter = queue.dead_letters().remove(0);
    assert_eq!((letter["delivery_count"].as_str(), letter.get("message_id")), ("4", None));
}

#[test]
fn a_split_counts_its_messages_and_keeps_their_times() {
    let mut queue = TestQueue::new();
    let parcels = queue.add_parcels(0..9);
    queue.drain(&Scale);
    let before = queue.status("p1");
    queue.hold(&BY_BIKE);
    queue.age_pending();
    // Without the records only the labels know the times.
    let index = queue.keys.index().to_owned();
    let _: i64 = queue.ask(&["DEL", &index]);
    let tally = queue.drain(&BY_BIKE);
    assert_eq!((tally.split, tally.confirmed, tally.redelivered), (1, 6, 0));
    queue.drain(&BY_VAN);
    queue.assert_confirmed(&parcels);
    assert_eq!(queue.status("p1").ingress, before.ingress);
    assert_eq!(queue.vanished(), 0);
}

#[test]
fn of_several_overdue_batches_all_are_split_before_new_ones_are_handed_out() {
    let mut queue = TestQueue::with(Settings { batch_size: 6, ..settings() });
    let parcels = queue.add_parcels(0..18);
    queue.drain(&Scale);
    queue.settings.batch_size = 2;
    for _ in 0..3 {
        queue.hold(&BY_VAN);
    }
    queue.age_pending();
    assert_eq!(queue.drain(&BY_VAN).split, 3);
    queue.drain(&BY_BIKE);
    queue.assert_confirmed(&parcels);
}

#[test]
fn a_claim_splits_20_batches_at_most_and_rings_for_the_rest() {
    // Of six parcels two go by van.
    let mut queue = TestQueue::with(Settings { batch_size: 6, ..settings() });
    let parcels = queue.add_parcels(0..216);
    queue.drain(&Scale);
    queue.settings.batch_size = 1;
    for _ in 0..36 {
        queue.hold(&BY_VAN);
    }
    queue.age_pending();
    queue.settings.batch_size = 5;
    let mut ears = Ears::new(&queue);
    let mut redis = RedisConnection::open(&queue.server.url()).unwrap();
    let settings = queue.settings.clone();
    let mut same = Queue::new(&mut redis, &settings);
    let mut drain = Drain::new(&mut same, &BY_VAN);
    drain.step().unwrap();
    assert_eq!((drain.tally().split, drain.tally().confirmed), (20, 5));
    assert_eq!(ears.rings(&mut queue), ["van"]);
    drain.step().unwrap();
    assert_eq!((drain.tally().split, drain.tally().confirmed), (36, 10));
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    assert_eq!(queue.vanished(), 0);
}

/// What is special, the fields of an entry, and how many messages of it are confirmed.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], usize);

#[test]
fn entries_that_were_written_by_hand_are_handed_out_and_split_like_others() {
    let mut queue = TestQueue::with(Settings { batch_size: 10, ..settings() });
    let fields: Vec<(String, String)> =
        (0..2_000).map(|number| (format!("f{number}"), format!("b{number} 1"))).collect();
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let long = "x".repeat(1_000_000);
    let far = format!("1-{}", "9".repeat(40));
    let cases: [Case<'_>; 8] = [
        ("one that is no label", &[("parcel", "b1 1")], 1),
        ("the same label twice", &[("5-1", "b1 1"), ("5-1", "b2 2"), ("5-1", "b3 3")], 3),
        ("a copy", &[("5-1", "b1 1"), ("5-2", "b1 2")], 1),
        ("no name at all", &[("", "b1 1"), (" ", "b2 1"), ("5-1 ", "b3 1")], 3),
        ("a long label", &[(&long, "b1 1"), ("5-1", "b2 2")], 2),
        ("a number without end", &[(&far, "b1 1")], 1),
        ("a label that is no text", &[("\u{0}\n\u{7f}", "b1 1"), ("-", "b2 1")], 2),
        ("2,000 of them, more than a batch", &fields, 2_000),
    ];
    for is_overdue in [false, true] {
        for (what, fields, confirmed) in &cases {
            queue.open();
            queue.add_entry(BIKE, "*", fields);
            if is_overdue {
                queue.hold(&BY_BIKE);
                queue.age_pending();
            }
            let tally = queue.drain(&BY_BIKE);
            assert_eq!(tally.split, u64::from(is_overdue && fields.len() > 1), "{what}");
            assert_eq!(tally.applied, fields.len() as u64, "{what}");
            assert_eq!(queue.results().len(), *confirmed, "{what}");
            assert_eq!((queue.length(BIKE), queue.vanished()), (0, 0), "{what}");
            let status = queue.status("b1");
            assert_eq!((status.state, status.lane.as_deref()), (State::Confirmed, Some("bike")));
        }
    }
}

#[test]
fn messages_too_long_for_a_lane_are_dead_lettered_whole_and_their_neighbours_are_confirmed() {
    let mut queue = TestQueue::with(Settings { max_message_bytes: 50, ..settings() });
    let long = format!("b1 {}", "0".repeat(48));
    for is_overdue in [false, true] {
        queue.open();
        let just = format!("b2 {}1", "0".repeat(46));
        queue.add_entry(BIKE, "*", &[("5-1", "b0 1"), ("5-2", &long), ("5-3", &just)]);
        if is_overdue {
            queue.hold(&BY_BIKE);
            queue.age_pending();
        }
        queue.drain(&BY_BIKE);
        assert_eq!(queue.results().len(), 2);
        let letter = queue.dead_letters().remove(0);
        assert_eq!(letter["code"], "message_too_large");
        assert_eq!((&letter["message"], letter["ingress"].as_str()), (&long, "5-2"));
    }
}

/// How many messages the entries of a lane hold.
fn lengths(queue: &mut TestQueue, stream: Stream) -> Vec<usize> {
    let key = queue.keys.stream(stream).to_owned();
    queue.entries(&key).iter().map(std::collections::BTreeMap::len).collect()
}

#[test]
fn an_entry_of_a_lane_holds_at_most_200_messages_and_256_kib() {
    let mut queue = TestQueue::with(Settings { batch_size: 1_000, ..settings() });
    let parcels = by_bike(401);
    for parcel in &parcels {
        queue.add(Stream::Ingress, parcel);
    }
    queue.drain(&Scale);
    assert_eq!(lengths(&mut queue, BIKE), [200, 200, 1]);
    queue.drain(&BY_BIKE);
    queue.assert_confirmed(&parcels);
    // Of 64 KiB four fill an entry exactly; a byte more in one of them, and it holds three.
    let long = |id: char, bytes: usize| format!("{id} {}20", "0".repeat(bytes - 4));
    for (extra, expected) in [(0, vec![4, 1]), (1, vec![3, 2])] {
        let _: () = queue.ask(&["FLUSHALL"]);
        queue.settings.max_message_bytes = 65_537;
        for (id, more) in [('a', 0), ('b', 0), ('c', 0), ('d', extra), ('e', 0)] {
            queue.add(Stream::Ingress, &long(id, 65_536 + more));
        }
        queue.drain(&Scale);
        assert_eq!(lengths(&mut queue, VAN), expected);
        queue.drain(&BY_VAN);
        assert_eq!(queue.results().len(), 5);
    }
}

#[test]
fn a_claim_from_a_lane_takes_entries_until_it_has_a_batch() {
    let mut queue = TestQueue::with(Settings { batch_size: 4, ..settings() });
    let parcels = by_bike(10);
    for parcel in &parcels {
        queue.add(Stream::Ingress, parcel);
    }
    queue.drain(&Scale);
    assert_eq!(lengths(&mut queue, BIKE), [4, 4, 2]);
    queue.settings.batch_size = 5;
    let tally = queue.drain(&BY_BIKE);
    assert_eq!((tally.batches, tally.confirmed), (2, 10), "one of eight and one of two");
    queue.assert_confirmed(&parcels);
}

#[test]
fn thousands_of_broken_messages_in_one_entry_do_not_keep_redis_busy() {
    let mut queue = TestQueue::opened();
    let fields: Vec<(String, String)> =
        (0..5_000).map(|number| (format!("{number}-0"), format!("b{number} heavy"))).collect();
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    queue.add_entry(BIKE, "*", &fields);
    let _: () = queue.ask(&["CONFIG", "RESETSTAT"]);
    let began = std::time::Instant::now();
    assert_eq!(queue.drain(&BY_BIKE).dead_lettered, 5_000);
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(3), "{took:?}");
    let stats: String = queue.ask(&["INFO", "commandstats"]);
    assert!(stats.contains("cmdstat_xrange:calls=1,"), "{stats}");
    assert_eq!(queue.letters(&queue::Filter::default())[999].ingress, "999-0");
}
