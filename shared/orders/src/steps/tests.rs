use super::*;
use crate::DEFAULT_COMPLEXITY_THRESHOLD;
use crate::order::ids_of;

const TIMES: Times = Times { queued_at_ms: 1_772_528_400_000, decided_at_ms: 1_772_528_401_000 };

fn order(fields: &str) -> String {
    format!(
        r#"{{"orderId":17,{fields}"items":[{{"orderItemId":1,"sku":"A","quantity":1,
        "lens":{{"right":{{"sphere":-1,"prism":1,"base":"in"}}}}}}]}}"#
    )
}

#[test]
fn a_valid_order_is_routed_and_fulfilled_with_one_identity() {
    let order = order(r#""delivery":"Express","#);
    let routing = route(order.as_bytes(), DEFAULT_COMPLEXITY_THRESHOLD).unwrap();
    assert_eq!((routing.lane, routing.score), (Lane::Complex, 50));
    assert_eq!(routing.reasons, "express:5,prescription:20,prism:25");
    assert_eq!(route(order.as_bytes(), 51).unwrap().lane, Lane::Simple);
    let done = fulfil(order.as_bytes(), routing.lane, TIMES).unwrap();
    assert_eq!((done.id, routing.id), (routing.id, Order::id_of_order_id("17")));
    let confirmation: serde_json::Value = serde_json::from_slice(&done.confirmation).unwrap();
    assert_eq!(confirmation["id"], routing.id.to_string());
    assert_eq!(confirmation["lane"], "complex");
}

#[test]
fn a_note_is_one_word_that_is_read_back() {
    let mut routing = route(order(r#""delivery":"Express","#).as_bytes(), 50).unwrap();
    assert_eq!(routing.note(), "50/express:5,prescription:20,prism:25");
    let note = routing.note();
    let (score, reasons) = read_note(&note).unwrap();
    let reasons: Vec<_> = reasons.into_iter().map(|given| (given.reason, given.points)).collect();
    assert_eq!((score, reasons), (50, vec![("express", 5), ("prescription", 20), ("prism", 25)]));
    (routing.score, routing.reasons) = (0, String::new());
    assert_eq!(routing.note(), "0/");
    assert_eq!(read_note("0/"), Some((0, Vec::new())));
    assert_eq!((read_note(""), read_note("x/express:5")), (None, None));
}

#[test]
fn an_order_that_breaks_the_schema_is_rejected_with_all_errors() {
    let order = order(r#""delivery":"Pigeon","currency":7,"#);
    let rejected = route(order.as_bytes(), 50).unwrap_err();
    assert_eq!(rejected.id, Some(Order::id_of_order_id("17")));
    assert_eq!(rejected.code, "unknown_value");
    let errors: serde_json::Value = serde_json::from_slice(&rejected.errors).unwrap();
    assert_eq!(
        errors,
        serde_json::json!([
            {"code": "unknown_value", "path": "$.delivery",
             "message": "expected Express or Standard"},
            {"code": "wrong_type", "path": "$.currency",
             "message": "expected a string, found a number"}
        ])
    );
    assert_eq!(fulfil(order.as_bytes(), Lane::Simple, TIMES), Err(rejected));
    assert_eq!(route(b"\xff", 50).unwrap_err().id, None);
}

#[test]
fn a_text_that_looks_like_a_uuid_may_be_an_order_id_too() {
    let text = "8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa";
    let ids: Vec<_> = ids_of(text).collect();
    assert_eq!(ids, [text.parse().unwrap(), Order::id_of_order_id(text)]);
    assert_eq!(ids_of("17").collect::<Vec<_>>(), [Order::id_of_order_id("17")]);
}

#[test]
fn a_lane_has_one_name() {
    let lanes = Lane::NAMES.map(|name| (name, name.parse::<Lane>().unwrap()));
    assert_eq!(lanes.map(|(_, lane)| lane), [Lane::Simple, Lane::Complex]);
    for (name, lane) in lanes {
        assert_eq!((lane.as_str(), lane.to_string()), (name, name.to_owned()));
    }
}
