//! Any bytes: an order, or a rejection that says so. How to run it stands in `docs/orders.md`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::complexity::Assessment;
use shared::confirmation::confirm;
use shared::order::{MAX_ERRORS, Order, Rejection};
use shared::queue::Lane;

#[path = "../../tests/domain/print.rs"]
mod print;

fuzz_target!(|bytes: &[u8]| match Order::parse(bytes) {
    Ok(order) => check_order(bytes, &order),
    Err(rejection) => check_rejection(bytes, &rejection),
});

fn check_order(bytes: &[u8], order: &Order<'_>) {
    assert_eq!(Order::identity(bytes), Some(order.id), "an order has one identity, whichever way it is read");
    let printed = print::print(order).to_string();
    // Written out with its defaults, an order at the limit of its length may exceed it.
    match Order::parse(printed.as_bytes()) {
        Ok(again) => assert_eq!(again, *order, "an order that is printed and parsed is the same"),
        Err(rejection) => assert_eq!(rejection.first.code.as_str(), "order_too_large", "{rejection:?}"),
    }
    assert!(Assessment::of(order).score() <= 210, "every reason at most once");
    for lane in [Lane::Simple, Lane::Complex] {
        let json = confirm(order, lane, 1_772_528_400_000).to_json();
        let confirmation: serde_json::Value = serde_json::from_slice(&json).expect("a confirmation is JSON");
        assert_eq!(confirmation["id"], order.id.to_string());
        assert_eq!(
            json,
            confirm(order, lane, 1_772_528_400_000).to_json(),
            "made again, it is the same bytes"
        );
    }
}

/// The fields of an order.
const NAMES: [&str; 36] = [
    "orderId",
    "orderGuid",
    "description",
    "firstName",
    "lastName",
    "delivery",
    "items",
    "placedAt",
    "currency",
    "shipTo",
    "customer",
    "orderItemId",
    "sku",
    "quantity",
    "unitPrice",
    "lens",
    "right",
    "left",
    "index",
    "diameter",
    "baseCurve",
    "coatings",
    "tint",
    "vertexDistance",
    "pupillaryDistance",
    "frame",
    "sphere",
    "cylinder",
    "axis",
    "addition",
    "prism",
    "base",
    "fittingHeight",
    "width",
    "height",
    "bridge",
];

fn check_rejection(bytes: &[u8], rejection: &Rejection) {
    assert!(rejection.errors().count() <= MAX_ERRORS);
    for error in rejection.errors() {
        let path = error.path.strip_prefix('$').expect("a path starts at the root");
        // No key of the sender's gets into a report.
        let mut names = path.split(['.', '[', ']']).filter(|name| !name.is_empty());
        let is_position = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        assert!(names.all(|name| is_position(name) || NAMES.contains(&name)), "{path}");
        assert!(path.len() < 60 && error.message.len() < 200 && error.message.is_ascii(), "{error}");
    }
    // Of what is no order the identity may still be readable; it must not panic.
    let _ = Order::identity(bytes);
}
