use std::time::Duration;

use orders::pipeline::STREAMS;
use private_redis::RedisServer;

use super::*;
use crate::generate;
use crate::options::Recipe;

const RECIPE: Recipe = Recipe { seed: 1, prescriptions: 0.0, mutated: 0.0 };

fn an_empty_queue() -> (RedisServer, RedisConnection, Keys, Results) {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let keys = Keys::new(&orders::pipeline::settings());
    let before = Results::before(&mut redis, &keys, std::iter::empty()).unwrap();
    (server, redis, keys, before)
}

fn settle(books: Books, server: &RedisServer, keys: &Keys, before: Results) -> Account {
    let mut redis = PatientRedis::open(&server.url(), Duration::ZERO, || false).unwrap();
    books.settle(&mut redis, keys, 50, before).unwrap()
}

#[test]
fn an_uncertain_order_with_a_trace_is_missed_and_one_confirmed_without_a_trace_is_wrong() {
    let (server, mut redis, keys, before) = an_empty_queue();
    let orders: Vec<Vec<u8>> = generate::orders(RECIPE, 0).take(4).collect();
    let [acknowledged, _without_trace, with_trace, confirmed] =
        [0, 1, 2, 3].map(|at: usize| Order::identity(&orders[at]).unwrap());
    let lane = keys.stream(STREAMS[1]);
    let () = redis.inner().xadd(lane, "1-3", &[("1-2", &orders[2])]).unwrap();
    let mut books = Books::default();
    for (at, json) in orders.into_iter().enumerate() {
        match at {
            0 => books.acknowledged(json, EntryId::parse("1-1")),
            _ => assert_eq!(books.uncertain(json), at),
        }
    }
    let record = "routed 1-3 1-2 simple 1-3 0 - -";
    let _: () = redis.inner().hset(keys.index(), with_trace.to_string(), record).unwrap();
    let fields = [("order_id", confirmed.to_string()), ("confirmation", "{}".into())];
    let _: String = redis.inner().xadd(keys.results(), "*", &fields).unwrap();

    let account = settle(books, &server, &keys, before);
    assert_eq!((account.acknowledged, account.uncertain, account.uncertain_found), (1, 3, 1));
    // The one with a trace is still in its lane.
    assert_eq!(account.failures.lost, [acknowledged.to_string()]);
    assert_eq!(account.late, 1);
    let wrong: Vec<String> = account.failures.wrong.into_iter().map(|wrong| wrong.order).collect();
    assert_eq!(wrong, [confirmed.to_string()]);
    assert_eq!((account.lost, account.wrong, account.confirmed_twice), (1, 1, 0));
}

#[test]
fn an_invalid_order_without_a_record_is_accounted_for_by_its_dead_letter() {
    let (server, mut redis, keys, before) = an_empty_queue();
    let good = generate::orders(RECIPE, 0).next().unwrap();
    let text = String::from_utf8(good).unwrap().replace("\"delivery\"", "\"delivers\"");
    let id = Order::identity(text.as_bytes()).unwrap().to_string();
    let code = crate::expect::fate(text.as_bytes()).unwrap_err();
    let mut books = Books::default();
    books.uncertain(text.into_bytes());
    // Twice: an answer that was lost does not excuse it.
    for _ in 0..2 {
        let code = code.to_owned();
        let fields = [("order_id", id.clone()), ("ingress", "1-2".into()), ("code", code)];
        let _: String = redis.inner().xadd(keys.dead_letters(), "*", &fields).unwrap();
    }
    let account = settle(books, &server, &keys, before);
    assert_eq!((account.uncertain, account.uncertain_found), (1, 1));
    assert_eq!((account.dead_lettered, account.confirmed_twice), (1, 1));
}
