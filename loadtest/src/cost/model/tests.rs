use std::time::Duration;

use super::*;
use crate::cost::prices::Architecture;

/// Four processors, 16 GiB, 0.4 USD an hour.
fn a_node() -> NodeType {
    NodeType {
        provider: "Hill".into(),
        region: "north".into(),
        name: "four".into(),
        architecture: Architecture::X86,
        vcpus: 4,
        memory_gib: 16.0,
        usd_per_hour: 0.4,
        as_of: "2026-06".into(),
        source: "a page".into(),
    }
}

/// 100 us of CPU for an order, 5,000 orders a second, 100 MiB.
fn a_measurement() -> Measured {
    Measured {
        file: "r.json".into(),
        app_cpu_s: 100e-6,
        redis_cpu_s: 140e-6,
        orders_per_s: 5_000.0,
        app_mib: 100.0,
    }
}

fn assumed() -> Assumptions {
    Assumptions {
        multiply: 1.0,
        utilisation: 0.6,
        system_nodes: 1,
        scale_in: Duration::from_mins(10),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is made for the call")]
fn a_load(lines: &str, assumed: Assumptions) -> DayLoad {
    DayLoad::of(&Day::parse(&format!("time,orders_per_minute\n{lines}")).unwrap(), &assumed)
}

#[track_caller]
fn assert_close(found: f64, expected: f64, error: f64) {
    assert!((found - expected).abs() <= error, "{found} instead of {expected}");
}

/// From 10:00 to 11:00, with edges of a minute.
const AN_HOUR: &str = "10:00,0\n10:01,3600000\n10:59,3600000\n11:00,0\n";

#[test]
fn a_day_worked_out_by_hand_costs_what_it_must() {
    // 60,000 orders a second. A node has 4 processors, used to 60 %, and an order takes 100 us:
    // 24,000 a second from a node, so 3 nodes. The edges are ramps: over 24,000 from 24 s, over
    // 48,000 from 48 s on. A node stays 600 s after it was needed. Node 1: 3600 + 600 = 4200 s;
    // node 2: 3600 - 48 + 600 = 4152 s; node 3: 3600 - 96 + 600 = 4104 s; 12,456 s in all. At
    // 0.4 an hour for a node 1.384, always on 3 * 24 * 0.4 = 28.8, the system node 9.6. With
    // one node at least: 86,400 + 4152 + 4104 = 94,656 s.
    let row = a_load(AN_HOUR, assumed()).row(&a_node(), &a_measurement()).unwrap();
    assert_close(row.orders_per_s_of_a_node, 24_000.0, 1e-6);
    assert_eq!((row.always_on.max_nodes, row.pool_to_zero.max_nodes), (3, 3));
    assert_close(row.always_on.usd, 28.8 + 9.6, 1e-9);
    // A second at each crossing may fall on either side.
    assert_close(row.pool_to_zero.usd, 12_456.0 / 3_600.0 * 0.4 + 9.6, 0.0005);
    assert_close(row.autoscaled.usd, 94_656.0 / 3_600.0 * 0.4 + 9.6, 0.0005);
}

#[test]
fn a_day_without_orders_costs_the_nodes_that_stay() {
    let row = a_load("00:00,0", assumed()).row(&a_node(), &a_measurement()).unwrap();
    assert_close(row.always_on.usd, 24.0 * 2.0 * 0.4, 1e-9);
    assert_close(row.autoscaled.usd, 24.0 * 2.0 * 0.4, 1e-9);
    assert_close(row.pool_to_zero.usd, 24.0 * 0.4, 1e-9);
}

#[test]
fn a_node_is_limited_by_its_memory_and_refused_if_it_is_too_small() {
    // 0.5 GiB, three quarters of it: 384 MiB, 3 copies of 100 MiB with 5,000 orders a second.
    let load = a_load("00:00,60", assumed());
    let rate = |memory_gib| load.rate_of(&NodeType { memory_gib, ..a_node() }, &a_measurement());
    assert_eq!(rate(0.5).unwrap(), 15_000.0);
    assert!(
        rate(0.1).unwrap_err().to_string().contains("four: memory_gib: its memory does not hold")
    );
}

#[test]
fn each_factor_is_one_change() {
    // The baseline takes half of the CPU: 2 nodes, the app 3; of half the size 5.
    let baseline = Measured { app_cpu_s: 50e-6, file: "b.json".into(), ..a_measurement() };
    let two = NodeType { name: "two".into(), vcpus: 2, usd_per_hour: 0.15, ..a_node() };
    let load = a_load(AN_HOUR, assumed());
    let factors = load.factors(&baseline, &a_measurement(), &a_node(), &two).unwrap();
    let found: Vec<f64> = factors.iter().map(|factor| factor.factor).collect();
    assert_close(found[0], 4.0 / 3.0, 1e-9);
    assert_close(found[1], (6.0 * 2.0) / (4.0 * 4.0), 1e-9);
    assert_close(found[2], 0.075 / 0.1, 1e-9);
    assert!(found[3] < 1.0 && found[4] < 1.0, "{found:?}");
    // Where one node is enough anyway, less CPU saves nothing.
    let quiet = a_load("00:00,60", assumed());
    let factors = quiet.factors(&baseline, &a_measurement(), &a_node(), &a_node()).unwrap();
    assert_eq!(factors[0].factor, 1.0);
}
