//! Data of another version is refused with nothing touched.

use std::collections::BTreeMap;

use queue::{Cause, Drain, EntryId, Filter, QueueError, Stream};

use crate::support::{BIKE, BY_BIKE, BeforeCommit, STREAMS, Scale, TestQueue, everything, parcel};

/// Everything that runs a script.
fn call_all(queue: &mut TestQueue) -> Vec<(&'static str, Result<(), QueueError>)> {
    let id = EntryId::parse("1-1").unwrap();
    vec![
        ("enqueue", queue.queue().enqueue(&[("p1", b"p1 1")], 0, None).map(drop)),
        ("drain ingress", Drain::new(&mut queue.queue(), &Scale).step().map(drop)),
        ("drain lane", Drain::new(&mut queue.queue(), &BY_BIKE).step().map(drop)),
        ("tick", queue.queue().tick(Stream::Ingress).map(drop)),
        ("tick lane", queue.queue().tick(BIKE).map(drop)),
        ("redrive", queue.queue().redrive(id).map(drop)),
        ("discard", queue.queue().discard(id).map(drop)),
        ("pause", queue.queue().pause(BIKE, "x").map(drop)),
        ("resume", queue.queue().resume(BIKE).map(drop)),
        ("stats", queue.queue().stats().map(drop)),
        ("status", queue.queue().status("p1").map(drop)),
        ("recent", queue.queue().recent(10).map(drop)),
        ("letters", queue.queue().dead_letters(&Filter::default(), None, 10).map(drop)),
    ]
}

#[test]
fn data_of_another_format_is_refused_by_every_script_with_nothing_touched() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..3);
    queue.drain(&Scale);
    queue.add_letter("1-1", &[("message", "p9 1"), ("stream", "ingress")]);
    let format = queue.keys.format().to_owned();
    let _: i64 = queue.ask(&["HSET", &format, "version", "3"]);
    let before = queue.everything();
    for (what, result) in call_all(&mut queue) {
        let error = result.expect_err(what);
        assert_eq!(error.cause, Cause::OtherFormat, "{what}");
        assert!(error.to_string().contains("format 3"), "{error}");
    }
    assert!(queue.everything() == before, "something was touched");
}

#[test]
fn a_commit_that_meets_another_format_touches_nothing() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..3);
    let url = queue.server.url();
    let format = queue.keys.format().to_owned();
    let mut other = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut before = BTreeMap::new();
    let mut upgrade = || {
        redis::cmd("HSET").arg(&[&format, "version", "3"]).exec(&mut other).unwrap();
        before = everything(&mut other);
    };
    let mut connection = BeforeCommit { inner: &mut queue.redis, act: Some(&mut upgrade) };
    let mut handle = queue::Queue::new(&mut connection, &queue.settings);
    let error = Drain::new(&mut handle, &Scale).step().unwrap_err();
    assert_eq!(error.cause, Cause::OtherFormat);
    assert_eq!(queue.pending(Stream::Ingress).len(), 3);
    assert!(queue.everything() == before, "something was touched");
}

#[test]
fn what_version_1_left_in_lanes_is_refused_and_what_it_left_in_ingress_is_not() {
    let mut queue = TestQueue::new();
    queue.add_entry(BIKE, "*", &[("order", "p1 1"), ("ingress", "1-1")]);
    let before = queue.everything();
    for (what, result) in call_all(&mut queue) {
        let error = result.expect_err(what);
        assert_eq!(error.cause, Cause::OtherFormat, "{what}");
        assert!(error.to_string().contains("format 1"), "{error}");
    }
    assert!(queue.everything() == before, "something was touched");
}

#[test]
fn a_queue_that_version_1_drained_is_taken_over() {
    let mut queue = TestQueue::new();
    // What it leaves: emptied streams with groups of other names, totals, and what came since.
    for stream in STREAMS {
        let key = queue.keys.stream(stream).to_owned();
        for _ in 0..10 {
            let id = queue.add(stream, "p1 1");
            let _: i64 = queue.ask(&["XDEL", &key, &id]);
        }
        let _: () = queue.ask(&["XGROUP", "CREATE", &key, "distributor", "$"]);
    }
    let totals = queue.keys.totals().to_owned();
    let _: i64 = queue.ask(&["HSET", &totals, "routed_bike", "10", "confirmed_bike", "10"]);
    let parcels = queue.add_parcels(0..6);
    queue.drain_all();
    queue.assert_confirmed(&parcels);
    assert_eq!(queue.vanished(), 0, "what version 1 acked has not vanished");
    let format = queue.keys.format().to_owned();
    let version: String = queue.ask(&["HGET", &format, "version"]);
    assert_eq!(version, "2");
    queue.add(Stream::Ingress, &parcel(7));
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let _: i64 = queue.ask(&["XTRIM", &key, "MAXLEN", "0"]);
    assert_eq!(queue.vanished(), 1, "and what vanishes is counted from here on");
}
