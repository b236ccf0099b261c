//! A queue of parcels on a private Redis.

mod connections;
mod parcels;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use native::RedisConnection;
use private_redis::{Options, RedisServer};
use queue::{
    DeadLetter, Drain, EntryId, Filter, GROUP, Keys, MessageStatus, Name, Queue, Role, Settings,
    Stream, Tally, drain,
};
use redis::streams::StreamRangeReply;
use redis::{Commands, FromRedisValue};

pub(crate) use connections::{BeforeCommit, Ears, Mortal, is_commit};
use parcels::result_of;
pub(crate) use parcels::{BY_BIKE, BY_VAN, Courier, Dies, Scale, id_of, parcel};

pub(crate) type Fields = BTreeMap<String, String>;

pub(crate) const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) const BIKE: Stream = Stream::Lane("bike");
pub(crate) const VAN: Stream = Stream::Lane("van");
pub(crate) const STREAMS: [Stream; 3] = [Stream::Ingress, BIKE, VAN];

/// Asks until something holds.
pub(crate) fn poll_until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !check() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Everything in the server, as `DUMP` gives it.
pub(crate) fn everything(redis: &mut redis::Connection) -> BTreeMap<String, Vec<u8>> {
    let keys: Vec<String> = redis.keys("*").expect("KEYS works");
    let mut dump = |key: &str| redis::cmd("DUMP").arg(key).query(redis).expect("DUMP works");
    keys.into_iter().map(|key| (key.clone(), dump(&key))).collect()
}

pub(crate) fn settings() -> Settings {
    let settings = Settings::new(Name::from_static("parcels"), &["bike", "van"]);
    Settings { linger_ms: 0, claim_idle_ms: 60_000, ..settings }
}

/// A queue on a private Redis.
pub(crate) struct TestQueue {
    pub(crate) redis: RedisConnection,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) server: RedisServer,
}

impl TestQueue {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::on(&Options::default(), settings)
    }

    pub(crate) fn on(options: &Options, settings: Settings) -> Self {
        let server = RedisServer::start_with(options).expect("a private redis starts");
        let redis = RedisConnection::open(&server.url()).expect("the private redis answers");
        Self { redis, keys: Keys::new(&settings), settings, server }
    }

    /// A queue whose Redis ends waits on time: an idle one looks for them `hz` times a second.
    pub(crate) fn punctual(settings: Settings) -> Self {
        let arguments = ["--hz", "500"].map(str::to_owned).to_vec();
        Self::on(&Options { arguments, ..Options::default() }, settings)
    }

    /// A queue that is in use: only then a lane may have entries.
    pub(crate) fn opened() -> Self {
        let mut queue = Self::new();
        queue.open();
        queue
    }

    pub(crate) fn open(&mut self) {
        let _: () = self.ask(&["FLUSHALL"]);
        self.queue().tick(Stream::Ingress).expect("a tick works");
    }

    pub(crate) fn queue(&mut self) -> Queue<'_, RedisConnection> {
        Queue::new(&mut self.redis, &self.settings)
    }

    /// Sends one command of words.
    pub(crate) fn ask<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        redis::cmd(words[0])
            .arg(&words[1..])
            .query(self.redis.inner())
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Adds a message as other producers do, by plain XADD. In a lane that is an entry written by
    /// hand.
    pub(crate) fn add(&mut self, stream: Stream, message: &str) -> String {
        self.add_entry(stream, "*", &[("message", message)])
    }

    /// Adds parcels to ingress, and gives them back.
    pub(crate) fn add_parcels(&mut self, numbers: std::ops::Range<u32>) -> Vec<String> {
        let parcels: Vec<String> = numbers.map(parcel).collect();
        for parcel in &parcels {
            self.add(Stream::Ingress, parcel);
        }
        parcels
    }

    pub(crate) fn add_entry(
        &mut self,
        stream: Stream,
        id: &str,
        fields: &[(&str, &str)],
    ) -> String {
        let key = self.keys.stream(stream).to_owned();
        self.redis.inner().xadd(key, id, fields).expect("XADD works")
    }

    pub(crate) fn add_letter(&mut self, id: &str, fields: &[(&str, &str)]) -> EntryId {
        let key = self.keys.dead_letters().to_owned();
        let id: String = self.redis.inner().xadd(key, id, fields).expect("XADD works");
        EntryId::parse(&id).expect("an entry id")
    }

    /// Enqueues parcels by the library.
    pub(crate) fn enqueue(&mut self, parcels: &[String]) {
        let parcels: Vec<(&str, &[u8])> =
            parcels.iter().map(|parcel| (id_of(parcel), parcel.as_bytes())).collect();
        self.queue().enqueue(&parcels, 0, None).expect("enqueue works");
    }

    /// Claims a batch and crashes.
    pub(crate) fn hold(&mut self, role: &impl Role) {
        let mut at_commit = || panic!("dies with a batch");
        let mut inner = BeforeCommit { inner: &mut self.redis, act: Some(&mut at_commit) };
        let mut queue = Queue::new(&mut inner, &self.settings);
        let step = AssertUnwindSafe(|| Drain::new(&mut queue, role).step());
        assert!(catch_unwind(step).is_err(), "something was claimed");
    }

    /// Lets instances crash at all waiting messages of the role's stream until these are
    /// dead-lettered.
    pub(crate) fn kill(&mut self, role: impl Role + Copy) {
        for _ in 0..=self.settings.max_deliveries {
            let drain = AssertUnwindSafe(|| self.drain(&Dies(role, "")));
            catch_unwind(drain).ok();
            self.age_pending();
        }
        assert_eq!(self.length(role.stream()), 0);
    }

    pub(crate) fn drain(&mut self, role: &impl Role) -> Tally {
        let (tally, result) = drain(&mut self.queue(), role, &mut || Duration::ZERO);
        result.expect("the drain works");
        tally
    }

    /// Drains ingress and both lanes, once each.
    pub(crate) fn drain_all(&mut self) {
        self.drain(&Scale);
        self.drain(&BY_BIKE);
        self.drain(&BY_VAN);
    }

    /// Lets everything that waits or was left behind be drained.
    pub(crate) fn drain_rest(&mut self) {
        for _ in 0..10 {
            self.age_pending();
            self.drain_all();
            if STREAMS.iter().all(|stream| self.length(*stream) == 0) {
                return;
            }
        }
        panic!("the streams cannot be drained");
    }

    pub(crate) fn length(&mut self, stream: Stream) -> u64 {
        let key = self.keys.stream(stream).to_owned();
        self.ask(&["XLEN", &key])
    }

    /// The ids of pending entries, with their delivery counts.
    pub(crate) fn pending(&mut self, stream: Stream) -> Vec<(String, usize)> {
        let key = self.keys.stream(stream).to_owned();
        let reply: redis::RedisResult<redis::streams::StreamPendingCountReply> =
            self.redis.inner().xpending_count(&key, GROUP, "-", "+", 10_000);
        // Without a group nothing was ever delivered.
        let ids = reply.map(|reply| reply.ids).unwrap_or_default();
        ids.into_iter().map(|entry| (entry.id, entry.times_delivered)).collect()
    }

    /// Makes all pending entries look as if they had been idle for a minute; their delivery counts
    /// stay.
    pub(crate) fn age_pending(&mut self) {
        let script = "for _, key in ipairs(KEYS) do
            -- Without a group nothing was ever delivered.
            for _, entry in ipairs(redis.pcall('XPENDING', key, ARGV[1], '-', '+', 10000)) do
                redis.call('XCLAIM', key, ARGV[1], 'x', 0, entry[1], 'IDLE', 60000, 'JUSTID')
            end
        end";
        let [ingress, bike, van] = STREAMS.map(|stream| self.keys.stream(stream).to_owned());
        let _: redis::Value = self.ask(&["EVAL", script, "3", &ingress, &bike, &van, GROUP]);
    }

    /// Sets the time of the stream's last claim.
    pub(crate) fn set_last_claim(&mut self, stream: Stream, at_ms: i64) {
        let format = self.keys.format().to_owned();
        let field = format!("clock_ms:{}", stream.as_str());
        let _: i64 = self.ask(&["HSET", &format, &field, &at_ms.to_string()]);
    }

    pub(crate) fn last_claim(&mut self, stream: Stream) -> i64 {
        let format = self.keys.format().to_owned();
        self.ask(&["HGET", &format, &format!("clock_ms:{}", stream.as_str())])
    }

    /// Makes each drain of the stream wait for more, however slowly this runs.
    pub(crate) fn set_busy(&mut self, stream: Stream) {
        let at_ms = self.now_ms() + 60_000;
        self.set_last_claim(stream, at_ms);
    }

    /// Makes the index old enough for the next tick to rotate it.
    pub(crate) fn age_index(&mut self) {
        let format = self.keys.format().to_owned();
        let _: i64 = self.ask(&["HSET", &format, "rotated_ms", "1"]);
    }

    pub(crate) fn now_ms(&mut self) -> i64 {
        let (seconds, micros): (i64, i64) = self.ask(&["TIME"]);
        seconds * 1_000 + micros / 1_000
    }

    pub(crate) fn status(&mut self, id: &str) -> MessageStatus {
        self.queue().status(id).expect("status works").expect("the message is known")
    }

    /// All dead letters, without their messages.
    pub(crate) fn letters(&mut self, filter: &Filter) -> Vec<DeadLetter> {
        self.queue().dead_letters(filter, None, 1_000).expect("letters can be read").dead_letters
    }

    /// The ids of all dead letters.
    pub(crate) fn letter_ids(&mut self) -> Vec<EntryId> {
        let letters = self.letters(&Filter::default());
        letters.iter().map(|letter| EntryId::parse(&letter.entry_id).unwrap()).collect()
    }

    pub(crate) fn everything(&mut self) -> BTreeMap<String, Vec<u8>> {
        everything(self.redis.inner())
    }

    /// Makes this everything in the server.
    pub(crate) fn restore(&mut self, everything: &BTreeMap<String, Vec<u8>>) {
        let mut pipe = redis::pipe();
        pipe.cmd("FLUSHALL");
        for (key, value) in everything {
            pipe.cmd("RESTORE").arg(key).arg(0).arg(value);
        }
        let _: Vec<redis::Value> = pipe.query(self.redis.inner()).expect("RESTORE works");
    }

    /// Entries that vanished, over all streams.
    pub(crate) fn vanished(&mut self) -> u64 {
        let stats = self.queue().stats().expect("stats work");
        stats.streams.values().map(|stream| stream.vanished).sum()
    }

    pub(crate) fn totals(&mut self) -> BTreeMap<String, i64> {
        let key = self.keys.totals().to_owned();
        self.ask(&["HGETALL", &key])
    }

    /// The fields of all entries of a stream by key.
    pub(crate) fn entries(&mut self, key: &str) -> Vec<Fields> {
        let reply: StreamRangeReply = self.ask(&["XRANGE", key, "-", "+"]);
        let text = |value| String::from_redis_value(value).expect("fields are text");
        reply
            .ids
            .into_iter()
            .map(|entry| entry.map.into_iter().map(|(field, value)| (field, text(value))).collect())
            .collect()
    }

    pub(crate) fn dead_letters(&mut self) -> Vec<Fields> {
        let key = self.keys.dead_letters().to_owned();
        self.entries(&key)
    }

    /// Id and result of everything that was confirmed, sorted.
    pub(crate) fn results(&mut self) -> Vec<(String, String)> {
        let key = self.keys.results().to_owned();
        let mut results: Vec<_> = self
            .entries(&key)
            .into_iter()
            .map(|mut fields| {
                (fields.remove("message_id").unwrap(), fields.remove("result").unwrap())
            })
            .collect();
        results.sort();
        results
    }

    /// Checks that exactly these parcels are confirmed, each once and right, and that all streams
    /// are empty.
    pub(crate) fn assert_confirmed<'p>(&mut self, parcels: impl IntoIterator<Item = &'p String>) {
        let mut expected: Vec<_> = parcels.into_iter().map(|parcel| result_of(parcel)).collect();
        expected.sort();
        assert_eq!(self.results(), expected);
        for stream in STREAMS {
            assert_eq!(self.length(stream), 0, "{stream:?} is empty");
            assert_eq!(self.pending(stream), [], "{stream:?} has nothing pending");
        }
    }
}
