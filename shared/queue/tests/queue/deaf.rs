//! The tick detects a worker that does not hear its bell.

use std::io::{Read, Write};
use std::net::TcpStream;

use queue::{Settings, Stream, Tick};

use crate::support::{BY_BIKE, Scale, TestQueue, parcel, poll_until, settings};

/// A queue whose bell can be rung at once again.
fn queue() -> TestQueue {
    TestQueue::with(Settings { bell_ms: 1, ..settings() })
}

fn tick(queue: &mut TestQueue) -> Tick {
    std::thread::sleep(std::time::Duration::from_millis(3));
    queue.queue().tick(Stream::Ingress).unwrap()
}

#[test]
fn a_worker_that_is_not_subscribed_is_deaf_after_three_rings_without_a_claim() {
    let mut queue = queue();
    queue.add_parcels(0..1);
    let ticks: Vec<Tick> = (0..5).map(|_| tick(&mut queue)).collect();
    let found: Vec<_> =
        ticks.iter().map(|tick| (tick.heard, tick.unanswered_rings, tick.is_deaf())).collect();
    let expected = [(0, 0, false), (0, 1, false), (0, 2, false), (0, 3, true), (0, 4, true)];
    assert_eq!(found, expected);
    // A claim answers them, and what it leaves is counted from the start.
    queue.settings.batch_size = 1;
    queue.add_parcels(1..3);
    queue.hold(&Scale);
    let next = tick(&mut queue);
    assert_eq!((next.waiting, next.unanswered_rings, next.is_deaf()), (2, 0, false));
    queue.drain(&Scale);
    assert!(!tick(&mut queue).is_deaf());
}

#[test]
fn a_worker_whose_connection_is_half_open_is_deaf_although_the_ring_is_delivered() {
    let mut queue = queue();
    // It subscribed, and never reads again.
    let mut half_open = TcpStream::connect(("127.0.0.1", queue.server.port())).unwrap();
    half_open.write_all(b"SUBSCRIBE parcels.ingress\r\n").unwrap();
    half_open.read_exact(&mut [0; 10]).unwrap();
    queue.add_parcels(0..1);
    let ticks: Vec<Tick> = (0..4).map(|_| tick(&mut queue)).collect();
    assert!(ticks.iter().all(|tick| tick.rung && tick.heard == 1), "{ticks:?}");
    assert!(!ticks[2].is_deaf() && ticks[3].is_deaf(), "{ticks:?}");
}

#[test]
fn a_deaf_worker_is_found_out_while_producers_keep_its_bell_rung() {
    let mut queue = TestQueue::with(Settings { bell_ms: 20, ..settings() });
    // Not before twice bell_ms: a worker needs time to answer.
    let began = std::time::Instant::now();
    let mut is_deaf = false;
    for number in 0..200 {
        queue.enqueue(&[parcel(number)]);
        is_deaf = queue.queue().tick(Stream::Ingress).unwrap().is_deaf();
        assert!(!is_deaf || began.elapsed().as_millis() >= 40);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(is_deaf, "deaf although the bell was rung all the time");
    let began = std::time::Instant::now();
    queue.drain(&Scale);
    let mut number = 200;
    poll_until("it is deaf again", || {
        queue.enqueue(&[parcel(number)]);
        number += 1;
        queue.queue().tick(Stream::Ingress).unwrap().is_deaf()
    });
    assert!(began.elapsed().as_millis() >= 40);
}

#[test]
fn nobody_is_deaf_where_the_stream_is_empty_or_paused_or_in_flight() {
    let mut queue = queue();
    let deaf = |queue: &mut TestQueue| (0..6).any(|_| tick(queue).is_deaf());
    assert!(!deaf(&mut queue), "empty");
    queue.add_parcels(0..1);
    queue.queue().pause(Stream::Ingress, "works").unwrap();
    assert!(!deaf(&mut queue), "paused");
    queue.queue().resume(Stream::Ingress).unwrap();
    queue.hold(&Scale);
    assert!(!deaf(&mut queue), "in flight and not overdue");
    queue.age_pending();
    assert!(deaf(&mut queue), "overdue");
    queue.queue().pause(Stream::Ingress, "works").unwrap();
    assert!(!deaf(&mut queue), "paused after that");
    queue.queue().resume(Stream::Ingress).unwrap();
    queue.drain(&Scale);
    queue.drain(&BY_BIKE);
    assert!(!deaf(&mut queue), "drained");
}

#[test]
fn a_drain_that_lasts_for_many_ticks_is_not_deaf() {
    let mut queue = TestQueue::with(Settings { bell_ms: 1, batch_size: 1, ..settings() });
    queue.add_parcels(0..12);
    for _ in 0..10 {
        for _ in 0..3 {
            assert!(!tick(&mut queue).is_deaf());
        }
        queue::Drain::new(&mut queue.queue(), &Scale).step().unwrap();
    }
}

#[test]
fn the_count_of_unanswered_rings_expires() {
    let mut queue = queue();
    queue.add_parcels(0..1);
    for _ in 0..4 {
        tick(&mut queue);
    }
    let key = queue.keys.unanswered(Stream::Ingress).to_owned();
    let left: i64 = queue.ask(&["PTTL", &key]);
    assert!((1..=120_000).contains(&left), "{left}");
    let _: i64 = queue.ask(&["PEXPIRE", &key, "1"]);
    poll_until("the count expires", || queue.ask::<i64>(&["EXISTS", &key]) == 0);
    assert_eq!(tick(&mut queue).unanswered_rings, 0);
}
