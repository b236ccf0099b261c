//! The JSON Schemas in `docs` agree with the code.

use std::sync::LazyLock;

use jsonschema::Validator;
use orders::complexity::Assessment;
use orders::confirmation::confirm;
use orders::{Lane, Times};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::print::print;
use crate::samples::{CONTACT_LENS, PRESCRIPTION, SMALLEST, any_order, put, verdict, with};

static ORDER: LazyLock<Validator> =
    LazyLock::new(|| validator(include_str!("../../../../docs/order.schema.json")));
static CONFIRMATION: LazyLock<Validator> =
    LazyLock::new(|| validator(include_str!("../../../../docs/confirmation.schema.json")));

fn validator(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

/// What a validator makes of the text: it only ever sees what a JSON library could read.
fn is_valid_by_schema(text: &str) -> bool {
    serde_json::from_str(text).is_ok_and(|order: Value| ORDER.is_valid(&order))
}

const VALID: bool = true;
const INVALID: bool = false;

/// The value at a place of the smallest order, and whether the order is valid with it.
const CASES: &[(&str, &str, bool)] = &[
    ("/orderId", "\"A-1\"", VALID),
    ("/orderId", "17.5", VALID),
    ("/orderId", "\"\"", INVALID),
    ("/orderId", "true", INVALID),
    ("/orderId", "null", INVALID),
    ("/orderId", "[]", INVALID),
    ("/orderGuid", "\"8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa\"", VALID),
    ("/orderGuid", "\"{8D5A5A23-F1C0-4B6E-9D3C-0A4C53F1F0AA}\"", VALID),
    ("/orderGuid", "\"urn:uuid:8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa\"", VALID),
    ("/orderGuid", "\"8d5a5a23f1c04b6e9d3c0a4c53f1f0aa\"", VALID),
    ("/orderGuid", "\"{8d5a5a23f1c04b6e9d3c0a4c53f1f0aa}\"", INVALID),
    ("/orderGuid", "\"00000000-0000-0000-0000-000000000000\"", INVALID),
    ("/orderGuid", "\"00000000000000000000000000000000\"", INVALID),
    ("/orderGuid", "\"urn:uuid:00000000-0000-0000-0000-000000000000\"", INVALID),
    ("/orderGuid", "\"00000000-0000-0000-0000-000000000001\"", VALID),
    ("/orderGuid", "\"8d5a5a23-f1c0-4b6e-9d3c\"", INVALID),
    ("/orderGuid", "7", INVALID),
    ("/orderGuid", "null", VALID),
    ("/description", "\"\"", VALID),
    ("/description", "1", INVALID),
    ("/firstName", "\"Zoë 👓\"", VALID),
    ("/firstName", "{}", INVALID),
    ("/lastName", "null", VALID),
    ("/customer", "\"\"", INVALID),
    ("/customer", "\"C-1\"", VALID),
    ("/delivery", "\"Express\"", VALID),
    ("/delivery", "\"express\"", INVALID),
    ("/delivery", "null", INVALID),
    ("/delivery", "1", INVALID),
    ("/placedAt", "\"2026-03-03T09:00:00Z\"", VALID),
    ("/placedAt", "\"2026-03-03T09:00:00.5+01:00\"", VALID),
    ("/placedAt", "\"2026-03-03 09:00:00Z\"", INVALID),
    ("/placedAt", "\"2026-02-29T09:00:00Z\"", INVALID),
    ("/placedAt", "\"2026-03-03\"", INVALID),
    ("/placedAt", "1767600000", INVALID),
    ("/currency", "\"JPY\"", VALID),
    ("/currency", "\"jpy\"", INVALID),
    ("/currency", "\"XXX\"", INVALID),
    ("/currency", "null", VALID),
    ("/shipTo", "\"CH\"", VALID),
    ("/shipTo", "\"UK\"", INVALID),
    ("/shipTo", "\"CHE\"", INVALID),
    ("/unknown", "{\"deep\": [null]}", VALID),
    ("/items", "[]", INVALID),
    ("/items", "null", INVALID),
    ("/items", "{}", INVALID),
    ("/items/0", "null", INVALID),
    ("/items/0", "{}", INVALID),
    ("/items/0/unknown", "1", VALID),
    ("/items/0/orderItemId", "-5", VALID),
    ("/items/0/orderItemId", "1.0", VALID),
    ("/items/0/orderItemId", "1.5", INVALID),
    ("/items/0/orderItemId", "\"1\"", INVALID),
    ("/items/0/orderItemId", "9007199254740991", VALID),
    ("/items/0/orderItemId", "9007199254740993", INVALID),
    ("/items/0/orderItemId", "123456789012345678901234567890", INVALID),
    ("/items/0/sku", "\"\"", INVALID),
    ("/items/0/sku", "5", INVALID),
    ("/items/0/quantity", "0", VALID),
    ("/items/0/quantity", "-0.0", VALID),
    ("/items/0/quantity", "1e4", VALID),
    ("/items/0/quantity", "10001", INVALID),
    ("/items/0/quantity", "-1", INVALID),
    ("/items/0/quantity", "0.5", INVALID),
    ("/items/0/quantity", "1e400", INVALID),
    ("/items/0/quantity", "null", INVALID),
    ("/items/0/quantity", "NaN", INVALID),
    ("/items/0/unitPrice", "12.5", VALID),
    ("/items/0/unitPrice", "\"12.50\"", VALID),
    ("/items/0/unitPrice", "\"0.0000000001000\"", VALID),
    ("/items/0/unitPrice", "\"0.00000000001\"", INVALID),
    ("/items/0/unitPrice", "\"1000000000.00\"", VALID),
    ("/items/0/unitPrice", "\"1000000000.01\"", INVALID),
    ("/items/0/unitPrice", "1000000000.01", INVALID),
    ("/items/0/unitPrice", "\"12,50\"", INVALID),
    ("/items/0/unitPrice", "\"-0.00\"", VALID),
    ("/items/0/unitPrice", "-1", INVALID),
    ("/items/0/unitPrice", "\"-1\"", INVALID),
    ("/items/0/unitPrice", "\"007\"", INVALID),
    ("/items/0/unitPrice", "\"1E+2\"", VALID),
    ("/items/0/unitPrice", "false", INVALID),
    ("/items/0/lens", "{}", INVALID),
    ("/items/0/lens", "{\"right\": null, \"left\": null}", INVALID),
    ("/items/0/lens", "{\"left\": {\"sphere\": 0}}", VALID),
    ("/items/0/lens", "[]", INVALID),
    ("/items/0/lens", "null", VALID),
    ("/items/0/lens/right", "{}", INVALID),
    ("/items/0/lens/right/sphere", "-30", VALID),
    ("/items/0/lens/right/sphere", "-30.01", INVALID),
    ("/items/0/lens/right/sphere", "null", INVALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"cylinder\": -1}", INVALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"cylinder\": -1, \"axis\": null}", INVALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"cylinder\": -1, \"axis\": 90}", VALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"cylinder\": 0.0}", VALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"prism\": 2}", INVALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"prism\": 2, \"base\": \"up\"}", VALID),
    ("/items/0/lens/right", "{\"sphere\": 1, \"prism\": 0}", VALID),
    ("/items/0/lens/right/base", "360", VALID),
    ("/items/0/lens/right/base", "361", INVALID),
    ("/items/0/lens/right/base", "\"left\"", INVALID),
    ("/items/0/lens/right/base", "null", VALID),
    ("/items/0/lens/right/axis", "180.5", INVALID),
    ("/items/0/lens/right/addition", "4", VALID),
    ("/items/0/lens/right/fittingHeight", "60.1", INVALID),
    ("/items/0/lens/index", "1.39999", INVALID),
    ("/items/0/lens/diameter", "40", VALID),
    ("/items/0/lens/baseCurve", "12.5", INVALID),
    ("/items/0/lens/coatings", "[]", VALID),
    ("/items/0/lens/coatings", "[\"hard\", \"mirror\"]", VALID),
    ("/items/0/lens/coatings", "[\"hard\", \"hard\"]", INVALID),
    ("/items/0/lens/coatings", "[\"matt\"]", INVALID),
    ("/items/0/lens/coatings", "[null]", INVALID),
    ("/items/0/lens/coatings", "\"hard\"", INVALID),
    ("/items/0/lens/tint", "\"\"", INVALID),
    ("/items/0/lens/vertexDistance", "4.9", INVALID),
    ("/items/0/lens/refractionDistance", "25", VALID),
    ("/items/0/lens/refractionDistance", "25.1", INVALID),
    ("/items/0/lens/fittingCrossOffset", "0", VALID),
    ("/items/0/lens/fittingCrossOffset", "10.5", INVALID),
    ("/items/0/lens/right/monocularPupillaryDistance", "45", VALID),
    ("/items/0/lens/right/monocularPupillaryDistance", "19.9", INVALID),
    ("/currency", "\"BGN\"", INVALID),
    ("/items/0/lens/pupillaryDistance", "85", VALID),
    ("/items/0/lens/frame", "{\"width\": 50, \"height\": 30}", INVALID),
    ("/items/0/lens/frame", "{\"width\": 50, \"height\": 30, \"bridge\": null}", INVALID),
    ("/items/0/lens/frame", "{\"width\": 50, \"height\": 30, \"bridge\": 18}", VALID),
    ("/items/0/lens/frame", "null", VALID),
];

#[test]
fn schema_and_parser_agree_on_every_case() {
    assert!(is_valid_by_schema(SMALLEST) && is_valid_by_schema(PRESCRIPTION));
    for (pointer, raw, is_valid) in CASES {
        let text = with(pointer, raw);
        assert_eq!(
            verdict(&text).is_empty(),
            *is_valid,
            "parser, {pointer} {raw}: {}",
            verdict(&text)
        );
        assert_eq!(is_valid_by_schema(&text), *is_valid, "schema, {pointer} {raw}");
    }
    for (pointer, value) in [
        ("/items/0/lens/index", json!(1.5)),
        ("/items/0/lens/coatings", json!([])),
        ("/items/0/lens/right/prism", json!(0)),
        ("/items/0/lens/frame", json!("none")),
    ] {
        let mut order: Value = serde_json::from_str(CONTACT_LENS).unwrap();
        assert!(verdict(order.to_string()).is_empty() && ORDER.is_valid(&order));
        put(&mut order, pointer, value);
        assert!(!verdict(order.to_string()).is_empty() && !ORDER.is_valid(&order), "{pointer}");
    }
    for text in
        ["{}", "[]", "null", r#"{"orderGuid":null,"delivery":"Express","items":[]}"#, "{", ""]
    {
        assert!(!verdict(text).is_empty() && !is_valid_by_schema(text), "{text}");
    }
}

/// The rules that JSON Schema has no words for, as `docs/orders.md` lists them: what the schema
/// takes and the parser refuses.
#[test]
fn what_the_schema_cannot_say_is_what_the_page_lists() {
    let umlauts = format!("\"{}\"", "ö".repeat(200));
    let cases = [
        (
            "more than 64 KiB",
            with("/unknown", &format!("\"{}\"", "x".repeat(65_536))),
            "order_too_large at $",
        ),
        ("bytes of a text", with("/firstName", &umlauts), "invalid_length at $.firstName"),
        ("twice", SMALLEST.replacen('{', r#"{"orderId":2,"#, 1), "duplicate_field at $.orderId"),
        (
            "digits of a number as orderId",
            with("/orderId", &"9".repeat(257)),
            "invalid_length at $.orderId",
        ),
        (
            "digits of a number as price",
            with("/items/0/unitPrice", "0.00000000001"),
            "invalid_amount at $.items[0].unitPrice",
        ),
        (
            "price with an exponent",
            with("/items/0/unitPrice", "\"1e99\""),
            "out_of_range at $.items[0].unitPrice",
        ),
    ];
    for (rule, text, refused) in cases {
        assert_eq!(verdict(&text), refused, "{rule}");
        assert!(is_valid_by_schema(&text), "{rule}");
    }
    // And two that the parser takes: JSON libraries and format checkers are of several minds about
    // them.
    for text in [with("/unknown", "1e400"), with("/placedAt", "\"2026-03-03T09:30:60Z\"")] {
        assert_eq!(verdict(&text), "");
        assert!(!is_valid_by_schema(&text), "{text}");
    }
}

/// Every field of the schema, as a pointer into an order.
const FIELDS: [&str; 40] = [
    "/orderId",
    "/orderGuid",
    "/description",
    "/firstName",
    "/lastName",
    "/delivery",
    "/items",
    "/placedAt",
    "/currency",
    "/shipTo",
    "/customer",
    "/items/0",
    "/items/0/orderItemId",
    "/items/0/sku",
    "/items/0/quantity",
    "/items/0/unitPrice",
    "/items/0/lens",
    "/items/0/lens/right",
    "/items/0/lens/left",
    "/items/0/lens/index",
    "/items/0/lens/diameter",
    "/items/0/lens/baseCurve",
    "/items/0/lens/coatings",
    "/items/0/lens/tint",
    "/items/0/lens/vertexDistance",
    "/items/0/lens/refractionDistance",
    "/items/0/lens/pupillaryDistance",
    "/items/0/lens/fittingCrossOffset",
    "/items/0/lens/frame",
    "/items/0/lens/frame/width",
    "/items/0/lens/frame/height",
    "/items/0/lens/frame/bridge",
    "/items/0/lens/right/sphere",
    "/items/0/lens/right/cylinder",
    "/items/0/lens/right/axis",
    "/items/0/lens/right/addition",
    "/items/0/lens/right/prism",
    "/items/0/lens/right/base",
    "/items/0/lens/right/fittingHeight",
    "/items/0/lens/right/monocularPupillaryDistance",
];

fn any_value() -> impl Strategy<Value = Value> {
    let odd = [
        json!(null),
        json!(true),
        json!(""),
        json!("in"),
        json!("Express"),
        json!("EUR"),
        json!("DE"),
        json!("hard"),
        json!("1.5"),
        json!("2026-03-03T09:00:00Z"),
        json!("8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa"),
        json!([]),
        json!([null]),
        json!(["hard"]),
        json!(["hard", "hard"]),
        json!({}),
        json!({"sphere": 1}),
        json!({"right": {"sphere": 1}}),
        json!({"width": 50, "height": 30, "bridge": 18}),
        json!([{"orderItemId": 1, "sku": "A", "quantity": 1}]),
        json!({
            "orderItemId": 1, "sku": "A", "quantity": 1,
            "lens": {"left": {"sphere": 1, "cylinder": 1}}
        }),
    ];
    prop_oneof![
        2 => select(odd.to_vec()),
        2 => (-100i32..100).prop_map(|number| json!(number)),
        1 => (-40.0..100.0).prop_map(|number: f64| json!((number * 100.0).round() / 100.0)),
        1 => any::<i64>().prop_map(|number| json!(number)),
    ]
}

/// An order that is valid but for up to three values.
fn changed_order() -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((select(&FIELDS[..]), any_value()), 0..4);
    (any_order(), changes).prop_map(|(order, changes)| {
        let mut order = print(&order);
        for (pointer, value) in changes {
            // Only where the way there is what the schema says.
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let has_place = match order.pointer(parent) {
                // "items" itself may have become an object.
                Some(Value::Object(_)) => name != "0",
                Some(Value::Array(items)) => name == "0" && !items.is_empty(),
                _ => false,
            };
            if has_place {
                put(&mut order, pointer, value);
            }
        }
        order
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn schema_and_parser_agree_on_orders_valid_and_not(order in changed_order()) {
        let text = order.to_string();
        let verdict = verdict(&text);
        prop_assert_eq!(verdict.is_empty(), ORDER.is_valid(&order), "{}: {}", verdict, text);
    }
}

proptest! {
    #[test]
    fn every_confirmation_is_as_its_schema_says(
        order in any_order(), queued_at_ms in any::<i64>(), decided_at_ms in 0i64..4_000_000_000_000
    ) {
        let times = Times { queued_at_ms, decided_at_ms };
        for lane in [Lane::Simple, Lane::Complex] {
            let json = confirm(&order, lane, times).to_json();
            let confirmation: Value = serde_json::from_slice(&json).unwrap();
            let errors = CONFIRMATION.iter_errors(&confirmation);
            let errors: Vec<_> = errors.map(|error| error.to_string()).collect();
            prop_assert!(errors.is_empty(), "{:?}", errors);
            let score = json!(Assessment::of(&order).score());
            prop_assert_eq!(&confirmation["complexity"]["score"], &score);
        }
    }
}

#[test]
fn the_fields_of_the_cases_are_those_of_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/order.schema.json")).unwrap();
    let names = |object: &Value| -> Vec<String> {
        object["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let mut all: Vec<String> = names(&schema);
    for definition in schema["$defs"].as_object().unwrap().values() {
        if definition.get("properties").is_some() {
            all.extend(names(definition));
        }
    }
    all.sort();
    let listed = FIELDS
        .iter()
        .filter_map(|pointer| pointer.rsplit_once('/'))
        .map(|(_, name)| name.to_owned());
    let mut listed: Vec<_> = listed.filter(|name| name != "0").collect();
    listed.sort();
    assert_eq!(all, listed);
}
