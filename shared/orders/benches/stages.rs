//! The cost of each stage for one order, as the mean over a set of orders.
//!
//! The sets are the first 100 orders of `loadtest generate --seed 1`, and of the same with
//! `--prescriptions 0`, which are the published reference's plain orders. `ORDERS=file.ndjson`
//! takes the orders of a file instead. Each iteration takes the next order, so the printed figure
//! is the mean, with caches as warm as in a drain.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use optics::{design, plan};
use orders::complexity::Assessment;
use orders::confirmation::{Confirmation, confirm};
use orders::order::Order;
use orders::pricing::quote;
use orders::promise::promise;
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, Lane, Times};

const MIXED: &str = include_str!("orders/mixed.ndjson");
const PLAIN: &str = include_str!("orders/plain.ndjson");
/// 2026-03-03T09:00:00Z.
const TIMES: Times = Times { queued_at_ms: 1_772_528_400_000, decided_at_ms: 1_772_528_400_000 };

fn stages(criterion: &mut Criterion) {
    if let Some(path) = std::env::var_os("ORDERS") {
        let orders = std::fs::read_to_string(&path).expect("ORDERS names a file that can be read");
        bench_set(criterion, "file", &orders);
    } else {
        bench_set(criterion, "mixed", MIXED);
        bench_set(criterion, "plain", PLAIN);
    }
}

fn bench_set(criterion: &mut Criterion, name: &str, ndjson: &str) {
    let texts: Vec<&[u8]> = ndjson.lines().map(str::as_bytes).collect();
    let orders: Vec<Order<'_>> =
        texts.iter().map(|text| Order::parse(text).expect("generated orders are valid")).collect();
    let routed: Vec<(&Order<'_>, Lane)> = orders
        .iter()
        .map(|order| (order, Assessment::of(order).lane(DEFAULT_COMPLEXITY_THRESHOLD)))
        .collect();
    let is_complex = |(_, lane): &&(&Order<'_>, Lane)| *lane == Lane::Complex;
    let n_complex = routed.iter().filter(is_complex).count();
    println!("{name}: {} orders, {n_complex} complex", orders.len());

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    let mut stage = |stage: &str, run: &mut dyn FnMut(usize)| {
        let mut next = 0;
        group.bench_function(stage, |bencher| {
            bencher.iter(|| {
                run(next);
                next = (next + 1) % orders.len();
            });
        });
    };
    stage("parse", &mut |at| {
        let _ = black_box(Order::parse(black_box(texts[at])));
    });
    stage("score", &mut |at| {
        let assessment = Assessment::of(black_box(&orders[at]));
        black_box((assessment.lane(DEFAULT_COMPLEXITY_THRESHOLD), assessment.reasons_text()));
    });
    stage("parse + score", &mut |at| {
        if let Ok(order) = Order::parse(black_box(texts[at])) {
            black_box(Assessment::of(&order).lane(DEFAULT_COMPLEXITY_THRESHOLD));
        }
    });
    stage("price", &mut |at| {
        black_box(quote(black_box(&orders[at])));
    });
    stage("design", &mut |at| {
        black_box(designed(routed[at]));
    });
    stage("plan", &mut |at| {
        black_box(planned(routed[at]));
    });
    stage("price + design + plan", &mut |at| {
        black_box((quote(black_box(&orders[at])), designed(routed[at]), planned(routed[at])));
    });
    stage("promise", &mut |at| {
        black_box(promise(black_box(&orders[at]), TIMES, 300));
    });
    stage("confirm to JSON", &mut |at| {
        let (order, lane) = routed[at];
        black_box(confirm(black_box(order), lane, TIMES).to_json());
    });
    let confirmations: Vec<Confirmation<'_>> =
        routed.iter().map(|(order, lane)| confirm(order, *lane, TIMES)).collect();
    stage("JSON alone", &mut |at| {
        black_box(confirmations[at].to_json());
    });
}

/// Designs the lenses of a complex order.
fn designed((order, lane): (&Order<'_>, Lane)) -> usize {
    let lenses =
        order.items.iter().filter_map(|item| item.lens.as_ref()).filter(|_| lane == Lane::Complex);
    lenses.map(|lens| black_box(design(black_box(lens))).eyes.len()).sum()
}

fn planned((order, lane): (&Order<'_>, Lane)) -> u32 {
    let lines = black_box(order).items.iter().map(|item| (item.quantity, item.lens.as_ref()));
    if lane == Lane::Complex { plan(lines).lead_time_minutes } else { 0 }
}

criterion_group!(benches, stages);
criterion_main!(benches);
