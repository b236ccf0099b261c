//! A queue of one's own, orders to put into it, and the books that must balance afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use conventional::connection::RedisConnection;
use private_redis::RedisServer;
use redis::streams::StreamRangeReply;
use redis::{Commands, ConnectionLike, FromRedisValue};
use shared::confirmation::confirm;
use shared::order::Order;
use shared::queue::{
    Argument, Execute, ExecuteError, Keys, Lane, Queue, Role, Stream, Tally, Value, drain,
    milliseconds,
};
use shared::roles::{Distributor, Receiver};
use shared::settings::{DEFAULT_COMPLEXITY_THRESHOLD, QueueSettings};

pub(crate) const DISTRIBUTOR: Distributor =
    Distributor { complexity_threshold: DEFAULT_COMPLEXITY_THRESHOLD };
pub(crate) const SIMPLE: Receiver = Receiver { lane: Lane::Simple };
pub(crate) const COMPLEX: Receiver = Receiver { lane: Lane::Complex };

/// A private Redis with one connection to it.
pub(crate) struct TestQueue {
    pub(crate) redis: RedisConnection,
    pub(crate) keys: Keys,
    pub(crate) settings: QueueSettings,
    server: RedisServer,
}

/// A dead letter's fields.
pub(crate) type Fields = BTreeMap<String, String>;

impl TestQueue {
    pub(crate) fn new() -> Self {
        Self::with(QueueSettings::default())
    }

    pub(crate) fn with(settings: QueueSettings) -> Self {
        let server = RedisServer::start().expect("a private redis starts");
        let redis = RedisConnection::open(&server.url()).expect("the private redis answers");
        Self { redis, keys: Keys::new(settings.queue.clone()), settings, server }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn queue(&mut self) -> Queue<'_, RedisConnection> {
        Queue::new(&mut self.redis, &self.settings)
    }

    /// Adds an order as a foreign producer does: plain XADD.
    pub(crate) fn add(&mut self, stream: Stream, order: &str) -> String {
        let key = self.keys.stream(stream).to_owned();
        self.redis.inner().xadd(key, "*", &[("order", order)]).expect("XADD works")
    }

    pub(crate) fn drain(&mut self, role: &impl Role) -> Tally {
        let (tally, result) = drain(&mut self.queue(), role, &mut || Duration::ZERO);
        result.expect("the drain works");
        tally
    }

    /// Drains ingress and both lanes, once each.
    pub(crate) fn drain_all(&mut self) {
        self.drain(&DISTRIBUTOR);
        self.drain(&SIMPLE);
        self.drain(&COMPLEX);
    }

    pub(crate) fn length(&mut self, stream: Stream) -> u64 {
        let key = self.keys.stream(stream).to_owned();
        self.redis.inner().xlen(key).expect("XLEN works")
    }

    pub(crate) fn pending(&mut self, stream: Stream) -> usize {
        let key = self.keys.stream(stream).to_owned();
        match self
            .redis
            .inner()
            .xpending::<_, _, redis::streams::StreamPendingReply>(key, stream.group())
        {
            Ok(reply) => reply.count(),
            // Nothing was ever delivered from this stream.
            Err(error) if error.code() == Some("NOGROUP") => 0,
            Err(error) => panic!("XPENDING works: {error}"),
        }
    }

    /// Makes a pending entry look as if it had been idle for `idle`; its delivery count stays.
    pub(crate) fn age(&mut self, stream: Stream, entry_id: &str, idle: Duration) {
        let key = self.keys.stream(stream).to_owned();
        let _: redis::Value = redis::cmd("XCLAIM")
            .arg(&[&key, stream.group(), "spin", "0", entry_id, "IDLE"])
            .arg(idle.as_millis() as u64)
            .arg("JUSTID")
            .query(self.redis.inner())
            .expect("XCLAIM works");
    }

    /// Makes all pending entries of all streams look as if they had been idle for `idle`.
    pub(crate) fn age_all_pending(&mut self, idle: Duration) {
        for stream in Stream::ALL {
            let key = self.keys.stream(stream).to_owned();
            let pending: redis::RedisResult<redis::streams::StreamPendingCountReply> =
                self.redis.inner().xpending_count(&key, stream.group(), "-", "+", 10_000);
            // Without a group nothing was ever delivered.
            for entry in pending.map(|reply| reply.ids).unwrap_or_default() {
                self.age(stream, &entry.id, idle);
            }
        }
    }

    pub(crate) fn totals(&mut self) -> BTreeMap<String, u64> {
        let key = self.keys.totals().to_owned();
        self.redis.inner().hgetall(key).expect("HGETALL works")
    }

    pub(crate) fn state(&mut self, order: &str) -> Fields {
        let id = Order::identity(order.as_bytes()).expect("the order has an identity");
        let key = self.keys.state(id);
        self.redis.inner().hgetall(key).expect("HGETALL works")
    }

    /// The fields of all entries of a stream by key.
    pub(crate) fn entries(&mut self, key: &str) -> Vec<Fields> {
        let reply: StreamRangeReply = self.redis.inner().xrange_all(key).expect("XRANGE works");
        reply
            .ids
            .into_iter()
            .map(|entry| {
                entry
                    .map
                    .into_iter()
                    .map(|(field, value)| {
                        (field, String::from_redis_value(value).expect("fields are text"))
                    })
                    .collect()
            })
            .collect()
    }

    pub(crate) fn dead_letters(&mut self) -> Vec<Fields> {
        let key = self.keys.dead_letters().to_owned();
        self.entries(&key)
    }

    pub(crate) fn confirmations(&mut self) -> Vec<Fields> {
        let key = self.keys.confirmations().to_owned();
        self.entries(&key)
    }

    /// Checks that exactly these orders are confirmed, each once and with the right bytes, and that all streams are empty.
    pub(crate) fn assert_confirmed(&mut self, orders: &[String]) {
        let mut expected: Vec<(String, String)> = orders
            .iter()
            .map(|json| {
                let queued_at_ms =
                    milliseconds(&self.state(json)["ingress"]).expect("an entry id has a time");
                let order = Order::parse(json.as_bytes()).expect("an expected order is valid");
                let lane =
                    shared::complexity::Assessment::of(&order).lane(DEFAULT_COMPLEXITY_THRESHOLD);
                let confirmation = confirm(&order, lane, queued_at_ms).to_json();
                (order.id.to_string(), String::from_utf8(confirmation).expect("JSON is UTF-8"))
            })
            .collect();
        let mut found: Vec<(String, String)> = self
            .confirmations()
            .into_iter()
            .map(|mut fields| {
                (fields.remove("order_id").unwrap(), fields.remove("confirmation").unwrap())
            })
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        for stream in Stream::ALL {
            assert_eq!(self.length(stream), 0, "{stream:?} is empty");
            assert_eq!(self.pending(stream), 0, "{stream:?} has nothing pending");
        }
    }
}

/// Whether these are the arguments of a commit: nothing else names so many keys.
pub(crate) fn is_commit(arguments: &[Argument<'_>]) -> bool {
    matches!(arguments.get(1), Some(Argument::Int(keys)) if *keys > 8)
}

/// Hands all waiting entries of a stream, whose group is there, to somebody who never commits them.
pub(crate) fn hold(redis: &mut impl ConnectionLike, keys: &Keys, stream: Stream) {
    let held: redis::Value = redis::cmd("XREADGROUP")
        .arg(&["GROUP", stream.group(), "spin", "STREAMS", keys.stream(stream), ">"])
        .query(redis)
        .expect("XREADGROUP works");
    assert_ne!(held, redis::Value::Nil, "nothing was left to hold");
}

/// A connection on which something happens between the first claim and its commit.
pub(crate) struct BeforeCommit<'a> {
    pub(crate) inner: RedisConnection,
    pub(crate) act: &'a mut dyn FnMut(),
    pub(crate) done: bool,
}

impl Execute for BeforeCommit<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        if !self.done && is_commit(arguments) {
            self.done = true;
            (self.act)();
        }
        self.inner.execute(command, arguments)
    }
}

/// Routes an order, and lets a broken copy of it be set aside while it waits in its lane. Gives the order.
pub(crate) fn route_with_a_broken_copy(queue: &mut TestQueue) -> String {
    let order = an_order(1);
    queue.add(Stream::Ingress, &order);
    queue.drain(&DISTRIBUTOR);
    queue.add(Stream::Ingress, &order.replace("Standard", "Soon"));
    queue.drain(&DISTRIBUTOR);
    order
}

/// A simple order.
pub(crate) fn an_order(number: u32) -> String {
    format!(
        r#"{{"orderId":{number},"orderGuid":"00000000-0000-4000-8000-{number:012x}","description":"d","firstName":"Ada","lastName":"L","delivery":"Standard","items":[{{"orderItemId":1,"sku":"0b1c2d3e-4f50","quantity":2}}]}}"#
    )
}

/// An order with a progressive prescription, which is complex.
pub(crate) fn a_complex_order(number: u32) -> String {
    let lens = r#""lens":{"right":{"sphere":-9.5,"cylinder":-2.5,"axis":10,"addition":2.0},"left":{"sphere":-6.0,"addition":2.0},"index":1.67}"#;
    an_order(number).replace(r#""quantity":2"#, &format!(r#""quantity":2,{lens}"#))
}

/// Orders 0 to `count - 1`; every third is complex.
pub(crate) fn orders(count: u32) -> Vec<String> {
    (0..count)
        .map(|number| if number % 3 == 0 { a_complex_order(number) } else { an_order(number) })
        .collect()
}
