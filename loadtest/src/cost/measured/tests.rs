use serde_json::{Value, json};

use super::*;
use crate::report::tests::a_report;

fn measured(report: Value) -> Result<Measured> {
    Measured::of(&serde_json::from_value(report).unwrap(), "r.json")
}

#[test]
fn figures_are_those_of_one_order_that_the_app_had() {
    let measured = measured(a_report()).unwrap();
    assert!((measured.app_cpu_s - 30e-6).abs() < 1e-15, "0.3 s for 10,000 orders");
    assert!((measured.redis_cpu_s - 40e-6).abs() < 1e-15, "0.4 s for 10,000 orders");
    assert_eq!((measured.orders_per_s, measured.app_mib), (20_000.0, 35.0));
}

#[test]
fn a_few_orders_more_than_were_sent_do_not_matter() {
    let mut report = a_report();
    report["shares"] = json!([{"consumer": "spin", "stream": "ingress", "orders": 10_005}]);
    measured(report).unwrap();
}

#[test]
fn a_run_that_says_nothing_about_cost_is_refused_with_the_reason() {
    let steady = json!({"kind": "steady", "rate": 5, "duration_s": 1, "arrivals": "even"});
    let share = |by: &str, orders| json!({"consumer": by, "stream": "ingress", "orders": orders});
    let rejected = json!([{"answer": "429", "orders": 3, "processed_anyway": 0}]);
    for (pointer, value, expected) in [
        ("/shape", steady, "shape.kind: expected burst"),
        ("/interrupted", json!(true), "interrupted"),
        ("/backlog_before", json!(7), "backlog_before: 7"),
        ("/shares", json!([share("spin", 9_000), share("other", 1_200)]), "shares: 200 other"),
        ("/latency_ms/max", json!(0), "confirmed: 9000 orders were confirmed by an earlier"),
        ("/lost", json!(1), "not successful"),
        ("/late", json!(1), "not successful"),
        ("/rejected", rejected, "not successful"),
        ("/total_s", json!(0.0), "no order was done"),
        ("/cpu_s/app", json!(null), "cpu_s.app: without --app-pid"),
        ("/rss_mib/app", json!(null), "rss_mib.app: without --app-pid"),
        ("/cpu_s/app", json!(0.0), "cpu_s.app: is 0"),
    ] {
        let mut report = a_report();
        *report.pointer_mut(pointer).unwrap() = value;
        let error = format!("{:#}", measured(report).unwrap_err());
        assert!(error.contains(expected), "{pointer}: {error}");
    }
}
