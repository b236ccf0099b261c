//! Which bells ring, when, and how often.

use std::time::Duration;

use queue::{Settings, Stream, drain};

use crate::support::{BY_BIKE, Ears, STREAMS, Scale, TestQueue, parcel, settings};

/// A queue whose rings suppress others until somebody looks.
fn queue() -> TestQueue {
    TestQueue::with(Settings { batch_size: 4, bell_ms: 60_000, ..settings() })
}

pub(crate) fn is_silent(queue: &mut TestQueue, stream: Stream) -> bool {
    let bell = queue.keys.bell(stream).to_owned();
    queue.ask::<i64>(&["EXISTS", &bell]) == 1
}

#[test]
fn rings_are_coalesced_until_somebody_has_looked() {
    let mut queue = queue();
    queue.settings.batch_size = 10;
    let mut ears = Ears::new(&queue);
    for number in [1, 2, 4] {
        queue.enqueue(&[parcel(number)]);
    }
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
    queue.drain(&Scale);
    assert_eq!(ears.rings(&mut queue), ["bike"], "only the lane that something was added to");
    assert!(!is_silent(&mut queue, Stream::Ingress), "a drain that finds nothing clears the bell");
    queue.enqueue(&[parcel(5)]);
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
    queue.drain(&Scale);
    assert_eq!(ears.rings(&mut queue), [""; 0], "the ring of the lane is still set");
    queue.drain(&BY_BIKE);
    queue.enqueue(&[parcel(6)]);
    queue.drain(&Scale);
    assert_eq!(ears.rings(&mut queue), ["ingress", "van"]);
}

#[test]
fn an_enqueue_of_nothing_rings_nobody() {
    let mut queue = queue();
    let mut ears = Ears::new(&queue);
    queue.enqueue(&[]);
    assert_eq!(ears.rings(&mut queue), [""; 0]);
}

#[test]
fn a_full_batch_rings_its_own_bell_so_that_a_death_is_followed_by_another_look() {
    let mut queue = queue();
    queue.add_parcels(0..4);
    let mut ears = Ears::new(&queue);
    queue.hold(&Scale);
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
    // A batch that is not full has emptied the stream, so no further ring is needed.
    queue.add_parcels(4..7);
    queue.hold(&Scale);
    assert_eq!(ears.rings(&mut queue), [""; 0]);
    queue.age_pending();
    queue.hold(&Scale);
    assert_eq!(ears.rings(&mut queue), ["ingress"], "there may be more that is overdue");
}

#[test]
fn a_drain_out_of_time_rings_for_the_rest() {
    let mut queue = queue();
    queue.add_parcels(0..6);
    let mut ears = Ears::new(&queue);
    let (tally, result) = drain(&mut queue.queue(), &Scale, &mut || Duration::from_hours(1));
    result.unwrap();
    assert!(tally.out_of_time);
    assert_eq!((tally.batches, tally.applied), (1, 4));
    assert_eq!(ears.rings(&mut queue).last().map(String::as_str), Some("ingress"));
    assert_eq!(queue.drain(&Scale).applied, 2);
    assert_eq!(queue.queue().counters().unwrap()["out_of_time:ingress"], 1);
}

#[test]
fn a_redrive_rings_the_bell_of_its_stream_and_no_other() {
    let mut queue = queue();
    let letter = queue.add_letter("*", &[("message", "p1 1"), ("stream", "bike")]);
    queue.queue().redrive(letter).unwrap();
    assert_eq!(STREAMS.map(|stream| is_silent(&mut queue, stream)), [false, true, false]);
}

#[test]
fn a_tick_rings_for_waiting_and_for_overdue_work_and_for_nothing_else() {
    let mut queue = queue();
    let mut ears = Ears::new(&queue);
    let look = |queue: &mut TestQueue| {
        let tick = queue.queue().tick(Stream::Ingress).unwrap();
        (tick.waiting, tick.pending, tick.overdue, tick.rung, tick.heard)
    };
    assert_eq!(look(&mut queue), (0, 0, false, false, 0), "there is no stream yet");
    queue.add_parcels(0..1);
    assert_eq!(look(&mut queue), (1, 0, false, true, 1), "there is no group yet");
    assert_eq!(look(&mut queue), (1, 0, false, false, 0), "the ring is still set");
    queue.hold(&Scale);
    assert_eq!(look(&mut queue), (0, 1, false, false, 0), "somebody is at it");
    queue.age_pending();
    assert_eq!(look(&mut queue), (0, 1, true, true, 1));
    assert_eq!(ears.rings(&mut queue), ["ingress", "ingress"]);
}

#[test]
fn a_mark_that_outlives_its_ring_silences_one_tick_only() {
    // Set while the clock was ahead; set by hand without an end; left by a pause that was deleted.
    for (command, arguments) in
        [("SET", &["1", "PX", "31536000000"] as &[&str]), ("SET", &["1"]), ("RPUSH", &["1"])]
    {
        let mut queue = TestQueue::with(Settings { bell_ms: 20, ..settings() });
        let bell = queue.keys.bell(Stream::Ingress).to_owned();
        let _: redis::Value = queue.ask(&[&[command, bell.as_str()], arguments].concat());
        let mut ears = Ears::new(&queue);
        queue.enqueue(&[parcel(1)]);
        assert!(!queue.queue().tick(Stream::Ingress).unwrap().rung, "it may be a ring in time");
        std::thread::sleep(Duration::from_millis(30));
        let tick = queue.queue().tick(Stream::Ingress).unwrap();
        assert!(tick.rung && tick.heard == 1, "{command}: {tick:?}");
        assert_eq!(ears.rings(&mut queue), ["ingress"]);
    }
}
