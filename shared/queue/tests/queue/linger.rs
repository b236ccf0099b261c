//! How a drain waits for more before it ends.

use std::time::Duration;

use native::RedisConnection;
use private_redis::Options;
use queue::{Argument, Execute, ExecuteError, Queue, Role, Settings, Stream, Tally, Value, drain};

use crate::bells::is_silent;
use crate::support::{BIKE, BY_BIKE, Ears, Scale, TestQueue, VAN, settings};

/// A connection on which something happens just before the first wait, and what was sent on it:
/// "script", or the entry after which a wait looked, with "!" if one came.
struct Log<'a> {
    inner: &'a mut RedisConnection,
    before_wait: Option<&'a mut dyn FnMut(&mut RedisConnection)>,
    sent: Vec<String>,
}

impl Execute for Log<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        let (true, Some(Argument::Bytes(since))) = (command == "XREAD", arguments.last()) else {
            self.sent.push("script".into());
            return self.inner.execute(command, arguments);
        };
        if let Some(act) = self.before_wait.take() {
            act(self.inner);
        }
        let reply = self.inner.execute(command, arguments)?;
        let came = if reply == [Value::Nil] { "" } else { "!" };
        self.sent.push(format!("{}{came}", String::from_utf8_lossy(since)));
        Ok(reply)
    }
}

/// A queue whose drains wait a short time; an idle Redis looks often for those that have waited
/// enough. It knows the scripts.
fn queue() -> TestQueue {
    let arguments = ["--hz", "500"].map(str::to_owned).to_vec();
    let options = Options { arguments, ..Options::default() };
    let settings = Settings { linger_ms: 1, bell_ms: 60_000, ..settings() };
    let mut queue = TestQueue::on(&options, settings);
    queue.add(Stream::Ingress, "p0 heavy");
    queue.drain(&Scale);
    queue
}

fn drain_with<'q>(
    queue: &'q mut TestQueue,
    role: &impl Role,
    before_wait: &'q mut dyn FnMut(&mut RedisConnection),
) -> (Tally, Vec<String>) {
    let (inner, before_wait) = (&mut queue.redis, Some(before_wait));
    let mut log = Log { inner, before_wait, sent: Vec::new() };
    let handle = &mut Queue::new(&mut log, &queue.settings);
    let (tally, result) = drain(handle, role, &mut || Duration::ZERO);
    result.unwrap();
    (tally, log.sent)
}

fn drain_logged(queue: &mut TestQueue, role: &impl Role) -> (Tally, Vec<String>) {
    drain_with(queue, role, &mut |_| {})
}

#[test]
fn after_a_single_message_a_drain_waits_at_once_and_after_several_it_claims_first() {
    let mut queue = queue();
    let one = queue.add(Stream::Ingress, "p1 1");
    let (_, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(sent, ["script", "script", &one, "script"]);
    queue.add_parcels(2..5);
    let newest = queue.add(Stream::Ingress, "p5 5");
    let (_, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(sent, ["script", "script", "script", &newest, "script"]);
    // Now the lane has an entry of one message and one of several.
    let (tally, sent) = drain_logged(&mut queue, &BY_BIKE);
    assert_eq!((tally.batches, sent.len()), (1, 5), "{sent:?}");
}

#[test]
fn a_drain_that_found_nothing_does_not_wait_and_silences_no_bell() {
    let mut queue = queue();
    let (tally, sent) = drain_logged(&mut queue, &Scale);
    assert!(tally.is_idle());
    assert_eq!(sent, ["script"]);
    assert!(!is_silent(&mut queue, Stream::Ingress));
}

#[test]
fn what_came_between_a_claim_and_the_wait_is_found_at_once_without_a_ring() {
    let mut queue = queue();
    let one = queue.add(Stream::Ingress, "p1 1");
    let ingress = queue.keys.stream(Stream::Ingress).to_owned();
    let bell = queue.keys.bell(Stream::Ingress).to_owned();
    let mut two = String::new();
    let (tally, sent) = drain_with(&mut queue, &Scale, &mut |redis| {
        let redis = redis.inner();
        let silent: bool = redis::cmd("EXISTS").arg(&bell).query(redis).unwrap();
        assert!(silent, "the claim has silenced the bell");
        let add = ["*", "message", "p2 2"];
        two = redis::cmd("XADD").arg(&ingress).arg(&add).query(redis).unwrap();
    });
    assert_eq!((tally.batches, tally.routed), (2, 2));
    assert_eq!(sent, ["script", "script", &format!("{one}!"), "script", "script", &two, "script"]);
}

#[test]
fn a_wait_that_another_drain_ended_is_followed_by_one_for_what_comes_next() {
    let mut queue = queue();
    let one = queue.add(Stream::Ingress, "p1 1");
    let ingress = queue.keys.stream(Stream::Ingress).to_owned();
    let (tally, sent) = drain_with(&mut queue, &Scale, &mut |redis| {
        let redis = redis.inner();
        let add = ["*", "message", "p2 2"];
        let _: String = redis::cmd("XADD").arg(&ingress).arg(&add).query(redis).unwrap();
        let claim = ["GROUP", queue::GROUP, "other", "STREAMS", &ingress, ">"];
        let _: redis::Value = redis::cmd("XREADGROUP").arg(&claim).query(redis).unwrap();
    });
    assert_eq!((tally.batches, queue.pending(Stream::Ingress).len()), (1, 1));
    assert_eq!(sent, ["script", "script", &format!("{one}!"), "script", "$", "script"]);
}

#[test]
fn a_drain_that_lingers_takes_what_comes_meanwhile_without_a_ring() {
    let mut queue = TestQueue::with(Settings { linger_ms: 1_000, bell_ms: 60_000, ..settings() });
    queue.add_parcels(1..2);
    let mut ears = Ears::new(&queue);
    let (url, settings) = (queue.server.url(), queue.settings.clone());
    let late = std::thread::spawn(move || {
        let mut redis = native::RedisConnection::open(&url).unwrap();
        // Once the first is routed, the drain waits for more.
        let bike = queue::Keys::new(&settings).stream(BIKE).to_owned();
        crate::support::poll_until("the first is routed", || {
            redis::cmd("XLEN").arg(&bike).query::<u64>(redis.inner()).unwrap() == 1
        });
        std::thread::sleep(Duration::from_millis(20));
        queue::Queue::new(&mut redis, &settings).enqueue(&[("p3", b"p3 13")], 0, None).unwrap();
    });
    let began = std::time::Instant::now();
    let mut clock = || began.elapsed();
    let (tally, result) = drain(&mut queue.queue(), &Scale, &mut clock);
    result.unwrap();
    late.join().unwrap();
    assert_eq!((tally.batches, tally.routed, queue.length(VAN)), (2, 2, 1));
    assert_eq!(ears.rings(&mut queue), ["bike", "van"], "nobody was rung for ingress");
    assert!(!is_silent(&mut queue, Stream::Ingress), "the last look clears the bell");
}
