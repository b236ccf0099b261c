//! How much memory orders take in Redis: the figures of the check and of `docs/operate.md`.

use std::process::Command;
use std::time::Duration;

use manifest_checks::checks::memory::{CONFIRMATION, RECORD, WAITING};
use native::RedisConnection;
use orders::order::Order;
use orders::pipeline::{Distributor, Receiver, settings};
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, Lane};
use queue::{Queue, drain};

use crate::runs::program;
use crate::server::Redis;

/// Bytes that count against `maxmemory`.
fn used(redis: &Redis) -> u64 {
    let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query(&mut redis.admin()).unwrap();
    let of = |name: &str| info.get::<u64>(name).unwrap_or_default();
    of("used_memory") - of("mem_not_counted_for_evict") - of("mem_clients_normal")
}

/// Bytes for each order in the stages of the pipeline.
struct Measured {
    order: u64,
    in_ingress: u64,
    in_lanes: u64,
    confirmed: u64,
    confirmation: u64,
    record: u64,
}

/// Enqueues generated orders, of which this share has a prescription, and drains them.
fn measure(prescriptions: &str) -> Measured {
    let redis = Redis::start();
    let settings = settings();
    let mut connection = RedisConnection::open(&redis.url("pipeline-url")).unwrap();
    let arguments = ["generate", "--prescriptions", prescriptions];
    let generated = Command::new(program("loadtest")).args(arguments).output().unwrap().stdout;
    let generated = String::from_utf8(generated).unwrap();
    let orders: Vec<(String, &str)> = generated
        .lines()
        .map(|order| (Order::identity(order.as_bytes()).unwrap().to_string(), order))
        .collect();
    let count = orders.len() as u64;
    assert_eq!(count, 10_000);
    let mut queue = Queue::new(&mut connection, &settings);
    let drain_all = |queue: &mut Queue<'_, RedisConnection>| {
        let distributor = Distributor { complexity_threshold: DEFAULT_COMPLEXITY_THRESHOLD };
        drain(queue, &distributor, &mut || Duration::ZERO).1.unwrap();
        let in_lanes = used(&redis);
        for lane in Lane::ALL {
            drain(queue, &Receiver { lane }, &mut || Duration::ZERO).1.unwrap();
        }
        in_lanes
    };
    // Redis knows the scripts before the first look.
    drain_all(&mut queue);
    let empty = used(&redis);
    for part in orders.chunks(1_000) {
        let part: Vec<(&str, &[u8])> =
            part.iter().map(|(id, order)| (id.as_str(), order.as_bytes())).collect();
        queue.enqueue(&part, 0, None).unwrap();
    }
    let in_ingress = used(&redis);
    let in_lanes = drain_all(&mut queue);
    let confirmed = used(&redis);
    assert_eq!(queue.stats().unwrap().results, count);
    let keys = queue.keys().clone();
    let length = |key: &str| -> u64 {
        let words = ["USAGE", key, "SAMPLES", "0"];
        redis::cmd("MEMORY").arg(&words).query(&mut redis.admin()).unwrap()
    };
    let each = |bytes: u64| bytes / count;
    Measured {
        order: each(generated.len() as u64),
        in_ingress: each(in_ingress - empty),
        in_lanes: each(in_lanes - empty),
        confirmed: each(confirmed - empty),
        confirmation: each(length(keys.results())),
        record: each(length(keys.index())),
    }
}

#[test]
fn orders_take_no_more_memory_than_the_manifests_are_sized_for() {
    println!("prescriptions  order  ingress  lane  confirmed  confirmation  record");
    let mut of_mix = None;
    for prescriptions in ["0", "1", "0.3"] {
        let it = measure(prescriptions);
        println!(
            "{prescriptions:>13}{:>7}{:>9}{:>6}{:>11}{:>14}{:>8}",
            it.order, it.in_ingress, it.in_lanes, it.confirmed, it.confirmation, it.record
        );
        of_mix = Some(it);
    }
    let it = of_mix.unwrap();
    // With 5 % to spare, and not more than half as much again.
    for (what, measured, reserved) in [
        ("a waiting order", it.in_ingress.max(it.in_lanes), WAITING),
        ("a confirmation", it.confirmation, CONFIRMATION),
        ("a record", it.record, RECORD),
        ("a confirmed order", it.confirmed, CONFIRMATION + RECORD),
    ] {
        assert!(
            measured * 21 / 20 <= reserved && reserved <= measured * 3 / 2,
            "{what}: {measured} bytes, and the check reserves {reserved}"
        );
    }
}
