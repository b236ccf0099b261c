//! How a drain waits for more before it ends.

use std::time::Duration;

use native::RedisConnection;
use queue::{Argument, Execute, ExecuteError, Queue, Role, Settings, Stream, Tally, Value, drain};

use crate::bells::is_silent;
use crate::support::{BIKE, BY_VAN, Ears, Mortal, STREAMS, Scale, TestQueue, VAN, settings};

/// Logs what is sent: "script", or for a wait the entry past which it looks, with "!" if one came.
/// `before_wait` runs before the first wait.
struct Log<'a> {
    inner: &'a mut RedisConnection,
    before_wait: Option<&'a mut dyn FnMut(&mut RedisConnection)>,
    /// What the first claim replies as the time since the claim before.
    since_ms: Option<i64>,
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
            let mut reply = self.inner.execute(command, arguments)?;
            if let Some(since_ms) = self.since_ms.take() {
                reply[1] = Value::Int(since_ms);
            }
            return Ok(reply);
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

/// A busy queue whose drains wait a short time; its Redis knows the scripts.
fn queue() -> TestQueue {
    let settings = Settings { linger_ms: 1, bell_ms: 60_000, ..settings() };
    let mut queue = TestQueue::punctual(settings);
    queue.add(Stream::Ingress, "p0 heavy");
    queue.drain(&Scale);
    queue.set_busy(Stream::Ingress);
    queue
}

fn drain_with<'q>(
    queue: &'q mut TestQueue,
    role: &impl Role,
    before_wait: &'q mut dyn FnMut(&mut RedisConnection),
) -> (Tally, Vec<String>) {
    let (inner, before_wait) = (&mut queue.redis, Some(before_wait));
    let mut log = Log { inner, before_wait, since_ms: None, sent: Vec::new() };
    let handle = &mut Queue::new(&mut log, &queue.settings);
    let (tally, result) = drain(handle, role, &mut || Duration::ZERO);
    result.unwrap();
    (tally, log.sent)
}

fn drain_logged(queue: &mut TestQueue, role: &impl Role) -> (Tally, Vec<String>) {
    drain_with(queue, role, &mut |_| {})
}

#[test]
fn a_drain_that_emptied_a_busy_stream_waits_without_another_claim() {
    let mut queue = queue();
    let one = queue.add(Stream::Ingress, "p1 1");
    let (_, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(sent, ["script", "script", &one, "script"]);
    queue.add(Stream::Ingress, "p2 13");
    let newest = queue.add(Stream::Ingress, "p3 13");
    let (_, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(sent, ["script", "script", &newest, "script"]);
    assert_eq!(queue.length(VAN), 1, "one entry of two messages");
    queue.set_busy(VAN);
    let (tally, sent) = drain_logged(&mut queue, &BY_VAN);
    assert_eq!((tally.confirmed, sent.len()), (2, 4), "{sent:?}");
}

#[test]
fn a_stream_is_quiet_if_the_claim_before_was_more_than_five_linger_ms_ago() {
    let mut queue = queue();
    for (since_ms, commands) in [(5, 4), (6, 2)] {
        queue.add(Stream::Ingress, "p1 1");
        let (inner, since_ms) = (&mut queue.redis, Some(since_ms));
        let mut log = Log { inner, before_wait: None, since_ms, sent: Vec::new() };
        let handle = &mut Queue::new(&mut log, &queue.settings);
        drain(handle, &Scale, &mut || Duration::ZERO).1.unwrap();
        assert_eq!(log.sent.len(), commands, "{since_ms:?}: {:?}", log.sent);
    }
}

#[test]
fn a_drain_that_emptied_a_quiet_stream_rings_for_nobody_although_its_time_is_over() {
    let mut queue = queue();
    queue.add(Stream::Ingress, "p1 1");
    queue.set_last_claim(Stream::Ingress, 0);
    let mut ears = Ears::new(&queue);
    let (tally, result) = drain(&mut queue.queue(), &Scale, &mut || Duration::MAX);
    result.unwrap();
    assert_eq!((tally.batches, tally.out_of_time), (1, false));
    assert_eq!(ears.rings(&mut queue), ["bike"]);
}

#[test]
fn a_commit_that_empties_a_quiet_stream_clears_the_bell_that_its_full_batch_rang() {
    let mut queue = queue();
    queue.settings.batch_size = 1;
    queue.add(Stream::Ingress, "p1 1");
    queue.set_last_claim(Stream::Ingress, 0);
    let (_, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(sent, ["script", "script"]);
    assert!(!is_silent(&mut queue, Stream::Ingress));
}

#[test]
fn a_busy_drain_that_dies_while_something_is_left_silences_no_bell() {
    let mut queue = queue();
    queue.add(Stream::Ingress, "p1 1");
    queue.hold(&Scale);
    queue.set_busy(Stream::Ingress);
    queue.add(Stream::Ingress, "p2 2");
    // Dies after its commit.
    let mut mortal = Mortal { inner: &mut queue.redis, left: 2, is_carried_out: true };
    let handle = &mut Queue::new(&mut mortal, &queue.settings);
    drain(handle, &Scale, &mut || Duration::ZERO).1.unwrap_err();
    assert_eq!(queue.pending(Stream::Ingress).len(), 1, "the second is committed");
    assert!(!is_silent(&mut queue, Stream::Ingress));
}

#[test]
fn while_something_is_left_a_drain_claims_before_it_waits() {
    let mut queue = queue();
    queue.settings.batch_size = 1;
    queue.add_parcels(1..3);
    let (tally, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!((tally.batches, &sent[..4]), (2, &["script"; 4].map(String::from)[..]));
    assert_ne!(sent[4], "script", "{sent:?}");
    // Another drain has a batch, which may become overdue.
    queue.add(Stream::Ingress, "p3 3");
    queue.hold(&Scale);
    let newest = queue.add(Stream::Ingress, "p4 4");
    let (tally, sent) = drain_logged(&mut queue, &Scale);
    assert_eq!(tally.batches, 1);
    assert_eq!(sent, ["script", "script", "script", &newest, "script"]);
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
    // The bell stays silent as long, however slowly this runs.
    queue.settings.linger_ms = 1_000;
    let one = queue.add(Stream::Ingress, "p1 1");
    let mut ears = Ears::new(&queue);
    let settings = queue.settings.clone();
    let (tally, sent) = drain_with(&mut queue, &Scale, &mut |redis| {
        Queue::new(redis, &settings).enqueue(&[("p2", b"p2 2")], 0, None).unwrap();
    });
    assert_eq!((tally.batches, tally.routed), (2, 2));
    assert_eq!(sent[..5], ["script", "script", &format!("{one}!"), "script", "script"]);
    assert_eq!(ears.rings(&mut queue), ["bike"], "nobody was rung for ingress");
}

#[test]
fn a_drain_that_waits_silences_its_own_bell_only() {
    let mut queue = queue();
    queue.add(Stream::Ingress, "p1 13");
    queue.drain(&Scale);
    queue.set_busy(VAN);
    // The bell stays silent as long, however slowly this runs.
    queue.settings.linger_ms = 1_000;
    let bells = STREAMS.map(|stream| queue.keys.bell(stream).to_owned());
    let mut silent = Vec::new();
    let (tally, _) = drain_with(&mut queue, &BY_VAN, &mut |redis| {
        let exists =
            |bell: &String| redis::cmd("EXISTS").arg(bell).query::<bool>(redis.inner()).unwrap();
        silent.extend(bells.iter().map(exists));
    });
    assert_eq!((tally.confirmed, silent), (1, vec![false, false, true]));
}

#[test]
fn a_full_batch_rings_although_the_bell_was_silent_during_a_wait() {
    let mut queue = queue();
    queue.settings.batch_size = 2;
    queue.add(Stream::Ingress, "p1 1");
    let mut ears = Ears::new(&queue);
    let settings = queue.settings.clone();
    drain_with(&mut queue, &Scale, &mut |redis| {
        let parcels: [(&str, &[u8]); 3] = [("p2", b"p2 2"), ("p3", b"p3 3"), ("p4", b"p4 4")];
        Queue::new(redis, &settings).enqueue(&parcels, 0, None).unwrap();
    });
    assert_eq!(ears.rings(&mut queue), ["bike", "ingress"]);
}

#[test]
fn a_drain_that_dies_with_its_batch_leaves_the_bell_to_others() {
    let mut queue = queue();
    queue.add(Stream::Ingress, "p1 1");
    let mut mortal = Mortal { inner: &mut queue.redis, left: 2, is_carried_out: false };
    let handle = &mut Queue::new(&mut mortal, &queue.settings);
    drain(handle, &Scale, &mut || Duration::ZERO).1.unwrap_err();
    let mut ears = Ears::new(&queue);
    queue.enqueue(&["p2 2".to_owned()]);
    assert_eq!(ears.rings(&mut queue), ["ingress"]);
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
    let mut queue = TestQueue::with(Settings { linger_ms: 3_000, bell_ms: 60_000, ..settings() });
    queue.set_busy(Stream::Ingress);
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
    let tally = queue.drain(&Scale);
    late.join().unwrap();
    assert_eq!((tally.batches, tally.routed, queue.length(VAN)), (2, 2, 1));
    assert_eq!(ears.rings(&mut queue), ["bike", "van"], "nobody was rung for ingress");
    assert!(!is_silent(&mut queue, Stream::Ingress), "the last look clears the bell");
}
