//! Every step is a crash window: a drain dies at its n-th command, before or after Redis has carried it out, for every n.
//!
//! Afterwards fresh drains do the rest, and the books must balance each time: every good order confirmed once with the right bytes,
//! every bad one dead-lettered once with its code, every copy counted. A redrive is held to the same.

use std::time::Duration;

use conventional::connection::RedisConnection;
use redis::Commands;
use shared::order::Order;
use shared::queue::{
    Argument, Execute, ExecuteError, LetterId, Queue, Redrive, Role, Stream, Value, drain,
};
use shared::settings::QueueSettings;

use crate::support::{COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order};

/// When a connection dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// The command never reaches Redis.
    Before(u32),
    /// Redis carries the command out, and the reply is lost.
    After(u32),
}

/// A connection that dies at a command and stays dead.
struct Mortal<'a> {
    inner: &'a mut RedisConnection,
    death: Death,
    commands: u32,
}

impl Mortal<'_> {
    fn is_dead(&self) -> bool {
        let (Death::Before(last) | Death::After(last)) = self.death;
        self.commands >= last
    }
}

impl Execute for Mortal<'_> {
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError> {
        let dead = || ExecuteError("the connection is dead".into());
        if self.is_dead() {
            return Err(dead());
        }
        self.commands += 1;
        match (self.is_dead(), self.death) {
            (true, Death::Before(_)) => Err(dead()),
            (true, Death::After(_)) => {
                self.inner.execute(command, arguments).ok();
                Err(dead())
            }
            (false, _) => self.inner.execute(command, arguments),
        }
    }
}

/// What is sent: good orders of both lanes, copies, and broken ones.
fn mixed_orders() -> Vec<String> {
    let mut orders: Vec<String> = (0..14).map(an_order).collect();
    orders.extend((20..26).map(a_complex_order));
    orders.push(an_order(3));
    orders.push(a_complex_order(21));
    orders.push("not json".into());
    orders.push(an_order(40).replace("Standard", "Soon"));
    orders
}

/// Drains all streams with a connection that may die. `false` when it did.
fn drain_mortally(queue: &mut TestQueue, death: Death) -> bool {
    let mut mortal = Mortal { inner: &mut queue.redis, death, commands: 0 };
    let mut handle = Queue::new(&mut mortal, &queue.settings);
    lives(&mut handle, &DISTRIBUTOR) && lives(&mut handle, &SIMPLE) && lives(&mut handle, &COMPLEX)
}

fn lives(queue: &mut Queue<'_, Mortal<'_>>, role: &impl Role) -> bool {
    drain(queue, role, &mut || Duration::ZERO).1.is_ok()
}

#[test]
fn whatever_command_a_drain_dies_at_every_order_ends_once_and_right() {
    die_everywhere(6, 16);
}

#[test]
fn the_same_holds_where_long_batches_are_read_without_the_script() {
    die_everywhere(30, 7);
}

/// Dies at each command of a drain with this batch size, of which there are this many at least.
fn die_everywhere(batch_size: u32, commands: u32) {
    let settings = QueueSettings { batch_size, claim_idle_ms: 60_000, ..QueueSettings::default() };
    let mut queue = TestQueue::with(settings);
    let orders = mixed_orders();
    let mut good: Vec<String> =
        orders.iter().filter(|order| Order::parse(order.as_bytes()).is_ok()).cloned().collect();
    good.sort();
    good.dedup();
    for make_death in [Death::Before, Death::After] {
        for n in 1.. {
            let death = make_death(n);
            let _: () = redis::cmd("FLUSHALL").query(queue.redis.inner()).unwrap();
            for order in &orders {
                queue.add(Stream::Ingress, order);
            }
            let lived = drain_mortally(&mut queue, death);
            // Time passes, and new instances look: one drain of all may leave what its death left pending in a lane.
            for _ in 0..2 {
                queue.age_all_pending(Duration::from_secs(61));
                queue.drain_all();
            }
            queue.assert_confirmed(&good);
            let mut codes: Vec<String> = queue
                .dead_letters()
                .into_iter()
                .map(|mut letter| letter.remove("code").unwrap())
                .collect();
            codes.sort();
            assert_eq!(codes, ["invalid_json", "unknown_value"], "{death:?}");
            let totals = queue.totals();
            assert_eq!(totals["duplicates"], 2, "{death:?}");
            assert_eq!(
                totals["confirmed_simple"] + totals["confirmed_complex"],
                good.len() as u64,
                "{death:?}"
            );
            if lived {
                assert!(n >= commands, "the whole of a drain has more commands than {n}");
                break;
            }
        }
    }
}

#[test]
fn whatever_command_a_redrive_dies_at_doing_it_again_confirms_the_order_once() {
    // From ingress, and from a lane, where nobody behind it looks for duplicates.
    for stream in [Stream::Ingress, Stream::Complex] {
        for make_death in [Death::Before, Death::After] {
            for n in 1.. {
                let mut queue = TestQueue::new();
                let order = a_complex_order(1);
                let id = Order::identity(order.as_bytes()).unwrap().to_string();
                let key = queue.keys.dead_letters().to_owned();
                let fields = [
                    ("order", order.as_str()),
                    ("order_id", id.as_str()),
                    ("stream", stream.as_str()),
                    ("ingress", "1795228919240-0"),
                ];
                let letter: String = queue.redis.inner().xadd(key, "*", &fields).unwrap();
                let letter = LetterId::parse(&letter).unwrap();
                let mut mortal =
                    Mortal { inner: &mut queue.redis, death: make_death(n), commands: 0 };
                let lived = Queue::new(&mut mortal, &queue.settings).redrive(&letter).is_ok();
                let is_there = queue.queue().dead_letter(&letter).unwrap().is_some();
                let again = queue.queue().redrive(&letter).unwrap();
                assert_eq!(
                    is_there,
                    matches!(again, Redrive::Redriven { .. }),
                    "{stream:?} {n} {again:?}"
                );
                queue.drain_all();
                queue.assert_confirmed(&[order]);
                assert_eq!(queue.totals()["redriven"], 1);
                assert_eq!(queue.totals().get("duplicates"), None);
                if lived {
                    assert!(n > 2, "a redrive has more commands than {n}");
                    break;
                }
            }
        }
    }
}
