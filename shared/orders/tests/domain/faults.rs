//! Every fault is reported once, at its place, in the order of the schema, without a value of the
//! document.

use orders::order::{Code, MAX_ERRORS, Order};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use crate::samples::{CONTACT_LENS, errors, listed, put, verdict, with};

/// Faults that do not depend on each other, in the order of the schema: where, what, and the code.
fn faults() -> Vec<(&'static str, Value, Code)> {
    let long = "x".repeat(257);
    vec![
        ("/orderGuid", json!("no guid"), Code::InvalidGuid),
        ("/description", json!(7), Code::WrongType),
        ("/firstName", json!([]), Code::WrongType),
        ("/lastName", json!(long), Code::InvalidLength),
        ("/delivery", json!("express"), Code::UnknownValue),
        ("/items/0/orderItemId", json!(1.5), Code::WrongType),
        ("/items/0/sku", json!(""), Code::InvalidLength),
        ("/items/0/quantity", json!(-1), Code::OutOfRange),
        ("/items/0/unitPrice", json!("cheap"), Code::InvalidAmount),
        ("/items/1/lens/right/sphere", json!(30.25), Code::OutOfRange),
        ("/items/1/lens/right/cylinder", json!("-1"), Code::WrongType),
        ("/items/1/lens/right/axis", json!(181), Code::OutOfRange),
        ("/items/1/lens/right/addition", json!(-0.25), Code::OutOfRange),
        ("/items/1/lens/right/prism", json!(true), Code::WrongType),
        ("/items/1/lens/right/base", json!("left"), Code::UnknownValue),
        ("/items/1/lens/right/fittingHeight", json!(4), Code::OutOfRange),
        ("/items/1/lens/right/monocularPupillaryDistance", json!(46), Code::OutOfRange),
        ("/items/1/lens/left", json!("as right"), Code::WrongType),
        ("/items/1/lens/index", json!(1.39), Code::OutOfRange),
        ("/items/1/lens/diameter", json!(91), Code::OutOfRange),
        ("/items/1/lens/baseCurve", json!({}), Code::WrongType),
        ("/items/1/lens/coatings", json!(["hard", "soft"]), Code::UnknownValue),
        ("/items/1/lens/tint", json!(""), Code::InvalidLength),
        ("/items/1/lens/vertexDistance", json!(26), Code::OutOfRange),
        ("/items/1/lens/refractionDistance", json!("12"), Code::WrongType),
        ("/items/1/lens/pupillaryDistance", json!(39.5), Code::OutOfRange),
        ("/items/1/lens/fittingCrossOffset", json!(-0.5), Code::OutOfRange),
        ("/items/1/lens/frame/width", json!(Value::Null), Code::MissingField),
        ("/items/1/lens/frame/height", json!(9), Code::OutOfRange),
        ("/items/1/lens/frame/bridge", json!("18"), Code::WrongType),
        ("/placedAt", json!("yesterday"), Code::InvalidTime),
        ("/currency", json!("DEM"), Code::UnknownValue),
        ("/shipTo", json!("UK"), Code::UnknownValue),
        ("/customer", json!(""), Code::InvalidLength),
    ]
}

fn whole_order() -> Value {
    let eye = json!({
        "sphere": -2, "cylinder": -1, "axis": 90, "addition": 2, "prism": 1, "base": "in",
        "fittingHeight": 20, "monocularPupillaryDistance": 31.5
    });
    let lens = json!({
        "right": eye, "left": eye, "index": 1.6, "diameter": 70, "baseCurve": 4,
        "coatings": ["hard"], "tint": "gray", "vertexDistance": 13, "refractionDistance": 12,
        "pupillaryDistance": 64, "fittingCrossOffset": 4,
        "frame": {"width": 50, "height": 36, "bridge": 18}
    });
    json!({
        "orderId": 1, "orderGuid": "8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa", "description": "d",
        "firstName": "Zoë", "lastName": "Abbe", "delivery": "Express",
        "placedAt": "2026-03-03T09:00:00Z", "currency": "EUR", "shipTo": "DE", "customer": "C-1",
        "items": [
            {"orderItemId": 1, "sku": "FRM-1", "quantity": 1, "unitPrice": "74.00"},
            {"orderItemId": 2, "sku": "LNS-1", "quantity": 1, "lens": lens}
        ]
    })
}

/// The path the parser gives for a fault at a JSON pointer.
fn path(pointer: &str) -> String {
    let names = pointer.split('/').skip(1).map(|name| match name.parse::<usize>() {
        Ok(position) => format!("[{position}]"),
        Err(_) => format!(".{name}"),
    });
    let path: String = std::iter::once("$".to_owned()).chain(names).collect();
    // Of a list, the element is named.
    if path.ends_with("coatings") { path + "[1]" } else { path }
}

proptest! {
    #[test]
    fn breaking_k_fields_gives_exactly_k_errors_at_their_paths_in_the_order_of_the_schema(
        broken in subsequence(faults(), 0..=faults().len())
    ) {
        let mut order = whole_order();
        for (pointer, value, _) in &broken {
            put(&mut order, pointer, value.clone());
        }
        let expected = broken.iter().map(|(pointer, _, code)| (*code, path(pointer)));
        let expected: Vec<_> = expected.collect();
        prop_assert_eq!(errors(order.to_string().as_bytes()), expected);
    }
}

#[test]
fn missing_fields_are_reported_each() {
    assert_eq!(
        verdict("{}"),
        "missing_field at $.orderGuid, missing_field at $.delivery, missing_field at $.items"
    );
    assert_eq!(
        verdict(with("/items", r#"[{}, null, {"lens": {}}]"#)),
        "missing_field at $.items[0].orderItemId, missing_field at $.items[0].sku, \
         missing_field at $.items[0].quantity, missing_field at $.items[1], \
         missing_field at $.items[2].orderItemId, missing_field at $.items[2].sku, \
         missing_field at $.items[2].quantity, missing_field at $.items[2].lens.right"
    );
}

#[test]
fn a_field_that_needs_another_is_at_fault_only_when_the_other_is_absent() {
    let eye =
        |fields: &str| verdict(with("/items/0/lens/right", &format!(r#"{{"sphere":1,{fields}}}"#)));
    assert_eq!(eye(r#""cylinder":-1"#), "inconsistent at $.items[0].lens.right.axis");
    assert_eq!(eye(r#""cylinder":-1,"axis":null"#), "inconsistent at $.items[0].lens.right.axis");
    assert_eq!(eye(r#""cylinder":-1,"axis":200"#), "out_of_range at $.items[0].lens.right.axis");
    assert_eq!(eye(r#""cylinder":0"#), "");
    assert_eq!(eye(r#""cylinder":-0.0"#), "");
    assert_eq!(eye(r#""prism":1"#), "inconsistent at $.items[0].lens.right.base");
    assert_eq!(eye(r#""prism":1,"base":400"#), "out_of_range at $.items[0].lens.right.base");
    assert_eq!(eye(r#""prism":0"#), "");
}

#[test]
fn a_contact_lens_with_fields_of_spectacles_has_an_error_for_each() {
    let of_lens = [
        ("index", "1.5"),
        ("diameter", "70"),
        ("baseCurve", "8.6"),
        ("coatings", "[]"),
        ("tint", "\"grey\""),
        ("pupillaryDistance", "64"),
        ("fittingCrossOffset", "4"),
        ("frame", "{\"width\": 50, \"height\": 36, \"bridge\": 18}"),
    ];
    let of_eye = [
        ("prism", "1"),
        ("base", "\"in\""),
        ("fittingHeight", "20"),
        ("monocularPupillaryDistance", "32"),
    ];
    let mut all: Value = serde_json::from_str(CONTACT_LENS).unwrap();
    let mut expected = Vec::new();
    let of_eye = of_eye.map(|(name, raw)| (format!("right/{name}"), raw));
    let of_lens = of_lens.map(|(name, raw)| (name.to_owned(), raw));
    for (name, raw) in of_eye.into_iter().chain(of_lens) {
        let mut order: Value = serde_json::from_str(CONTACT_LENS).unwrap();
        let pointer = format!("/items/0/lens/{name}");
        let value: Value = serde_json::from_str(raw).unwrap();
        put(&mut order, &pointer, value.clone());
        let error =
            format!("inconsistent at {}", path(&pointer).replace("coatings[1]", "coatings"));
        assert_eq!(verdict(order.to_string()), error);
        put(&mut order, &pointer, Value::Null);
        assert_eq!(verdict(order.to_string()), "");
        put(&mut all, &pointer, value);
        expected.push(error);
    }
    assert_eq!(verdict(all.to_string()), expected.join(", "), "each once, in order");
}

#[test]
fn a_contact_lens_has_a_refraction_and_its_distance() {
    let lens = r#"{"right":{"sphere":-1,"cylinder":-1,"axis":90,"addition":2},
        "left":{"sphere":-2},"vertexDistance":13,"refractionDistance":12}"#;
    let order = CONTACT_LENS.replace(r#"{"right":{"sphere":-1}}"#, lens);
    assert_eq!(verdict(&order), "");
    assert!(Order::parse(order.as_bytes()).unwrap().items[0].lens.as_ref().unwrap().is_contact);
}

#[test]
fn the_list_of_errors_ends_at_its_limit() {
    let items = vec!["{}"; 500].join(",");
    assert_eq!(errors(with("/items", &format!("[{items}]")).as_bytes()).len(), MAX_ERRORS);
}

#[test]
fn a_long_list_of_coatings_is_one_error() {
    let coatings = vec!["1"; 30_000].join(",");
    let order = with("/items/0/lens/coatings", &format!("[{coatings}]"));
    assert_eq!(verdict(order), "invalid_item_count at $.items[0].lens.coatings");
}

#[test]
fn errors_never_repeat_the_document() {
    const SECRET: &str = "s3cret";
    let texts = [
        format!(r#"{{"{SECRET}":1,"{SECRET}":2,"orderId":1,"orderId":2}}"#),
        format!(r#"{{"x":{{"{SECRET}":1,"{SECRET}":2}},"orderId":1,"orderId":2}}"#),
        format!(
            r#"{{"orderId":"{SECRET}\ud800","delivery":"{SECRET}","orderGuid":"{SECRET}",
            "items":"{SECRET}"}}"#
        ),
        format!(r#"{{"orderId":"{SECRET}","{SECRET}"}}"#),
        format!(r#""{SECRET}""#),
        SECRET.to_owned(),
        format!("{{{SECRET}:1}}"),
        with("/placedAt", &format!(r#""{SECRET}""#)),
        with("/currency", &format!(r#""{SECRET}""#)),
        with("/shipTo", &format!(r#""{SECRET}""#)),
        with("/items/0/unitPrice", &format!(r#""{SECRET}""#)),
        with("/items/0/quantity", &format!(r#""{SECRET}""#)),
        with("/items/0/lens/coatings", &format!(r#"["{SECRET}"]"#)),
        with("/items/0/lens/right/base", &format!(r#""{SECRET}""#)),
    ];
    for text in texts {
        let rejection = Order::parse(text.as_bytes()).expect_err(&text);
        assert!(!listed(&rejection).is_empty());
        assert!(!format!("{rejection:?} {rejection}").contains(SECRET), "{rejection:?}");
    }
}
