//! Invalid orders by XADD and by the API: valid ones are confirmed, each invalid one is reported
//! with its code, nothing is lost.

use std::collections::BTreeMap;
use std::process::Command;

use e2e::{TestApp, an_order, binary};
use orders::MAX_ORDER_BYTES;
use serde_json::Value;

/// Orders with a fault each, and the code it has.
fn bad_orders() -> Vec<(String, &'static str)> {
    let long = "x".repeat(65 * 1024);
    assert!(long.len() > MAX_ORDER_BYTES);
    vec![
        ("{\"orderId\":".into(), "invalid_json"),
        ("42".into(), "wrong_type"),
        ("{}".into(), "missing_field"),
        (an_order(901).replace("\"quantity\":2", "\"quantity\":\"two\""), "wrong_type"),
        (an_order(902).replace("\"quantity\":2", "\"quantity\":-1"), "out_of_range"),
        (an_order(903).replace("\"d\"", &format!("\"{long}\"")), "order_too_large"),
        (an_order(904).replace("\"delivery\":\"Standard\",", ""), "missing_field"),
    ]
}

/// Orders that were confirmed, found to be duplicates, and dead-lettered.
fn outcomes(report: &Value) -> [u64; 3] {
    ["confirmed", "duplicate_deliveries", "dead_lettered"]
        .map(|field| report[field].as_u64().unwrap())
}

#[test]
fn a_file_with_broken_lines_ends_with_every_line_accounted_for() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.ndjson");
    let mut lines = vec![an_order(1), an_order(2), String::new(), an_order(1)];
    lines.extend(bad_orders().into_iter().map(|(order, _)| order));
    lines.push(an_order(3));
    std::fs::write(&file, lines.join("\n")).unwrap();
    let report = app.burst(&["--file", file.to_str().unwrap()]);
    assert_eq!(report["orders"], 11, "the empty line is no order");
    assert_eq!(outcomes(&report), [3, 1, 7]);

    // The same again: all valid ones are duplicates of orders that are done.
    let report = app.burst(&["--file", file.to_str().unwrap()]);
    assert_eq!(outcomes(&report), [3, 4, 7]);
}

#[test]
fn the_api_refuses_each_bad_order_with_its_code_and_takes_the_others() {
    let app = TestApp::start();
    let bad = bad_orders();
    // The first broken one is not JSON, so these travel as lines.
    let mut lines = vec![an_order(1)];
    lines.extend(bad.iter().map(|(order, _)| order.clone()));
    lines.push(an_order(2));
    let answer = app.post_as("/orders", "application/x-ndjson", lines.join("\n"));
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.body["accepted"], 2);
    assert_eq!(answer.body["refused"], bad.len());
    let errors = answer.body["errors"].as_array().unwrap();
    for (position, (error, (_, code))) in errors.iter().zip(&bad).enumerate() {
        assert_eq!(error["index"], position + 1);
        assert_eq!(error["code"], *code);
        assert!(error["path"].as_str().unwrap().starts_with('$'));
    }
    assert_eq!(errors.len(), bad.len());
    for (order, code) in &bad {
        let answer = app.post_as("/orders", "application/x-ndjson", order);
        assert_eq!(answer.status, 422, "{code}");
        assert_eq!(answer.body["errors"][0]["code"], *code);
    }
}

#[test]
fn all_faults_of_an_order_are_reported_with_their_paths() {
    let app = TestApp::start();
    let order =
        an_order(5).replace("Standard", "Soon").replace("\"quantity\":2", "\"quantity\":2.5");
    let answer = app.post("/orders", &order);
    assert_eq!(answer.outcome(), (422, "all_refused"));
    let error = &answer.body["errors"][0];
    assert_eq!(
        (error["code"].as_str(), error["path"].as_str()),
        (Some("unknown_value"), Some("$.delivery"))
    );
    assert_eq!(error["others"][0]["path"], "$.items[0].quantity");
}

#[test]
fn mutated_orders_are_confirmed_or_dead_lettered_with_a_code_and_nothing_traps() {
    let app = TestApp::start();
    let report = app.burst(&["--orders", "10000", "--seed", "3", "--mutated", "0.9"]);
    let [confirmed, duplicates, dead_lettered] = outcomes(&report);
    assert!(dead_lettered > 5_000 && confirmed > 1_000, "{report}");
    assert_eq!(confirmed + duplicates + dead_lettered, 10_000);
    let said = app.said();
    assert!(!said.contains("failed at") && !said.contains("wasm trap"), "{said}");
}

#[test]
fn the_api_answers_every_mutated_order_with_a_documented_status() {
    let app = TestApp::start();
    let generated = Command::new(binary("loadtest"))
        .args(["generate", "--orders", "3000", "--seed", "4", "--mutated", "1.0"])
        .output()
        .unwrap();
    assert!(generated.status.success());
    let mut statuses = BTreeMap::new();
    // A mutation may have put a line feed into an order; each part is a broken order too.
    for order in generated.stdout.split(|byte| *byte == b'\n') {
        let answer = app.post("/orders", order);
        assert!(
            matches!(answer.status, 202 | 400 | 422),
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(order)
        );
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    assert_eq!(statuses.len(), 3, "{statuses:?}");
}
