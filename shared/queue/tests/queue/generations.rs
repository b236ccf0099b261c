//! The index has two generations: a record is kept for one to two retentions, a result for one.

use queue::{Settings, State, Stream};

use crate::support::{BIKE, BY_BIKE, Scale, TestQueue, parcel, settings};

/// Lets a retention pass for the index.
fn rotate(queue: &mut TestQueue) {
    queue.age_index();
    queue.queue().tick(Stream::Ingress).unwrap();
}

/// How many records each generation has: this one, the one before.
fn records(queue: &mut TestQueue) -> (u64, u64) {
    let keys = [queue.keys.index().to_owned(), queue.keys.previous_index().to_owned()];
    let [index, previous] = keys.map(|key| queue.ask(&["HLEN", &key]));
    (index, previous)
}

fn rotated_ms(queue: &mut TestQueue) -> Option<i64> {
    let format = queue.keys.format().to_owned();
    queue.ask(&["HGET", &format, "rotated_ms"])
}

#[test]
fn a_record_is_found_for_one_retention_and_gone_after_two() {
    let mut queue = TestQueue::new();
    queue.add_parcels(1..2);
    queue.drain_all();
    queue.queue().tick(Stream::Ingress).unwrap();
    assert_eq!(records(&mut queue), (1, 0), "not before a retention has passed");
    rotate(&mut queue);
    assert_eq!(records(&mut queue), (0, 1));
    assert_eq!(queue.status("p1").state, State::Confirmed);
    queue.add_parcels(1..3);
    queue.drain_all();
    assert_eq!(queue.totals()["duplicates"], 1, "a copy is known from the generation before");
    assert_eq!(records(&mut queue), (1, 1));
    rotate(&mut queue);
    assert_eq!(records(&mut queue), (0, 1));
    assert_eq!(queue.queue().status("p1").unwrap(), None);
    rotate(&mut queue);
    assert_eq!(records(&mut queue), (0, 0), "without a new message the old records go as well");
}

#[test]
fn each_step_of_a_message_moves_its_record_into_the_newer_generation() {
    let mut queue = TestQueue::new();
    queue.enqueue(&[parcel(1)]);
    for (state, records_now) in
        [(State::Queued, (1, 0)), (State::Routed, (1, 1)), (State::Confirmed, (1, 1))]
    {
        match state {
            State::Queued => {}
            State::Routed => drop(queue.drain(&Scale)),
            _ => drop(queue.drain(&BY_BIKE)),
        }
        assert_eq!((queue.status("p1").state, records(&mut queue)), (state, records_now));
        rotate(&mut queue);
        assert_eq!((queue.status("p1").state, records(&mut queue)), (state, (0, 1)));
    }
    let status = queue.status("p1");
    assert_eq!((status.note.as_deref(), status.lane.as_deref()), (Some("1"), Some("bike")));
    // Dead letters, too: queued by a redrive, discarded.
    queue.add(Stream::Ingress, "p2 heavy");
    queue.drain(&Scale);
    rotate(&mut queue);
    let letter = queue.letter_ids()[0];
    queue.queue().redrive(letter).unwrap();
    assert_eq!((queue.status("p2").state, queue.status("p2").redrives), (State::Queued, 1));
    queue.drain(&Scale);
    rotate(&mut queue);
    let letter = queue.letter_ids()[0];
    queue.queue().discard(letter).unwrap();
    assert_eq!(records(&mut queue), (1, 1));
    assert_eq!(queue.status("p2").history.len(), 2);
}

#[test]
fn messages_that_wait_in_a_paused_lane_for_many_retentions_end_once() {
    let mut queue = TestQueue::new();
    let parcels = queue.add_parcels(0..9);
    queue.drain(&Scale);
    queue.queue().pause(BIKE, "works").unwrap();
    for _ in 0..3 {
        rotate(&mut queue);
    }
    assert_eq!(queue.queue().status("p1").unwrap(), None, "its record is gone");
    // A copy is routed again, because its record has expired; only one copy is confirmed.
    queue.add_parcels(1..2);
    queue.drain_all();
    queue.queue().resume(BIKE).unwrap();
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    assert_eq!(queue.totals()["duplicates"], 1);
    let status = queue.status("p2");
    assert_eq!((status.state, status.lane.as_deref()), (State::Confirmed, Some("bike")));
    assert!(status.ingress < status.routed);
    assert_eq!((queue.totals()["waiting_bike"], queue.vanished()), (0, 0));
}

#[test]
fn a_rotation_that_is_refused_half_way_drops_no_record_and_is_made_up_for() {
    for refused in ["hset", "unlink", "rename", "hlen"] {
        let mut queue = TestQueue::new();
        queue.add_parcels(1..2);
        queue.drain_all();
        queue.age_index();
        let _: () = queue.ask(&["ACL", "SETUSER", "default", &format!("-{refused}")]);
        for _ in 0..3 {
            // Without HSET the tick cannot write the clock either.
            let tick = queue.queue().tick(Stream::Ingress);
            assert!(tick.is_err() || tick.unwrap().refused.is_some(), "{refused}");
        }
        let _: () = queue.ask(&["ACL", "SETUSER", "default", &format!("+{refused}")]);
        assert_eq!(queue.status("p1").state, State::Confirmed, "{refused}");
        assert_eq!(rotated_ms(&mut queue), Some(1), "{refused}: it is still due");
        queue.queue().tick(Stream::Ingress).unwrap();
        assert_eq!(records(&mut queue), (0, 1), "{refused}");
        assert!(rotated_ms(&mut queue) > Some(1));
    }
}

#[test]
fn a_time_of_rotation_that_is_missing_broken_or_in_the_future_is_set_and_drops_no_record() {
    let mut queue = TestQueue::new();
    queue.add_parcels(1..2);
    queue.drain_all();
    let (format, now_ms) = (queue.keys.format().to_owned(), queue.now_ms());
    for time in [None, Some("soon".to_owned()), Some((now_ms + 1_000_000).to_string())] {
        let _: i64 = match &time {
            None => queue.ask(&["HDEL", &format, "rotated_ms"]),
            Some(time) => queue.ask(&["HSET", &format, "rotated_ms", time]),
        };
        queue.queue().tick(Stream::Ingress).unwrap();
        let rotated_ms = rotated_ms(&mut queue);
        assert!((now_ms..now_ms + 60_000).contains(&rotated_ms.unwrap()), "{time:?}");
        assert_eq!(records(&mut queue), (1, 0), "{time:?}");
    }
}

#[test]
fn results_are_kept_for_the_retention_and_no_longer() {
    let mut queue = TestQueue::with(Settings { retention_s: 60, ..settings() });
    let (results, now_ms) = (queue.keys.results().to_owned(), queue.now_ms());
    for (age_s, count) in [(3_600, 150), (61, 3), (59, 2)] {
        for number in 0..count {
            let id = format!("{}-{number}", now_ms - age_s * 1_000);
            let fields = ["message_id", "x", "result", "y"];
            let _: String = queue.ask(&[&["XADD", &results, &id], &fields[..]].concat());
        }
    }
    // Whole nodes at once; then, when there is none, the rest one by one.
    let dropped: Vec<u64> = (0..3).map(|_| queue.queue().tick(BIKE).unwrap().dropped).collect();
    assert_eq!((dropped.iter().sum::<u64>(), dropped[2]), (153, 0), "{dropped:?}");
    // Commits drop old ones as well, a paused stream's tick does, and the index follows.
    queue.queue().pause(BIKE, "works").unwrap();
    let _: () = queue.ask(&["CONFIG", "SET", "stream-node-max-entries", "1"]);
    assert_eq!(queue.queue().tick(BIKE).unwrap().dropped, 0);
    let parcels = queue.add_parcels(0..1);
    queue.age_index();
    queue.drain_all();
    assert_eq!(queue.results().len(), parcels.len() + 2);
    assert_eq!(records(&mut queue), (0, 1), "the commit rotated the index");
}
