//! Idempotency keys: who is first, what a repetition is told, and what is left when an instance dies in between.

use std::time::Duration;

use redis::Commands;
use shared::queue::{Fingerprint, Repeat, RepeatKey};
use shared::settings::QueueSettings;

use crate::support::TestQueue;

fn key(name: &str) -> RepeatKey {
    RepeatKey::parse(name).unwrap()
}

fn request(body: &str) -> Fingerprint {
    Fingerprint::of("application/json", body.as_bytes())
}

/// The only record there is, and how long it will be kept.
fn record(queue: &mut TestQueue) -> (String, Duration) {
    let keys: Vec<String> = queue.redis.inner().keys("{orders}:idempotency:*").unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let ms: u64 = queue.redis.inner().pttl(&keys[0]).unwrap();
    (keys[0].clone(), Duration::from_millis(ms))
}

#[test]
fn a_request_is_first_once_and_its_repetition_is_told_the_answer() {
    let mut queue = TestQueue::with(QueueSettings { retention_s: 600, ..QueueSettings::default() });
    assert_eq!(queue.queue().begin(key("k"), request("a")).unwrap(), Repeat::First);
    assert_eq!(queue.queue().begin(key("k"), request("a")).unwrap(), Repeat::UnderWay);
    assert_eq!(queue.queue().begin(key("k"), request("b")).unwrap(), Repeat::Other);
    assert_eq!(queue.queue().begin(key("l"), request("a")).unwrap(), Repeat::First, "another key");
    queue.queue().give_up(key("l")).unwrap();
    queue.queue().answered(key("k"), request("a"), 7).unwrap();
    for _ in 0..2 {
        assert_eq!(
            queue.queue().begin(key("k"), request("a")).unwrap(),
            Repeat::Answered { backlog: 7 }
        );
        assert_eq!(queue.queue().begin(key("k"), request("b")).unwrap(), Repeat::Other);
    }
    let (_, kept) = record(&mut queue);
    assert!(kept <= Duration::from_secs(600) && kept > Duration::from_secs(500), "{kept:?}");
}

#[test]
fn the_content_type_is_part_of_the_request() {
    let mut queue = TestQueue::new();
    queue.queue().begin(key("k"), request("a")).unwrap();
    let as_lines = Fingerprint::of("application/x-ndjson", b"a");
    assert_eq!(queue.queue().begin(key("k"), as_lines).unwrap(), Repeat::Other);
}

#[test]
fn a_request_that_wrote_nothing_can_be_repeated_at_once() {
    let mut queue = TestQueue::new();
    queue.queue().begin(key("k"), request("a")).unwrap();
    queue.queue().give_up(key("k")).unwrap();
    assert_eq!(queue.queue().begin(key("k"), request("b")).unwrap(), Repeat::First);
}

#[test]
fn the_record_of_an_instance_that_died_lapses_and_the_request_is_carried_out_again() {
    let mut queue = TestQueue::new();
    queue.queue().begin(key("k"), request("a")).unwrap();
    let (record, kept) = record(&mut queue);
    assert!(kept <= Duration::from_secs(10), "{kept:?}");
    // The time that it has left goes by.
    let () = queue.redis.inner().pexpire(&record, 1).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while queue.redis.inner().exists::<_, bool>(&record).unwrap() {
        assert!(std::time::Instant::now() < deadline, "the record lapses");
    }
    assert_eq!(queue.queue().begin(key("k"), request("a")).unwrap(), Repeat::First);
}
