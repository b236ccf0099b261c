//! The clock of Redis steps ahead and back.

use std::cell::RefCell;
use std::collections::HashSet;

use private_redis::Options;
use queue::{Drain, Message, Outcome, Queue, Role, Settings, Step, Stream};

use crate::support::{BIKE, BY_BIKE, BeforeCommit, Courier, Scale, TestQueue, parcel, settings};

const YEAR_MS: i64 = 365 * 86_400_000;

/// Makes all pending entries of a stream delivered an hour from now, by a clock that is right
/// again. No command can do that, so the dump of the stream is changed: there, the time follows the
/// entry id.
fn deliver_in_an_hour(queue: &mut TestQueue, stream: Stream) {
    let key = queue.keys.stream(stream).to_owned();
    let now_ms = queue.now_ms();
    let mut dump: Vec<u8> = queue.ask(&["DUMP", &key]);
    let raw = |id: &str| {
        let (ms, number) = id.split_once('-').unwrap();
        [ms, number].map(|part| part.parse::<u64>().unwrap().to_be_bytes()).concat()
    };
    let ids: HashSet<Vec<u8>> = queue.pending(stream).iter().map(|(id, _)| raw(id)).collect();
    for at in 0..dump.len() - 24 {
        let time = i64::from_le_bytes(dump[at + 16..at + 24].try_into().unwrap());
        if (now_ms - 60_000..=now_ms + 60_000).contains(&time) && ids.contains(&dump[at..at + 16]) {
            dump[at + 16..at + 24].copy_from_slice(&(time + 3_600_000).to_le_bytes());
        }
    }
    let mut restore = redis::cmd("RESTORE");
    restore.arg(&key).arg(0).arg(dump).arg("REPLACE").exec(queue.redis.inner()).unwrap();
}

/// A queue on a server that takes changed dumps.
fn queue_with_changed_dumps() -> TestQueue {
    let arguments = ["--enable-debug-command", "yes"].map(str::to_owned).to_vec();
    let mut queue = TestQueue::on(&Options { arguments, ..Options::default() }, settings());
    let _: () = queue.ask(&["DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1"]);
    queue
}

/// Keeps the times of what it decides.
struct Witness(Courier, RefCell<Vec<(i64, i64)>>);

impl Role for Witness {
    fn stream(&self) -> Stream {
        self.0.stream()
    }

    fn decide(&self, message: &Message, body: &[u8]) -> Outcome {
        self.1.borrow_mut().push((message.queued_at_ms(), message.decided_at_ms));
        assert!(message.wait_ms() >= 0);
        self.0.decide(message, body)
    }
}

#[test]
fn messages_queued_after_the_clock_was_ahead_get_no_time_of_the_future() {
    let mut queue = TestQueue::new();
    let now_ms = queue.now_ms();
    // While the clock is ahead one entry comes; the stream goes on from its id.
    let ahead = format!("{}-0", now_ms + YEAR_MS);
    queue.add_entry(Stream::Ingress, &ahead, &[("message", "p1 1")]);
    queue.add(Stream::Ingress, "p2 2");
    queue.enqueue(&[parcel(4)]);
    queue.drain(&Scale);
    queue.queue().stats().unwrap();
    let witness = Witness(BY_BIKE, RefCell::default());
    queue.drain(&witness);
    queue.assert_confirmed(&["p1 1", "p2 2", "p4 4"].map(str::to_owned));
    let times = witness.1.into_inner();
    assert_eq!(times.len(), 3);
    for (queued_at_ms, decided_at_ms) in times {
        assert_eq!(queued_at_ms, decided_at_ms);
        assert!((now_ms..now_ms + 60_000).contains(&decided_at_ms));
    }
    let counters = queue.queue().counters().unwrap();
    assert_eq!(counters.get("wait:ingress:1"), Some(&3), "{counters:?}");
    assert_eq!(queue.queue().stats().unwrap().streams["ingress"].oldest_ms, 0);
}

#[test]
fn an_entry_id_that_is_no_time_counts_as_queued_at_the_claim() {
    let mut queue = TestQueue::opened();
    queue.add_entry(BIKE, "9223372036854775808-0", &[("message", "p1 1")]);
    let witness = Witness(BY_BIKE, RefCell::default());
    queue.drain(&witness);
    let times = witness.1.into_inner();
    assert_eq!(times.len(), 1);
    assert!(times.iter().all(|(queued_at_ms, decided_at_ms)| queued_at_ms == decided_at_ms));
}

#[test]
fn entries_held_when_the_clock_steps_back_are_redelivered_after_claim_idle() {
    for (stream, held) in [(Stream::Ingress, 3), (BIKE, 1)] {
        let mut queue = queue_with_changed_dumps();
        queue.settings.claim_idle_ms = 50;
        let parcels: Vec<String> = [1, 2, 4].map(parcel).to_vec();
        queue.enqueue(&parcels);
        if stream == BIKE {
            queue.drain(&Scale);
            queue.hold(&BY_BIKE);
        } else {
            queue.hold(&Scale);
        }
        assert_eq!(queue.pending(stream).len(), held);
        // The clock was an hour ahead when they were delivered, and when it last ticked.
        deliver_in_an_hour(&mut queue, stream);
        let ahead = queue.now_ms() + 3_600_000;
        queue.set_last_claim(stream, ahead);
        std::thread::sleep(std::time::Duration::from_millis(60));
        assert_eq!(queue.drain(&Scale).applied + queue.drain(&BY_BIKE).applied, 0, "held");
        assert!(!queue.queue().tick(stream).unwrap().overdue);
        let counters = queue.queue().counters().unwrap();
        assert_eq!(counters[&format!("clock_steps:{}", stream.as_str())], 1);
        std::thread::sleep(std::time::Duration::from_millis(60));
        let tick = queue.queue().tick(stream).unwrap();
        assert!(tick.overdue && tick.rung, "{tick:?}");
        assert!(queue.pending(stream).iter().all(|(_, delivered)| *delivered == 1));
        queue.drain_rest();
        queue.assert_confirmed(&parcels);
    }
}

#[test]
fn a_step_back_with_thousands_of_pending_entries_frees_them_all() {
    let mut queue = queue_with_changed_dumps();
    queue.settings.batch_size = 1_000;
    queue.add_parcels(0..2_500);
    for _ in 0..3 {
        queue.hold(&Scale);
    }
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let ahead = queue.now_ms() + 3_600_000;
    deliver_in_an_hour(&mut queue, Stream::Ingress);
    queue.set_last_claim(Stream::Ingress, ahead);
    queue.queue().tick(Stream::Ingress).unwrap();
    queue.settings.claim_idle_ms = 1;
    std::thread::sleep(std::time::Duration::from_millis(5));
    let words = ["XPENDING", &key, queue::GROUP, "IDLE", "1", "-", "+", "10000"];
    let overdue: Vec<redis::Value> = queue.ask(&words);
    assert_eq!(overdue.len(), 2_500);
}

/// A tick compares this time with its own.
#[test]
fn a_claim_alone_leaves_its_time_behind() {
    let mut queue = TestQueue::new();
    queue.add_parcels(1..2);
    queue.hold(&Scale);
    let seen = queue.last_claim(Stream::Ingress);
    assert!((queue.now_ms() - seen).abs() <= 2_000);
}

/// A long drain would look quiet at its end.
#[test]
fn every_claim_of_a_drain_leaves_its_time_behind() {
    let mut queue = TestQueue::with(Settings { batch_size: 1, ..settings() });
    queue.add_parcels(1..3);
    let mut other = native::RedisConnection::open(&queue.server.url()).unwrap();
    let format = queue.keys.format().to_owned();
    let mut forget = || {
        redis::cmd("HSET").arg(&format).arg("clock_ms:ingress").arg(1).exec(other.inner()).unwrap();
    };
    let mut inner = BeforeCommit { inner: &mut queue.redis, act: Some(&mut forget) };
    let mut handle = Queue::new(&mut inner, &queue.settings);
    let mut drain = Drain::new(&mut handle, &Scale);
    assert_eq!(drain.step().unwrap(), Step::Committed);
    assert_eq!(drain.step().unwrap(), Step::Emptied);
    let seen = queue.last_claim(Stream::Ingress);
    assert!(seen > 1, "the second claim wrote its time");
}

/// A quiet stream would look busy after a wait.
#[test]
fn a_claim_that_finds_nothing_leaves_no_time_behind() {
    let mut queue = TestQueue::opened();
    queue.set_last_claim(Stream::Ingress, 1);
    assert!(queue.drain(&Scale).is_idle());
    assert_eq!(queue.last_claim(Stream::Ingress), 1);
}
