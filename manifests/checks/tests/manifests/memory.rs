//! How much memory orders take in Redis: the figures of the check and of `docs/operate.md`.

use std::process::Command;
use std::time::Duration;

use e2e::binary;
use manifest_checks::checks::memory::{CONFIRMATION, RECORD, WAITING};
use native::RedisConnection;
use orders::order::Order;
use orders::pipeline::{Distributor, Receiver, settings};
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, Lane};
use queue::{Queue, drain};

use crate::server::Redis;
use crate::support::repository;

/// Bytes that count against `maxmemory`.
fn used(redis: &Redis) -> u64 {
    let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query(&mut redis.admin()).unwrap();
    let of = |name: &str| info.get::<u64>(name).unwrap_or_default();
    of("used_memory") - of("mem_not_counted_for_evict") - of("mem_clients_normal")
}

/// Enqueues generated orders, of which this share has a prescription, and drains them. The answer
/// is a column of the page's table: bytes of each order.
fn measure(prescriptions: &str) -> [u64; 6] {
    let redis = Redis::start();
    let settings = settings();
    let mut connection = RedisConnection::open(&redis.url("pipeline-url")).unwrap();
    let arguments = ["generate", "--prescriptions", prescriptions];
    let generated = Command::new(binary("loadtest")).args(arguments).output().unwrap().stdout;
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
        for lane in [Lane::Simple, Lane::Complex] {
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
    let bytes = [
        generated.len() as u64,
        in_ingress - empty,
        in_lanes - empty,
        confirmed - empty,
        length(keys.results()),
        length(keys.index()),
    ];
    bytes.map(|bytes| bytes / count)
}

/// The rows of the page's table, without their titles.
fn documented() -> Vec<Vec<u64>> {
    let page = std::fs::read_to_string(repository().join("docs/operate.md")).unwrap();
    let (_, table) = page.split_once("\n| Bytes per order, ").unwrap();
    let rows = table.lines().skip(2).map_while(|row| row.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").skip(1).map(|cell| cell.replace(',', "")));
    cells.map(|cells| cells.map(|cell| cell.parse().unwrap()).collect()).collect()
}

#[test]
fn orders_take_no_more_memory_than_the_manifests_are_sized_for() {
    let mixes = ["0", "0.3", "1"].map(measure);
    println!("plain, mix, with prescription: {mixes:#?}");
    let documented = documented();
    assert_eq!(documented.len(), 6);
    for (column, measured) in mixes.iter().enumerate() {
        for (row, measured) in documented.iter().zip(measured) {
            let is_near = row[column].abs_diff(*measured) * 10 <= *measured;
            assert!(is_near, "{measured} bytes, and the page says {}", row[column]);
        }
    }
    let [_, in_ingress, in_lanes, confirmed, confirmation, record] = mixes[1];
    // With 5 % to spare, and not more than half as much again.
    for (what, measured, reserved) in [
        ("a waiting order", in_ingress.max(in_lanes), WAITING),
        ("a confirmation", confirmation, CONFIRMATION),
        ("a record", record, RECORD),
        ("a confirmed order", confirmed, CONFIRMATION + RECORD),
    ] {
        assert!(
            measured * 21 / 20 <= reserved && reserved <= measured * 3 / 2,
            "{what}: {measured} bytes, and the check reserves {reserved}"
        );
    }
}
