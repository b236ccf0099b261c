//! Whatever Redis refuses, nothing is lost and nothing is applied twice.
//!
//! Each operation runs while one key has a wrong type, one command is not allowed, or one key must
//! not be written or touched. Then the fault is repaired and the operation repeated if it failed.
//! After the drain, the results must be those of a run without a fault.

mod faults;

use std::collections::BTreeMap;

use native::RedisConnection;
use queue::{
    Cause, Drain, EntryId, Filter, MessageStatus, Queue, QueueError, Redrive, Settings, State,
    Stream,
};

use crate::support::{BIKE, BY_BIKE, BY_VAN, BeforeCommit, Scale, TRACE, TestQueue, VAN, settings};
use faults::{Fault, all_keys, commands, wrong_types};

type Faulty<'a, 'b> = Queue<'a, BeforeCommit<'b>>;

/// One operation of the queue.
struct Op {
    name: &'static str,
    prepare: fn(&mut TestQueue),
    act: fn(&mut Faulty<'_, '_>) -> Result<(), QueueError>,
    /// The fault begins between claim and commit.
    at_commit: bool,
}

/// What must be the same however often something was refused.
#[derive(Debug, PartialEq)]
struct Books {
    results: Vec<(String, String)>,
    letters: Vec<[Option<String>; 4]>,
    totals: BTreeMap<String, i64>,
    states: BTreeMap<String, (State, u64, usize)>,
    vanished: u64,
}

/// The letters of [`send`]: from ingress, from a lane, of a message that is routed, to be
/// discarded.
const LETTERS: [&str; 4] = ["1-1", "1-2", "1-3", "1-4"];

/// Three by bike, two by van and a copy; one without a weight, one too heavy for its courier, one
/// that is no parcel; and dead letters.
fn send(queue: &mut TestQueue) {
    let parcels = ["p1 1", "p2 2", "p1 5", "p3 30", "p4 40", "p5 heavy", "p6 200000", "p7 3", "?"];
    for parcel in parcels {
        let fields = [("message", parcel), ("traceparent", TRACE)];
        queue.add_entry(Stream::Ingress, "*", &fields[..=usize::from(parcel == "p2 2")]);
    }
    let letters = [("p8 8", "ingress"), ("p9 90", "van"), ("p1 1", "bike"), ("p10 10", "van")];
    for (id, (parcel, stream)) in LETTERS.into_iter().zip(letters) {
        let message_id = parcel.split(' ').next().unwrap();
        let fields = [("message", parcel), ("message_id", message_id), ("stream", stream)];
        queue.add_letter(id, &fields);
    }
    let index = queue.keys.index().to_owned();
    let _: i64 = queue.ask(&["HSET", &index, "p10", "dead-lettered 1-4 1-1 van 1-1 0 - -"]);
}

fn route(queue: &mut TestQueue) {
    send(queue);
    queue.drain(&Scale);
}

fn let_ingress_be_overdue(queue: &mut TestQueue) {
    send(queue);
    queue.hold(&Scale);
    queue.age_pending();
}

fn let_a_batch_be_overdue(queue: &mut TestQueue) {
    route(queue);
    queue.hold(&BY_BIKE);
    queue.age_pending();
}

fn let_all_be_past_retention(queue: &mut TestQueue) {
    let results = queue.keys.results().to_owned();
    let _: String = queue.ask(&["XADD", &results, "5-1", "message_id", "x", "result", ""]);
    route(queue);
    queue.drain(&BY_VAN);
    queue.age_index();
}

fn pause_a_lane(queue: &mut TestQueue) {
    route(queue);
    queue.queue().pause(BIKE, "works").unwrap();
}

fn step<R: queue::Role>(queue: &mut Faulty<'_, '_>, role: &R) -> Result<(), QueueError> {
    Drain::new(queue, role).step().map(drop)
}

fn redrive(queue: &mut Faulty<'_, '_>, letter: usize) -> Result<Redrive, QueueError> {
    queue.redrive(EntryId::parse(LETTERS[letter]).unwrap())
}

fn read_all(queue: &mut Faulty<'_, '_>) -> Result<(), QueueError> {
    // All of them, whatever the first says.
    let results = [
        queue.stats().map(drop),
        queue.status("p1").map(drop),
        queue.recent(50).map(drop),
        queue.dead_letters(&Filter::default(), None, 50).map(drop),
        queue.counters().map(drop),
        queue.pause_of(BIKE).map(drop),
    ];
    queue.eviction_policy();
    results.into_iter().collect()
}

fn ops() -> Vec<Op> {
    let op = |name, prepare, act| Op { name, prepare, act, at_commit: false };
    let commit = |name, prepare, act| Op { name, prepare, act, at_commit: true };
    vec![
        op("enqueue", route, |queue| {
            queue.enqueue(&[("p20", b"p20 1"), ("p21", b"p21 20"), ("p1", b"p1 1")], 0, None)?;
            Ok(())
        }),
        op("claim ingress", send, |queue| step(queue, &Scale)),
        commit("commit ingress", send, |queue| step(queue, &Scale)),
        op("claim overdue", let_ingress_be_overdue, |queue| step(queue, &Scale)),
        commit("commit overdue", let_ingress_be_overdue, |queue| step(queue, &Scale)),
        op("claim lane", route, |queue| step(queue, &BY_VAN)),
        commit("commit lane", route, |queue| step(queue, &BY_VAN)),
        op("split", let_a_batch_be_overdue, |queue| step(queue, &BY_BIKE)),
        commit("commit split", let_a_batch_be_overdue, |queue| step(queue, &BY_BIKE)),
        op("tick ingress", send, |queue| queue.tick(Stream::Ingress).map(drop)),
        op("tick overdue", let_a_batch_be_overdue, |queue| queue.tick(BIKE).map(drop)),
        op("tick frees", let_all_be_past_retention, |queue| queue.tick(VAN).map(drop)),
        op("redrive to ingress", route, |queue| redrive(queue, 0).map(drop)),
        op("redrive to lane", route, |queue| redrive(queue, 1).map(drop)),
        op("redrive duplicate", route, |queue| redrive(queue, 2).map(drop)),
        op("discard", route, |queue| queue.discard(EntryId::parse("1-4").unwrap()).map(drop)),
        op("pause", route, |queue| queue.pause(BIKE, "works").map(drop)),
        op("resume", pause_a_lane, |queue| queue.resume(BIKE).map(drop)),
        op("read", route, read_all),
    ]
}

/// A queue, and the connection of a user whose rights can be taken away.
struct Bench {
    queue: TestQueue,
    worker: RedisConnection,
    admin: redis::Connection,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let mut queue = TestQueue::with(settings);
        let _: () = queue.ask(&["ACL", "SETUSER", "worker", "on", ">pw", "~*", "&*", "+@all"]);
        let url = queue.server.url();
        let worker = RedisConnection::open(&url.replace("//", "//worker:pw@")).unwrap();
        let admin = redis::Client::open(url).unwrap().get_connection().unwrap();
        Self { queue, worker, admin }
    }

    /// Runs an operation as the worker, under a fault if there is one. Whether it worked.
    fn run(&mut self, op: &Op, fault: Option<&Fault>) -> Result<(), QueueError> {
        let Self { queue, worker, admin } = self;
        let keys = queue.keys.clone();
        let mut begin = || {
            if let Some(fault) = fault {
                fault.begin(admin, &keys);
            }
        };
        if !op.at_commit {
            begin();
        }
        let act: Option<&mut dyn FnMut()> = if op.at_commit { Some(&mut begin) } else { None };
        let mut connection = BeforeCommit { inner: worker, act };
        let result = (op.act)(&mut Queue::new(&mut connection, &queue.settings));
        if let Some(fault) = fault {
            fault.end(admin);
        }
        result
    }

    /// Lets everything be drained.
    fn finish(&mut self) -> Books {
        let queue = &mut self.queue;
        queue.queue().resume(BIKE).unwrap();
        queue.queue().tick(VAN).unwrap();
        queue.drain_rest();
        let mut letters: Vec<_> = queue
            .dead_letters()
            .into_iter()
            .map(|mut letter| {
                ["code", "message_id", "stream", "message"].map(|name| letter.remove(name))
            })
            .collect();
        letters.sort();
        let mut totals = queue.totals();
        totals.retain(|name, count| {
            !(name.starts_with("entries_") || name.starts_with("undone_") || *count == 0)
        });
        let mut states = BTreeMap::new();
        for key in [queue.keys.previous_index().to_owned(), queue.keys.index().to_owned()] {
            let records: BTreeMap<String, String> = queue.ask(&["HGETALL", &key]);
            states.extend(records.into_iter().map(|(id, record)| {
                let status = MessageStatus::parse(&record).unwrap();
                (id, (status.state, status.redrives, status.history.len()))
            }));
        }
        Books { results: queue.results(), letters, totals, states, vanished: queue.vanished() }
    }
}

/// Runs all operations under all these faults.
fn check(faults: impl Fn(&mut TestQueue) -> Vec<Fault>) {
    let mut bench = Bench::new(settings());
    let faults = faults(&mut bench.queue);
    let (mut failures, mut seen) = (Vec::new(), None);
    for op in ops() {
        let _: () = bench.queue.ask(&["FLUSHALL"]);
        (op.prepare)(&mut bench.queue);
        let prepared = bench.queue.everything();
        bench.run(&op, None).unwrap();
        let expected = bench.finish();
        assert_eq!(expected.vanished, 0, "{}", op.name);
        let mut refused = 0;
        for fault in &faults {
            bench.queue.restore(&prepared);
            let first = bench.run(&op, Some(fault));
            if first.is_err() {
                refused += 1;
                bench.queue.age_pending();
                bench.run(&op, None).unwrap();
            }
            let found = bench.finish();
            if found != expected {
                failures.push(format!("{} under {fault:?}: {first:?}", op.name));
                seen.get_or_insert(found);
            }
        }
        assert!(refused > 0, "no fault refused {}", op.name);
        assert!(
            failures.is_empty(),
            "expected {expected:?}\nfirst was {seen:?}\n{}",
            failures.join("\n")
        );
    }
}

#[test]
fn a_key_of_any_wrong_type_loses_and_doubles_nothing() {
    check(|queue| {
        let of_key = |key: String| wrong_types(&key).map(move |of| Fault::Type(key.clone(), of));
        all_keys(&queue.keys).flat_map(of_key).collect()
    });
}

#[test]
fn a_command_that_is_not_allowed_loses_and_doubles_nothing() {
    check(|queue| {
        let commands = commands(queue);
        for known in ["evalsha", "hincrby", "hmget", "rename", "xack", "xadd", "xclaim", "xread"] {
            assert!(commands.contains(known), "{known} of {commands:?}");
        }
        commands.into_iter().map(Fault::Command).collect()
    });
}

#[test]
fn a_key_that_must_not_be_written_or_touched_loses_and_doubles_nothing() {
    check(|queue| {
        let keys: Vec<String> = all_keys(&queue.keys).collect();
        let read_only = keys.iter().cloned().map(Fault::ReadOnly);
        read_only.chain(keys.iter().cloned().map(Fault::NoAccess)).collect()
    });
}

#[test]
fn refused_commits_cost_no_deliveries() {
    let mut bench = Bench::new(Settings { max_deliveries: 3, ..settings() });
    let keys = bench.queue.keys.clone();
    let faults = [
        Fault::Type(keys.format().into(), "string"),
        Fault::Type(keys.index().into(), "string"),
        Fault::Type(keys.totals().into(), "list"),
        Fault::Type(keys.stream(BIKE).into(), "string"),
        Fault::Command("xadd".into()),
        Fault::Command("xdel".into()),
        Fault::Command("hset".into()),
        Fault::Command("xack".into()),
    ];
    let commit =
        Op { name: "commit", prepare: |_| {}, act: |queue| step(queue, &Scale), at_commit: true };
    for fault in &faults {
        let _: () = bench.queue.ask(&["FLUSHALL"]);
        // One entry, so that it is what each commit is about.
        bench.queue.add(Stream::Ingress, "p1 1");
        for _ in 0..20 {
            bench.queue.age_pending();
            bench.run(&commit, Some(fault)).unwrap_err();
        }
        let delivered: Vec<usize> =
            bench.queue.pending(Stream::Ingress).into_iter().map(|(_, count)| count).collect();
        assert_eq!(delivered, [0], "{fault:?}");
        let books = bench.finish();
        let ends = (books.results.len(), books.letters.len(), books.vanished);
        assert_eq!(ends, (1, 0, 0), "{fault:?}");
    }
}

#[test]
fn an_error_names_the_cause_with_the_code_of_redis_the_command_and_the_key() {
    let mut queue = TestQueue::new();
    let ingress = queue.keys.stream(Stream::Ingress).to_owned();
    let _: () = queue.ask(&["SET", &ingress, "x"]);
    let error = queue.queue().enqueue(&[("p1", b"p1 1")], 0, None).unwrap_err();
    assert_eq!((error.what, error.cause), ("failed to enqueue", Cause::Refused));
    let text = error.to_string();
    for part in ["WRONGTYPE", "XLEN", "{parcels}:ingress"] {
        assert!(text.contains(part), "{text}");
    }
    let error = queue.queue().tick(Stream::Ingress).unwrap_err().to_string();
    assert!(error.contains("WRONGTYPE"), "{error}");
}
