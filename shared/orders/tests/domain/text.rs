//! Texts: Unicode, escapes, invalid bytes, lengths.

use orders::Lane;
use orders::confirmation::confirm;
use orders::order::Order;

use crate::samples::{SMALLEST, at, verdict, with};

#[test]
fn names_are_kept_as_they_were_sent() {
    for name in [
        "Zoë",
        "Zoe\u{308}",          // combining mark: not composed
        "مريم",                // right to left
        "\u{202e}abc\u{202c}", // direction overrides
        "𝒜𝓭𝒶 👓",              // beyond the basic plane
        "👩🏽\u{200d}🔬",        // joined by a zero-width joiner
        "a\u{0}b\u{7f}",       // control characters
        "\u{feff}x",           // a byte order mark inside
        "\u{fffe}\u{10ffff}",  // noncharacters
        "  ",                  // white space is not trimmed
        "",
    ] {
        let raw = serde_json::to_string(name).unwrap();
        let text = with("/firstName", &raw);
        assert_eq!(Order::parse(text.as_bytes()).unwrap().first_name.as_deref(), Some(name));
        let escapes: Vec<_> = name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let escaped = escapes.concat();
        let text = with("/firstName", &format!("\"{escaped}\""));
        assert_eq!(Order::parse(text.as_bytes()).unwrap().first_name.as_deref(), Some(name));
    }
}

#[test]
fn composed_and_combined_spellings_are_two_identities() {
    assert_ne!(Order::id_of_order_id("é"), Order::id_of_order_id("e\u{301}"));
}

#[test]
fn a_confirmation_of_odd_texts_is_json() {
    let text = with("/items/0/sku", r#""a\u0000\"\\\u2028𝒜""#);
    let order = Order::parse(text.as_bytes()).unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&confirm(&order, Lane::Simple, at(0)).to_json()).unwrap();
    assert_eq!(json["quote"]["lines"][0]["sku"], "a\0\"\\\u{2028}𝒜");
}

#[test]
fn half_a_surrogate_pair_is_no_text() {
    for raw in
        [r#""\ud800""#, r#""\udc00""#, r#""\ud83d\ud83d""#, r#""\ud83d x""#, r#""\uDFFF\uD800""#]
    {
        assert_eq!(verdict(with("/firstName", raw)), "invalid_json at $", "{raw}");
        assert_eq!(verdict(with("/orderId", raw)), "invalid_json at $.orderId", "{raw}");
        assert_eq!(
            verdict(with("/items/0/unitPrice", raw)),
            "invalid_json at $.items[0].unitPrice",
            "{raw}"
        );
        assert_eq!(verdict(with("/unknown", raw)), "", "what is not read is not judged: {raw}");
    }
    assert_eq!(verdict(SMALLEST.replacen('{', r#"{"\ud800":1,"#, 1)), "invalid_json at $");
}

#[test]
fn broken_escapes_and_control_characters_are_no_json_anywhere() {
    for raw in
        [r#""\x41""#, r#""\u12""#, r#""\uzzzz""#, "\"a\nb\"", "\"a\tb\"", "\"a\0b\"", "\"open"]
    {
        for pointer in ["/firstName", "/orderId", "/unknown"] {
            assert_eq!(verdict(with(pointer, raw)), "invalid_json at $", "{pointer} {raw:?}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_wherever_they_are() {
    let marked = with("/unknown", r#""(here)""#);
    let (before, after) = marked.split_once("(here)").unwrap();
    for bytes in [
        &b"\xff"[..],
        b"\xc0\x80",         // NUL, overlong
        b"\xc3",             // cut short
        b"\xed\xa0\x80",     // a surrogate
        b"\xf4\x90\x80\x80", // beyond Unicode
        b"\xe9",             // Latin-1
    ] {
        let text = [before.as_bytes(), bytes, after.as_bytes()].concat();
        assert_eq!(verdict(text), "invalid_utf8 at $", "{bytes:x?}");
    }
    let utf16: Vec<u8> = SMALLEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(verdict(utf16), "invalid_json at $");
}

#[test]
fn lengths_count_bytes_of_utf_8_after_escapes() {
    for (text, is_valid) in [
        ("x".repeat(256), true),
        ("ö".repeat(128), true),
        ("ö".repeat(128) + "x", false),
        ("x".repeat(257), false),
    ] {
        let expected =
            |path: &str| if is_valid { String::new() } else { format!("invalid_length at {path}") };
        for (pointer, path) in [
            ("/orderId", "$.orderId"),
            ("/firstName", "$.firstName"),
            ("/lastName", "$.lastName"),
            ("/customer", "$.customer"),
            ("/items/0/sku", "$.items[0].sku"),
            ("/items/0/lens/tint", "$.items[0].lens.tint"),
        ] {
            assert_eq!(verdict(with(pointer, &format!("\"{text}\""))), expected(path));
        }
    }
    let escaped = format!("\"{}\"", r"\u0041".repeat(256));
    assert_eq!(verdict(with("/firstName", &escaped)), "");
    assert_eq!(verdict(with("/description", &format!("\"{}\"", "x".repeat(4096)))), "");
    assert_eq!(
        verdict(with("/description", &format!("\"{}\"", "x".repeat(4097)))),
        "invalid_length at $.description"
    );
}

#[test]
fn empty_texts_are_allowed_where_nothing_depends_on_them() {
    for pointer in ["/description", "/firstName", "/lastName"] {
        assert_eq!(verdict(with(pointer, "\"\"")), "");
    }
    for (pointer, verdicts) in [
        ("/orderId", "invalid_length at $.orderId"),
        ("/customer", "invalid_length at $.customer"),
        ("/items/0/sku", "invalid_length at $.items[0].sku"),
        ("/items/0/lens/tint", "invalid_length at $.items[0].lens.tint"),
        ("/orderGuid", "invalid_guid at $.orderGuid"),
        ("/placedAt", "invalid_time at $.placedAt"),
        ("/currency", "unknown_value at $.currency"),
        ("/shipTo", "unknown_value at $.shipTo"),
        ("/delivery", "unknown_value at $.delivery"),
    ] {
        assert_eq!(verdict(with(pointer, "\"\"")), verdicts);
    }
}

#[test]
fn a_guid_counts_in_all_its_usual_forms_and_names_one_order() {
    let id = |raw: &str| {
        Order::parse(with("/orderGuid", &format!("\"{raw}\"")).as_bytes()).map(|order| order.id)
    };
    let plain = id("8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa").unwrap();
    for form in [
        "8D5A5A23-F1C0-4B6E-9D3C-0A4C53F1F0AA",
        "8d5a5a23f1c04b6e9d3c0a4c53f1f0aa",
        "{8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa}",
        "urn:uuid:8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa",
    ] {
        assert_eq!(id(form), Ok(plain), "{form}");
    }
    for form in [
        "00000000-0000-0000-0000-000000000000",
        "8d5a5a23",
        " 8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa",
    ] {
        assert_eq!(id(form).unwrap_err().first.code.as_str(), "invalid_guid", "{form}");
    }
}

#[test]
fn a_time_is_written_by_the_grammar_of_rfc_3339() {
    for raw in [
        "2026-03-03T09:00:00Z",
        "2026-03-03t09:00:00z",
        "2026-03-03T09:00:00.123456789123+01:00",
        "2026-12-31T23:59:60Z",
        "0000-01-01T00:00:00-23:59",
    ] {
        assert_eq!(verdict(with("/placedAt", &format!("\"{raw}\""))), "", "{raw}");
    }
    for raw in [
        "2026-03-03 09:00:00Z",
        "2026-03-03T09:00:00",
        "2026-03-03T09:00Z",
        "2026-02-30T09:00:00Z",
        "2026-03-03T24:00:00Z",
        "2026-03-03T09:00:00+0100",
        "2026-03-03T09:00:00\u{2212}01:00",
        "2026-03-03T09:00:00Z ",
        "26-03-03T09:00:00Z",
        "+12026-03-03T09:00:00Z",
        "1767600000",
    ] {
        assert_eq!(
            verdict(with("/placedAt", &format!("\"{raw}\""))),
            "invalid_time at $.placedAt",
            "{raw}"
        );
    }
}
