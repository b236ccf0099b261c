//! Paused streams: no entry is handed out, no bell rings, nothing is lost, and a resume works at
//! once.

use queue::{Drain, Enqueued, Pause, Queue, Settings, Step, Stream};

use crate::support::{
    BIKE, BY_BIKE, BY_VAN, BeforeCommit, Ears, Scale, TestQueue, VAN, id_of, parcel, settings,
};

fn queue() -> TestQueue {
    TestQueue::with(Settings { batch_size: 4, bell_ms: 60_000, ..settings() })
}

#[test]
fn a_paused_stream_hands_out_nothing_and_the_others_go_on() {
    let mut queue = queue();
    let parcels = queue.add_parcels(0..9);
    queue.queue().pause(VAN, "works").unwrap();
    queue.drain_all();
    assert_eq!(queue.queue().stats().unwrap().streams["van"].messages, 3);
    assert_eq!((queue.pending(VAN).len(), queue.results().len()), (0, 6));
    assert!(queue.drain(&BY_VAN).is_idle());
    assert!(queue.queue().resume(VAN).unwrap());
    queue.drain(&BY_VAN);
    queue.assert_confirmed(&parcels);
}

#[test]
fn a_paused_queue_takes_messages_up_to_the_backlog_all_of_a_call_or_none() {
    let mut queue = queue();
    queue.queue().pause(Stream::Ingress, "works").unwrap();
    let parcels: Vec<String> = (0..6).map(parcel).collect();
    let messages: Vec<(&str, &[u8])> =
        parcels.iter().map(|parcel| (id_of(parcel), parcel.as_bytes())).collect();
    let enqueue =
        |queue: &mut TestQueue, messages| queue.queue().enqueue(messages, 5, None).unwrap();
    assert_eq!(enqueue(&mut queue, &messages[..3]), Enqueued::Written { backlog: 3 });
    assert_eq!(enqueue(&mut queue, &messages[3..]), Enqueued::Full { backlog: 3 });
    queue.queue().resume(Stream::Ingress).unwrap();
    queue.drain(&Scale);
    assert_eq!(
        queue.queue().enqueue(&messages[3..], 5, None).unwrap(),
        Enqueued::Full { backlog: 3 }
    );
    let rest = queue.queue().enqueue(&messages[3..5], 5, None).unwrap();
    assert_eq!(rest, Enqueued::Written { backlog: 5 }, "routed ones wait as well");
    assert_eq!(queue.length(Stream::Ingress), 2);
    queue.drain_all();
    queue.assert_confirmed(&parcels[..5]);
}

/// Runs a drain of ingress that somebody pauses between its first claim and the commit.
fn drain_and_pause(
    queue: &mut TestQueue,
    run: impl FnOnce(Drain<'_, '_, BeforeCommit<'_>, Scale>),
) {
    let mut other = native::RedisConnection::open(&queue.server.url()).unwrap();
    let mut pause = || {
        Queue::new(&mut other, &queue.settings).pause(Stream::Ingress, "now").unwrap();
    };
    let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut pause) };
    run(Drain::new(&mut Queue::new(&mut connection, &queue.settings), &Scale));
}

#[test]
fn a_pause_in_mid_drain_lets_the_batch_in_hand_be_committed_and_no_other_be_claimed() {
    let mut queue = queue();
    let parcels = queue.add_parcels(0..6);
    drain_and_pause(&mut queue, |mut drain| {
        assert_eq!(drain.step().unwrap(), Step::Committed);
        assert_eq!(drain.step().unwrap(), Step::Empty);
        assert_eq!(drain.tally().routed, 4);
    });
    assert_eq!((queue.length(Stream::Ingress), queue.pending(Stream::Ingress).len()), (2, 0));
    queue.queue().resume(Stream::Ingress).unwrap();
    queue.drain_all();
    queue.assert_confirmed(&parcels);
}

#[test]
fn a_commit_that_empties_a_paused_stream_leaves_its_bell_silent() {
    let mut queue = queue();
    queue.add_parcels(0..1);
    let mut ears = Ears::new(&queue);
    drain_and_pause(&mut queue, |mut drain| assert_eq!(drain.step().unwrap(), Step::Emptied));
    assert_eq!(ears.rings(&mut queue).len(), 1, "a lane");
    queue.enqueue(&[parcel(1)]);
    assert_eq!(ears.rings(&mut queue), [""; 0]);
}

#[test]
fn overdue_entries_wait_as_well_and_keep_their_delivery_count() {
    let mut queue = queue();
    let parcels = queue.add_parcels(0..6);
    queue.hold(&Scale);
    queue.age_pending();
    queue.queue().pause(Stream::Ingress, "works").unwrap();
    for _ in 0..20 {
        assert!(queue.drain(&Scale).is_idle());
    }
    let tick = queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!((tick.waiting, tick.pending, tick.overdue), (2, 4, true));
    assert_eq!((tick.rung, tick.paused), (false, true));
    queue.queue().resume(Stream::Ingress).unwrap();
    let tally = queue.drain(&Scale);
    assert_eq!((tally.redelivered, tally.applied, tally.dead_lettered), (4, 6, 0));
    queue.drain_all();
    queue.assert_confirmed(&parcels);
}

#[test]
fn nobody_is_rung_for_a_paused_stream_and_a_resume_rings_at_once() {
    // So short that a ring which was only coalesced would be heard again and again.
    let mut queue = TestQueue::with(Settings { bell_ms: 1, ..settings() });
    for stream in [Stream::Ingress, BIKE] {
        queue.queue().pause(stream, "works").unwrap();
    }
    let mut ears = Ears::new(&queue);
    for number in [1, 2, 4, 5] {
        queue.enqueue(&[parcel(number)]);
        queue.drain(&Scale);
        queue.queue().tick(Stream::Ingress).unwrap();
    }
    assert_eq!(ears.rings(&mut queue), [""; 0]);
    assert!(queue.queue().resume(Stream::Ingress).unwrap());
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
    queue.drain(&Scale);
    queue.queue().tick(BIKE).unwrap();
    assert_eq!(ears.rings(&mut queue), [""; 0], "the lane is still paused");
    queue.queue().resume(BIKE).unwrap();
    assert_eq!(ears.rings(&mut queue), ["bike"]);
    queue.drain(&BY_BIKE);
    queue.enqueue(&[parcel(7)]);
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
}

#[test]
fn a_ring_that_was_lost_before_or_in_a_pause_costs_nothing_after_it() {
    let mut queue = queue();
    queue.enqueue(&[parcel(1)]);
    queue.queue().pause(Stream::Ingress, "works").unwrap();
    queue.drain(&Scale);
    let bell = queue.keys.bell(Stream::Ingress).to_owned();
    let left: i64 = queue.ask(&["PTTL", &bell]);
    assert!(
        (1..=60_000).contains(&left),
        "a pause that is deleted by hand is silent for {left} ms"
    );
    let mut ears = Ears::new(&queue);
    queue.queue().resume(Stream::Ingress).unwrap();
    assert_eq!(ears.rings(&mut queue), ["ingress"], "whatever was there before");
    let _: i64 = queue.ask(&["PEXPIRE", &bell, "0"]);
    assert!(queue.queue().tick(Stream::Ingress).unwrap().rung);
}

#[test]
fn a_second_pause_keeps_since_when_and_takes_the_new_reason() {
    let mut queue = queue();
    let before = queue.now_ms();
    let first = queue.queue().pause(BIKE, "first").unwrap();
    assert!((before..=queue.now_ms()).contains(&first.since_ms));
    std::thread::sleep(std::time::Duration::from_millis(2));
    let reason = "second, \u{e9} \n and more ";
    let second = queue.queue().pause(BIKE, reason).unwrap();
    assert_eq!(second, Pause { since_ms: first.since_ms, reason: reason.to_owned() });
    assert_eq!(queue.queue().pause_of(BIKE).unwrap().as_ref(), Some(&second));
    let stats = queue.queue().stats().unwrap();
    assert_eq!(
        (stats.streams["bike"].paused.as_ref(), &stats.streams["van"].paused),
        (Some(&second), &None)
    );
    let json = serde_json::to_value(&stats.streams).unwrap();
    assert_eq!(json["bike"]["paused"]["reason"], reason);
    assert!(json["van"].get("paused").is_none());
    assert!(queue.queue().resume(BIKE).unwrap());
    assert!(!queue.queue().resume(BIKE).unwrap(), "it was not paused any more");
    assert_eq!(queue.queue().pause_of(BIKE).unwrap(), None);
}

#[test]
fn a_key_set_by_hand_is_a_pause_as_well() {
    for (value, since_ms, reason) in [
        ("1700000000000 by redis-cli", 1_700_000_000_000, "by redis-cli"),
        ("1700000000000", 1_700_000_000_000, ""),
        ("oven is broken", 0, "oven is broken"),
        ("1x y", 0, "1x y"),
        ("", 0, ""),
    ] {
        let mut queue = TestQueue::opened();
        queue.add(BIKE, &parcel(1));
        let key = queue.keys.pause(BIKE).to_owned();
        let _: () = queue.ask(&["SET", &key, value]);
        let expected = Pause { since_ms, reason: reason.to_owned() };
        assert_eq!(queue.queue().pause_of(BIKE).unwrap().as_ref(), Some(&expected));
        assert_eq!(queue.queue().stats().unwrap().streams["bike"].paused, Some(expected));
        assert!(queue.drain(&BY_BIKE).is_idle());
        assert!(queue.queue().resume(BIKE).unwrap());
        assert_eq!(queue.drain(&BY_BIKE).confirmed, 1);
    }
}
