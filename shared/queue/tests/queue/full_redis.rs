//! At `maxmemory` only new messages are refused. Waiting ones are confirmed, and ticks free memory.

use std::cell::Cell;
use std::time::Duration;

use queue::{Cause, Enqueued, Queue, Settings, Stream, drain};

use crate::support::{
    BIKE, BY_BIKE, BY_VAN, STREAMS, Scale, TestQueue, VAN, id_of, parcel, settings,
};

/// Sets the limit to what is in use, so that nothing more fits.
fn fill(queue: &mut TestQueue) {
    let info: String = queue.ask(&["INFO", "memory"]);
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let _: () = queue.ask(&["CONFIG", "SET", "maxmemory", used.trim()]);
}

/// Ticks every stream, and drains those whose bell was rung, one batch at a time.
fn tick_and_answer(queue: &mut TestQueue) {
    for stream in STREAMS {
        if !queue.queue().tick(stream).unwrap().rung {
            continue;
        }
        // The first look at the clock is after the first batch.
        let elapsed = Cell::new(Duration::ZERO);
        let mut host = || elapsed.replace(Duration::from_mins(1));
        let mut handle = Queue::new(&mut queue.redis, &queue.settings);
        let result = match stream {
            Stream::Ingress => drain(&mut handle, &Scale, &mut host).1,
            BIKE => drain(&mut handle, &BY_BIKE, &mut host).1,
            Stream::Lane(_) => drain(&mut handle, &BY_VAN, &mut host).1,
        };
        result.unwrap();
    }
}

#[test]
fn ten_thousand_messages_are_confirmed_at_maxmemory_by_ticks_alone() {
    let mut queue = TestQueue::with(Settings { bell_ms: 1, ..settings() });
    let parcels: Vec<String> = (0..10_000).map(parcel).collect();
    for part in parcels.chunks(1_000) {
        queue.enqueue(part);
    }
    // So low that what a commit frees does not end it.
    let _: () = queue.ask(&["CONFIG", "SET", "maxmemory", "1mb"]);
    let refused = queue.queue().enqueue(&[("p", b"p 1")], 0, None).unwrap_err();
    assert_eq!(refused.cause, Cause::OutOfMemory, "{refused}");
    assert_eq!(queue.length(Stream::Ingress), 10_000);
    let mut rounds = 0;
    while STREAMS.iter().any(|stream| queue.length(*stream) > 0) {
        tick_and_answer(&mut queue);
        if rounds % 20 == 0 {
            let refused = queue.queue().enqueue(&[("p", b"p 1")], 0, None);
            assert_eq!(refused.map_err(|error| error.cause), Err(Cause::OutOfMemory));
        }
        rounds += 1;
        assert!(rounds < 2_000, "it goes on");
    }
    queue.assert_confirmed(&parcels);
    assert_eq!((queue.vanished(), queue.dead_letters().len()), (0, 0));
}

#[test]
fn a_tick_of_a_full_redis_frees_results_past_retention_until_new_messages_fit() {
    let mut queue = TestQueue::with(Settings { retention_s: 60, ..settings() });
    let results = queue.keys.results().to_owned();
    let old_ms = queue.now_ms() - 61_000;
    let mut pipe = redis::pipe();
    for number in 0..25_000 {
        pipe.cmd("XADD").arg(&results).arg(format!("{old_ms}-{number}"));
        pipe.arg("message_id").arg(number).arg("result").arg("x".repeat(200)).ignore();
    }
    let () = pipe.query(queue.redis.inner()).unwrap();
    let parcels = queue.add_parcels(0..5);
    fill(&mut queue);
    queue.queue().enqueue(&[("p", b"p 1")], 0, None).unwrap_err();
    let mut dropped = Vec::new();
    for _ in 0..5 {
        let tick = queue.queue().tick(Stream::Ingress).unwrap();
        assert_eq!(tick.refused, None);
        dropped.push(tick.dropped);
    }
    assert!(dropped[0] > 0 && dropped[0] <= 10_000, "a bounded share a tick: {dropped:?}");
    assert_eq!(dropped.iter().sum::<u64>(), 25_000, "{dropped:?}");
    assert!(matches!(
        queue.queue().enqueue(&[("p9", b"p9 39")], 0, None),
        Ok(Enqueued::Written { backlog: 6 })
    ));
    queue.drain_all();
    queue.assert_confirmed(parcels.iter().chain(&["p9 39".to_owned()]));
}

#[test]
fn a_full_redis_refuses_redrives_and_lets_operators_do_the_rest() {
    let mut queue = TestQueue::new();
    let letters = [("p0 10", "van"), ("p1 heavy", "ingress")].map(|(parcel, stream)| {
        let fields = [("message", parcel), ("message_id", id_of(parcel)), ("stream", stream)];
        queue.add_letter("*", &fields)
    });
    queue.add_parcels(3..4);
    fill(&mut queue);
    let refused = queue.queue().redrive(letters[0]).unwrap_err();
    assert_eq!(refused.cause, Cause::OutOfMemory);
    assert_eq!((queue.dead_letters().len(), queue.length(VAN)), (2, 0));
    assert!(queue.queue().discard(letters[1]).unwrap());
    queue.queue().pause(Stream::Ingress, "full").unwrap();
    assert!(queue.drain(&Scale).is_idle());
    assert!(queue.queue().resume(Stream::Ingress).unwrap());
    assert_eq!(queue.drain(&Scale).routed, 1);
    queue.queue().stats().unwrap();
    let _: () = queue.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    queue.queue().redrive(letters[0]).unwrap();
    queue.drain_all();
    queue.assert_confirmed(&[parcel(0), parcel(3)]);
}

#[test]
fn the_eviction_policy_is_known_where_the_user_may_ask() {
    let mut queue = TestQueue::new();
    assert_eq!(queue.queue().eviction_policy().as_deref(), Some("noeviction"));
    let _: () = queue.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert_eq!(queue.queue().eviction_policy().as_deref(), Some("allkeys-lru"));
    let _: () = queue.ask(&["ACL", "SETUSER", "default", "-info"]);
    assert_eq!(queue.queue().eviction_policy(), None);
}
