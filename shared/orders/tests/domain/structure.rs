//! The document as a whole: nesting, null, fields that appear twice, unknown fields, text around it.

use orders::order::{MAX_ORDER_BYTES, Order};

use crate::samples::{PRESCRIPTION, SMALLEST, verdict, with};

/// So deep that it nearly fills an order.
const DEEP: usize = 32_000;

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn unknown_fields_may_nest_as_deep_as_an_order_is_long() {
    assert_eq!(verdict(with("/unknown", &nested(DEEP))), "");
    let objects = r#"{"a":"#.repeat(9_000) + "1" + &"}".repeat(9_000);
    assert_eq!(verdict(with("/items/0/unknown", &objects)), "");
    assert_eq!(verdict(with("/items/0/lens/right/unknown", &objects)), "");
}

#[test]
fn nesting_of_100_000_is_more_than_an_order_holds() {
    assert_eq!(verdict(with("/unknown", &nested(100_000))), "order_too_large at $");
    assert_eq!(verdict(with("/unknown", &"[".repeat(60_000))), "invalid_json at $");
    assert_eq!(verdict("[".repeat(60_000)), "invalid_json at $");
}

#[test]
fn deep_nesting_in_a_known_field_is_a_wrong_type() {
    for (pointer, path) in [
        ("/orderId", "$.orderId"),
        ("/orderGuid", "$.orderGuid"),
        ("/delivery", "$.delivery"),
        ("/items/0/quantity", "$.items[0].quantity"),
        ("/items/0/unitPrice", "$.items[0].unitPrice"),
        ("/items/0/lens/right", "$.items[0].lens.right"),
        ("/items/0/lens/right/sphere", "$.items[0].lens.right.sphere"),
    ] {
        assert_eq!(verdict(with(pointer, &nested(DEEP))), format!("wrong_type at {path}"));
    }
    assert_eq!(verdict(with("/items", &nested(DEEP))), "wrong_type at $.items[0]");
}

#[test]
fn a_known_field_may_occur_once_in_its_object() {
    for (text, verdicts) in [
        (
            SMALLEST.replace("{\"orderId\":1", "{\"orderId\":1,\"orderId\":1"),
            "duplicate_field at $.orderId",
        ),
        (
            SMALLEST.replace("\"sku\":\"A\"", "\"sku\":\"A\",\"sku\":null"),
            "duplicate_field at $.items[0].sku",
        ),
        (
            PRESCRIPTION.replace("\"lens\":", "\"lens\":null,\"lens\":"),
            "duplicate_field at $.items[0].lens",
        ),
        (
            with("/items/0/lens", r#"{"right":{"sphere":1},"tint":"x","tint":"y"}"#),
            "duplicate_field at $.items[0].lens.tint",
        ),
        (
            with("/items/0/lens/left", r#"{"sphere":1,"sphere":1}"#),
            "duplicate_field at $.items[0].lens.left.sphere",
        ),
        (
            with("/items/0/lens/frame", r#"{"width":50,"height":30,"bridge":20,"width":50}"#),
            "duplicate_field at $.items[0].lens.frame.width",
        ),
        // A name is what its escapes stand for.
        (
            SMALLEST.replace("{\"orderId\":1", r#"{"orderId":1,"order\u0049d":1"#),
            "duplicate_field at $.orderId",
        ),
    ] {
        assert_eq!(verdict(&text), verdicts, "{text}");
    }
}

#[test]
fn fields_that_occur_twice_are_reported_with_the_other_faults() {
    let text = r#"{"orderId":1,"orderId":2,"orderId":3,"delivery":"x",
        "items":[{"orderItemId":1,"sku":"A","sku":"B","quantity":-1}]}"#;
    assert_eq!(
        verdict(text),
        "duplicate_field at $.orderId, duplicate_field at $.orderId, unknown_value at $.delivery, \
         duplicate_field at $.items[0].sku, out_of_range at $.items[0].quantity"
    );
}

#[test]
fn a_field_that_appears_twice_is_found_between_any_values() {
    let deep = nested(10_000);
    let text = format!(r#"{{"x":{{"a":1,"a":2}},"y":{deep},"orderId":1,"orderId":2,"z":{deep}}}"#);
    assert!(verdict(text).starts_with("duplicate_field at $.orderId, missing_field"));
}

#[test]
fn unknown_fields_may_occur_twice() {
    assert_eq!(verdict(with("/unknown", r#"{"a":1,"a":2}"#)), "");
    assert_eq!(verdict(SMALLEST.replacen('{', r#"{"a":1,"a":2,"#, 1)), "");
    // Names are told apart by case.
    assert_eq!(verdict(SMALLEST.replacen('{', r#"{"OrderId":{},"ORDERGUID":[],"#, 1)), "");
}

#[test]
fn an_order_with_two_identities_has_none() {
    let text = SMALLEST.replace("{\"orderId\":1", "{\"orderId\":1,\"orderId\":2");
    assert_eq!(Order::identity(text.as_bytes()), None);
}

#[test]
fn null_is_as_good_as_absent() {
    for pointer in [
        "/orderGuid",
        "/description",
        "/firstName",
        "/lastName",
        "/placedAt",
        "/currency",
        "/shipTo",
        "/customer",
        "/items/0/unitPrice",
        "/items/0/lens",
        "/items/0/lens/left",
        "/items/0/lens/index",
        "/items/0/lens/coatings",
        "/items/0/lens/tint",
        "/items/0/lens/frame",
        "/items/0/lens/refractionDistance",
        "/items/0/lens/fittingCrossOffset",
        "/items/0/lens/right/monocularPupillaryDistance",
        "/items/0/lens/right/cylinder",
        "/items/0/lens/right/base",
    ] {
        assert_eq!(verdict(with(pointer, "null")), "", "{pointer}");
    }
    for (pointer, path) in [
        ("/orderId", "$.orderGuid"),
        ("/delivery", "$.delivery"),
        ("/items", "$.items"),
        ("/items/0", "$.items[0]"),
        ("/items/0/orderItemId", "$.items[0].orderItemId"),
        ("/items/0/sku", "$.items[0].sku"),
        ("/items/0/quantity", "$.items[0].quantity"),
        ("/items/0/lens/right", "$.items[0].lens.right"),
        ("/items/0/lens/right/sphere", "$.items[0].lens.right.sphere"),
        ("/items/0/lens/coatings", "$.items[0].lens.coatings[0]"),
    ] {
        let raw = if pointer.ends_with("coatings") { "[null]" } else { "null" };
        assert_eq!(verdict(with(pointer, raw)), format!("missing_field at {path}"));
    }
}

#[test]
fn only_white_space_may_be_around_an_order() {
    assert_eq!(verdict(format!(" \r\n\t{SMALLEST}\n ")), "");
    for text in [
        format!("{SMALLEST}x"),
        format!("{SMALLEST}{SMALLEST}"),
        format!("{SMALLEST},"),
        format!("{SMALLEST}\0"),
        format!("{SMALLEST}\u{a0}"),
        format!("\u{feff}{SMALLEST}"),
        SMALLEST[..SMALLEST.len() - 1].to_owned(),
        SMALLEST.replace("}]", "},]"),
        SMALLEST.replace('"', "'"),
        format!("// an order\n{SMALLEST}"),
        String::new(),
    ] {
        assert_eq!(verdict(&text), "invalid_json at $", "{text:?}");
    }
}

#[test]
fn an_order_is_an_object() {
    for text in ["null", "true", "7", "\"text\"", "[]", "[{}]"] {
        assert_eq!(verdict(text), "wrong_type at $", "{text}");
    }
}

#[test]
fn an_order_may_be_as_long_as_the_limit() {
    let fill = MAX_ORDER_BYTES - SMALLEST.len();
    assert_eq!(verdict(SMALLEST.to_owned() + &" ".repeat(fill)), "");
    assert_eq!(verdict(SMALLEST.to_owned() + &" ".repeat(fill + 1)), "order_too_large at $");
}

#[test]
fn an_order_has_1_to_500_items() {
    let items = |count| {
        let item = r#"{"orderItemId":1,"sku":"A","quantity":1}"#;
        verdict(with("/items", &format!("[{}]", vec![item; count].join(","))))
    };
    assert_eq!((items(1), items(500)), (String::new(), String::new()));
    assert_eq!(
        (items(0), items(501)),
        ("invalid_item_count at $.items".into(), "invalid_item_count at $.items".into())
    );
}
