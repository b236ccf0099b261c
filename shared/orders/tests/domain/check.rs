//! Assertions for any bytes: they are an order, or a rejection that explains why not. The fuzz
//! target includes this file.

use orders::complexity::Assessment;
use orders::confirmation::confirm;
use orders::order::{MAX_ERRORS, Order, Rejection};
use orders::{Lane, Times};

use crate::print::print;

/// Panics unless everything holds for `bytes`.
pub(crate) fn check(bytes: &[u8]) {
    match Order::parse(bytes) {
        Ok(order) => check_order(bytes, &order),
        Err(rejection) => check_rejection(bytes, &rejection),
    }
}

fn check_order(bytes: &[u8], order: &Order<'_>) {
    assert_eq!(Order::identity(bytes), Some(order.id), "however it is read");
    let printed = print(order).to_string();
    // Written with its defaults, an order at the limit of its length may exceed it.
    match Order::parse(printed.as_bytes()) {
        Ok(again) => assert_eq!(again, *order, "an order that is printed and parsed is the same"),
        Err(rejection) => {
            assert_eq!(rejection.first.code.as_str(), "order_too_large", "{rejection:?}");
        }
    }
    assert!(Assessment::of(order).score() <= 210, "every reason at most once");
    let times = Times { queued_at_ms: 1_772_528_400_000, decided_at_ms: 1_772_614_800_000 };
    for lane in [Lane::Simple, Lane::Complex] {
        let json = confirm(order, lane, times).to_json();
        let confirmation: serde_json::Value =
            serde_json::from_slice(&json).expect("a confirmation is JSON");
        assert_eq!(confirmation["id"], order.id.to_string());
        assert_eq!(json, confirm(order, lane, times).to_json(), "the same bytes each time");
    }
}

/// The fields of an order.
const NAMES: &str = "orderId orderGuid description firstName lastName delivery items placedAt \
    currency shipTo customer orderItemId sku quantity unitPrice lens right left index diameter \
    baseCurve coatings tint vertexDistance refractionDistance pupillaryDistance \
    fittingCrossOffset frame sphere cylinder axis addition prism base fittingHeight \
    monocularPupillaryDistance width height bridge";

fn check_rejection(bytes: &[u8], rejection: &Rejection) {
    assert!(rejection.errors().count() <= MAX_ERRORS);
    for error in rejection.errors() {
        let path = error.path.strip_prefix('$').expect("a path starts at the root");
        // No name of the sender's gets into a report.
        let mut names = path.split(['.', '[', ']']).filter(|name| !name.is_empty());
        let is_position = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let is_known = |name: &str| NAMES.split(' ').any(|known| known == name);
        assert!(names.all(|name| is_position(name) || is_known(name)), "{path}");
        assert!(
            path.len() < 60 && error.message.len() < 200 && error.message.is_ascii(),
            "{error}"
        );
    }
    // The identity of an invalid order may still be readable; it must not panic.
    let _ = Order::identity(bytes);
}
