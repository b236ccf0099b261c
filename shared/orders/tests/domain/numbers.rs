//! Numbers: notation and size.

use orders::order::Order;

use crate::samples::{verdict, with};

fn quantity(raw: &str) -> String {
    verdict(with("/items/0/quantity", raw))
}

fn unit_price(raw: &str) -> Result<String, String> {
    let text = with("/items/0/unitPrice", raw);
    match Order::parse(text.as_bytes()) {
        Ok(order) => Ok(order.items[0].unit_price.unwrap().to_string()),
        Err(rejection) => Err(rejection.first.code.to_string()),
    }
}

#[test]
fn a_whole_number_may_be_written_with_point_or_exponent() {
    for (raw, value) in [
        ("1", 1),
        ("1.0", 1),
        ("1e0", 1),
        ("1E+1", 10),
        ("10000", 10_000),
        ("-0", 0),
        ("-0.0", 0),
        ("0e9", 0),
    ] {
        let text = with("/items/0/quantity", raw);
        assert_eq!(Order::parse(text.as_bytes()).unwrap().items[0].quantity, value, "{raw}");
    }
    assert_eq!(quantity("1.5"), "wrong_type at $.items[0].quantity");
    assert_eq!(quantity("10001"), "out_of_range at $.items[0].quantity");
    assert_eq!(quantity("-1"), "out_of_range at $.items[0].quantity");
    assert_eq!(quantity("\"1\""), "wrong_type at $.items[0].quantity");
}

#[test]
fn a_fraction_that_no_double_holds_is_the_nearest_double() {
    assert_eq!(quantity("1.00000000000000000001"), "");
    assert_eq!(quantity("1e-400"), "");
}

#[test]
fn a_bound_has_the_digits_that_it_needs() {
    for (pointer, raw, message) in [
        ("/items/0/quantity", "-1", "allowed are 0 to 10000"),
        ("/items/0/orderItemId", "1e30", "allowed are -9007199254740991 to 9007199254740991"),
        ("/items/0/lens/index", "3", "allowed are 1.4 to 2"),
    ] {
        let text = with(pointer, raw);
        let first = Order::parse(text.as_bytes()).unwrap_err().first;
        assert_eq!((first.code.to_string(), &*first.message), ("out_of_range".into(), message));
    }
}

#[test]
fn huge_whole_numbers_are_out_of_range() {
    for raw in [
        "123456789012345678901234567890",
        "1e30",
        "9007199254740992",
        "18446744073709551616",
        "-1e300",
    ] {
        assert_eq!(
            verdict(with("/items/0/orderItemId", raw)),
            "out_of_range at $.items[0].orderItemId",
            "{raw}"
        );
    }
    for (raw, value) in
        [("9007199254740991", 9_007_199_254_740_991), ("-9007199254740991", -9_007_199_254_740_991)]
    {
        let text = with("/items/0/orderItemId", raw);
        assert_eq!(Order::parse(text.as_bytes()).unwrap().items[0].order_item_id, value);
    }
}

#[test]
fn a_number_beyond_all_doubles_makes_the_text_unreadable_where_a_number_is_wanted() {
    for pointer in
        ["/items/0/quantity", "/items/0/orderItemId", "/items/0/lens/index", "/description"]
    {
        assert_eq!(verdict(with(pointer, "1e400")), "invalid_json at $", "{pointer}");
        assert_eq!(verdict(with(pointer, &"9".repeat(400))), "invalid_json at $", "{pointer}");
    }
    assert_eq!(verdict(with("/unknown", "1e400")), "");
    assert_eq!(unit_price("1e400"), Err("out_of_range".into()));
}

#[test]
fn an_order_id_is_its_text_as_sent() {
    for raw in ["1e400", "1.0", "-0", "123456789012345678901234567890", "1E5"] {
        let text = with("/orderId", raw);
        let order = Order::parse(text.as_bytes()).unwrap();
        assert_eq!(order.order_id.as_deref(), Some(raw));
        assert_eq!(order.id, Order::id_of_order_id(raw));
    }
    let (number, string) = (with("/orderId", "17"), with("/orderId", "\"17\""));
    let id = |text: &str| Order::parse(text.as_bytes()).unwrap().id;
    assert_eq!(id(&number), id(&string));
    assert_ne!(id(&number), id(&with("/orderId", "17.0")));
}

#[test]
fn an_order_id_of_too_many_digits_is_too_long() {
    assert_eq!(verdict(with("/orderId", &"9".repeat(256))), "");
    assert_eq!(verdict(with("/orderId", &"9".repeat(257))), "invalid_length at $.orderId");
}

#[test]
fn words_for_numbers_are_texts_or_no_json() {
    for word in ["NaN", "Infinity", "-Infinity", "nan"] {
        assert_eq!(quantity(word), "invalid_json at $", "{word}");
        assert_eq!(quantity(&format!("\"{word}\"")), "wrong_type at $.items[0].quantity");
        assert_eq!(unit_price(&format!("\"{word}\"")), Err("invalid_amount".into()));
        assert_eq!(
            verdict(with("/items/0/lens/right/sphere", &format!("\"{word}\""))),
            "wrong_type at $.items[0].lens.right.sphere"
        );
        assert_eq!(verdict(with("/orderId", &format!("\"{word}\""))), "");
    }
}

#[test]
fn numbers_are_written_as_json_writes_them() {
    for raw in ["01", "+1", ".5", "1.", "0x10", "1_000", "1e", "--1", "1,0"] {
        assert_eq!(quantity(raw), "invalid_json at $", "{raw}");
    }
}

#[test]
fn a_price_is_exact_as_a_number_and_as_a_text() {
    for (raw, price) in [
        ("0.1", "0.1"),
        ("\"0.1\"", "0.1"),
        ("999999999.9999999999", "999999999.9999999999"),
        ("\"1e2\"", "100"),
        ("12.50", "12.5"),
        ("-0", "0"),
        ("\"-0.00\"", "0"),
        ("1000000000", "1000000000"),
    ] {
        assert_eq!(unit_price(raw), Ok(price.to_owned()), "{raw}");
    }
    for (raw, code) in [
        ("0.00000000001", "invalid_amount"),
        ("\"12,50\"", "invalid_amount"),
        ("\"1_000\"", "invalid_amount"),
        ("\"\"", "invalid_amount"),
        ("\" 1\"", "invalid_amount"),
        ("-0.01", "out_of_range"),
        ("1000000000.01", "out_of_range"),
        ("123456789012345678901234567890", "out_of_range"),
        ("true", "wrong_type"),
        ("[1]", "wrong_type"),
    ] {
        assert_eq!(unit_price(raw), Err(code.to_owned()), "{raw}");
    }
}
