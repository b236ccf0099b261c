//! The life of a message: enqueued, routed, confirmed or dead-lettered.

use queue::{Drain, Enqueued, Message, Outcome, Queue, Role, Settings, State, Step, Stream};

use crate::support::{BIKE, BY_BIKE, BeforeCommit, Scale, TestQueue, VAN, id_of, parcel, settings};

#[test]
fn messages_of_any_producer_are_routed_in_batches_and_confirmed_once() {
    let mut queue = TestQueue::new();
    let parcels: Vec<String> = (0..450).map(parcel).collect();
    for parcel in &parcels[..50] {
        queue.add(Stream::Ingress, parcel);
    }
    let rest: Vec<(&str, &[u8])> =
        parcels[50..].iter().map(|parcel| (id_of(parcel), parcel.as_bytes())).collect();
    let enqueued = queue.queue().enqueue(&rest, 0, None).unwrap();
    assert_eq!(enqueued, Enqueued::Written { backlog: 450 });
    let tally = queue.drain(&Scale);
    assert_eq!((tally.applied, tally.routed, tally.batches), (450, 450, 3));
    // Three batches of 200, 200 and 50: one entry a lane for each.
    assert_eq!((queue.length(BIKE), queue.length(VAN)), (3, 3));
    let stats = queue.queue().stats().unwrap();
    assert_eq!((stats.streams["bike"].messages, stats.streams["van"].messages), (300, 150));
    assert_eq!(stats.backlog(), 450);
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    let stats = queue.queue().stats().unwrap();
    assert_eq!((stats.backlog(), stats.results, stats.dead_letters), (0, 450, 0));
    assert!(stats.streams.values().all(|stream| stream.vanished == 0), "{stats:?}");
    let status = queue.queue().status("p7").unwrap().unwrap();
    assert_eq!(status.state, State::Confirmed);
    assert_eq!(status.result.as_deref(), Some(&b"p7 of 7 by bike"[..]));
    assert_eq!((status.lane.as_deref(), status.note.as_deref()), (Some("bike"), Some("7")));
}

#[test]
fn batches_of_a_thousand_and_calls_of_a_hundred_thousand_work_and_can_be_undone() {
    let mut queue = TestQueue::with(Settings { batch_size: 1_000, ..settings() });
    let parcels: Vec<String> = (0..100_000).map(|number| format!("p{number} 1")).collect();
    let _: () = queue.ask(&["ACL", "SETUSER", "default", "-hset"]);
    queue.queue().enqueue(&[("p", b"p 1")], 0, None).unwrap_err();
    let _: () = queue.ask(&["ACL", "SETUSER", "default", "+hset"]);
    queue.queue().tick(Stream::Ingress).unwrap();
    let _: () = queue.ask(&["ACL", "SETUSER", "default", "-hset"]);
    let messages: Vec<(&str, &[u8])> =
        parcels.iter().map(|parcel| (id_of(parcel), parcel.as_bytes())).collect();
    // Its last command is the first that is refused: all is undone.
    queue.queue().enqueue(&messages[..20_000], 0, None).unwrap_err();
    assert_eq!(queue.length(Stream::Ingress), 0);
    let _: () = queue.ask(&["ACL", "SETUSER", "default", "+hset"]);
    assert_eq!(queue.vanished(), 0);
    let enqueued = queue.queue().enqueue(&messages, 0, None).unwrap();
    assert_eq!(enqueued, Enqueued::Written { backlog: 100_000 });
    queue.add(Stream::Ingress, "p1 1");
    assert_eq!(queue.status("p99999").state, State::Queued);
    let mut handle = queue.queue();
    let mut drain = Drain::new(&mut handle, &Scale);
    for _ in 0..3 {
        drain.step().unwrap();
    }
    assert_eq!(drain.tally().routed, 3_000);
    assert_eq!(queue.drain(&BY_BIKE).confirmed, 3_000);
    let stats = queue.queue().stats().unwrap();
    assert_eq!((stats.backlog(), stats.results), (97_001, 3_000));
}

#[test]
fn a_server_that_forgets_its_scripts_is_taught_again() {
    let mut queue = TestQueue::new();
    let mut parcels = Vec::new();
    for number in 0..3 {
        parcels.extend(queue.add_parcels(number..number + 1));
        let _: () = queue.ask(&["SCRIPT", "FLUSH"]);
        queue.drain_all();
    }
    queue.assert_confirmed(&parcels);
}

#[test]
fn a_step_takes_at_most_a_batch_and_says_when_nothing_is_left() {
    let mut queue = TestQueue::with(Settings { batch_size: 4, ..settings() });
    queue.add_parcels(0..10);
    let mut handle = queue.queue();
    let mut drain = Drain::new(&mut handle, &Scale);
    let mut applied = Vec::new();
    while drain.step().unwrap() != Step::Empty {
        applied.push(drain.tally().applied);
    }
    assert_eq!((applied, drain.tally().batches), (vec![4, 8, 10], 3));
}

#[test]
fn a_step_reads_no_further_entries_after_4_mib_and_rings_for_the_rest() {
    let mut queue = TestQueue::new();
    let other = "x".repeat(300_000);
    for number in 0..50 {
        let fields = [("message", &*parcel(number)), ("other", &other)];
        queue.add_entry(Stream::Ingress, "*", &fields);
    }
    let bell = queue.keys.bell(Stream::Ingress).to_owned();
    let mut handle = queue.queue();
    let mut drain = Drain::new(&mut handle, &Scale);
    drain.step().unwrap();
    assert_eq!(drain.tally().applied, 20);
    assert_eq!(queue.ask::<String>(&["GET", &bell]), "1");
    assert_eq!(queue.drain(&Scale).applied, 30);
}

#[test]
fn overdue_entries_come_before_new_ones_and_each_alone() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..3);
    queue.hold(&Scale);
    queue.age_pending();
    queue.add_parcels(3..8);
    let mut handle = queue.queue();
    let mut drain = Drain::new(&mut handle, &Scale);
    let mut applied = Vec::new();
    while drain.step().unwrap() != Step::Empty {
        applied.push(drain.tally().applied);
    }
    assert_eq!((applied, drain.tally().redelivered), (vec![1, 2, 3, 8], 3));
}

#[test]
fn an_entry_idle_past_the_limit_is_redelivered_and_one_just_short_of_it_is_not() {
    let mut queue = TestQueue::new();
    let ids = [1, 2].map(|number| queue.add(Stream::Ingress, &parcel(number)));
    queue.hold(&Scale);
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    for (id, idle_ms) in ids.iter().zip(["60001", "50000"]) {
        let claim = ["XCLAIM", &key, queue::GROUP, "x", "0", id, "IDLE", idle_ms, "JUSTID"];
        let _: redis::Value = queue.ask(&claim);
    }
    let tally = queue.drain(&Scale);
    assert_eq!((tally.applied, tally.redelivered), (1, 1));
    assert_eq!(queue.pending(Stream::Ingress), [(ids[1].clone(), 1)]);
}

#[test]
fn a_group_that_somebody_destroyed_is_made_again_and_nothing_is_lost() {
    for while_in_hand in [false, true] {
        let mut queue = TestQueue::new();
        let parcels = queue.add_parcels(0..9);
        let key = queue.keys.stream(Stream::Ingress).to_owned();
        if while_in_hand {
            let url = queue.server.url();
            let mut destroy = || {
                let mut other = redis::Client::open(&*url).unwrap().get_connection().unwrap();
                redis::cmd("XGROUP")
                    .arg(&["DESTROY", &key, queue::GROUP])
                    .exec(&mut other)
                    .unwrap();
            };
            let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut destroy) };
            let mut handle = Queue::new(&mut connection, &queue.settings);
            Drain::new(&mut handle, &Scale).step().unwrap_err();
        } else {
            queue.hold(&Scale);
            let _: i64 = queue.ask(&["XGROUP", "DESTROY", &key, queue::GROUP]);
        }
        let tick = queue.queue().tick(Stream::Ingress).unwrap();
        assert_eq!((tick.waiting, tick.rung), (9, true));
        queue.drain_all();
        queue.assert_confirmed(&parcels);
        assert_eq!((queue.vanished(), queue.totals().get("duplicates")), (0, None));
    }
}

#[test]
fn entries_behind_the_position_of_the_group_are_handed_out_after_a_tick() {
    for how in ["SETID", "DELCONSUMER", "XACK", "SETID far ahead"] {
        let mut queue = TestQueue::new();
        queue.drain(&Scale);
        let parcels = queue.add_parcels(0..9);
        let key = queue.keys.stream(Stream::Ingress).to_owned();
        let group = ["XGROUP", "SETID", &key, queue::GROUP];
        match how {
            "SETID" => queue.ask::<()>(&[&group[..], &["$"]].concat()),
            "SETID far ahead" => {
                let most = u64::MAX.to_string();
                queue.ask::<()>(&[&group[..], &[&format!("{most}-{most}")]].concat());
            }
            _ => {
                queue.hold(&Scale);
                let consumer = queue.settings.consumer.as_str().to_owned();
                if how == "DELCONSUMER" {
                    let delete = ["XGROUP", "DELCONSUMER", &key, queue::GROUP, &consumer];
                    assert_eq!(queue.ask::<u64>(&delete), 9);
                } else {
                    for (id, _) in queue.pending(Stream::Ingress) {
                        assert_eq!(queue.ask::<u64>(&["XACK", &key, queue::GROUP, &id]), 1);
                    }
                }
            }
        }
        assert_eq!(queue.drain(&Scale).applied, 0, "{how}");
        let tick = queue.queue().tick(Stream::Ingress).unwrap();
        assert_eq!((tick.waiting, tick.rung), (9, true), "{how}");
        queue.drain_all();
        queue.assert_confirmed(&parcels);
    }
}

#[test]
fn a_tick_leaves_a_group_alone_whose_entries_are_in_work_or_still_to_come() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..9);
    queue.hold(&Scale);
    queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!(queue.drain(&Scale).applied, 0, "the batch in work is not handed out again");
    queue.add_parcels(9..10);
    queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!(queue.drain(&Scale).applied, 1);
}

/// Routes from a lane, which no program may do.
struct Relay;

impl Role for Relay {
    fn stream(&self) -> Stream {
        BIKE
    }

    fn decide(&self, _: &Message, _: &[u8]) -> Outcome {
        Outcome::Route { id: "p1".into(), lane: "van", note: String::new() }
    }
}

#[test]
fn a_program_that_routes_from_a_lane_stops_and_loses_nothing() {
    let mut queue = TestQueue::new();
    let parcels = queue.add_parcels(1..2);
    queue.drain(&Scale);
    let drain = std::panic::AssertUnwindSafe(|| queue.drain(&Relay));
    assert!(std::panic::catch_unwind(drain).is_err());
    queue.drain_rest();
    queue.assert_confirmed(&parcels);
}

#[test]
fn a_queue_without_lanes_confirms_from_ingress() {
    struct Echo;
    impl Role for Echo {
        fn stream(&self) -> Stream {
            Stream::Ingress
        }

        fn decide(&self, _: &Message, body: &[u8]) -> Outcome {
            let id = String::from_utf8_lossy(body).into_owned();
            Outcome::Confirm { id, result: body.to_vec() }
        }
    }
    let mut queue = TestQueue::with(Settings { lanes: &[], ..settings() });
    for message in ["a", "b", "a"] {
        queue.add(Stream::Ingress, message);
    }
    queue.drain(&Echo);
    queue.add(Stream::Ingress, "b");
    queue.drain(&Echo);
    assert_eq!(queue.results(), ["a", "b"].map(|text| (text.to_owned(), text.to_owned())));
    assert_eq!(queue.totals()["duplicates"], 2);
}
