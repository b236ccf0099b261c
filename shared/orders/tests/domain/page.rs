//! The tables and examples of `docs/orders.md` agree with the code.

use std::collections::BTreeSet;

use orders::order::{Code, MAX_ORDER_BYTES, Order};
use serde_json::Value;
use strum::VariantNames;

use crate::samples::{SMALLEST, errors, verdict};

const PAGE: &str = include_str!("../../../../docs/orders.md");
const SCHEMA: &str = include_str!("../../../../docs/order.schema.json");

/// The cells of the rows of the table that has this first row, below the heading.
fn table(heading: &str, first_cell: &str) -> Vec<Vec<&'static str>> {
    let below = PAGE.lines().skip_while(|line| {
        line.trim_start_matches('#').trim() != heading || !line.starts_with('#')
    });
    let first_row = format!("| {first_cell} |");
    let rows = below
        .skip_while(|line| !line.starts_with(&first_row))
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<_>> =
        rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(!rows.is_empty(), "docs/orders.md has no row {first_row:?} under {heading:?}");
    rows
}

#[test]
fn the_page_describes_the_fields_of_the_schema_with_their_ranges() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (heading, first, object) in [
        ("Order", "orderId", &schema),
        ("Item", "orderItemId", &schema["$defs"]["Item"]),
        ("Lens", "right", &schema["$defs"]["Lens"]),
        ("Eye", "sphere", &schema["$defs"]["Eye"]),
        ("Frame", "width", &schema["$defs"]["Frame"]),
    ] {
        let rows = table(heading, first);
        let named: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
        let fields = object["properties"].as_object().unwrap();
        assert_eq!(named, fields.keys().map(String::as_str).collect(), "fields of {heading}");
        let required: BTreeSet<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let said: BTreeSet<&str> =
            rows.iter().filter(|row| row[1] == "yes").map(|row| row[0]).collect();
        assert_eq!(said, required, "required fields of {heading}");
        for row in rows {
            let field = &fields[row[0]];
            if let (Some(least), Some(most)) = (field.get("minimum"), field.get("maximum")) {
                assert_eq!(row[3], format!("{least} to {most}"), "{heading}, {}", row[0]);
            }
            for allowed in
                field["enum"].as_array().filter(|_| row[0] == "delivery").into_iter().flatten()
            {
                assert!(row[3].contains(&format!("`{}`", allowed.as_str().unwrap())));
            }
        }
    }
}

/// The smallest order with the change in a cell: "`old` → `new`" or "without `old`". Three dots mean
/// any text.
fn changed(cell: &str) -> String {
    let mut texts = cell.split('`').skip(1).step_by(2);
    let (old, new) = (texts.next().unwrap(), texts.next().unwrap_or_default());
    let (start, end) = old.split_once("...").unwrap_or((old, ""));
    let (before, rest) = SMALLEST.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{new}{after}")
}

#[test]
fn the_page_lists_every_code_with_an_example_that_has_it() {
    let rows = table("Errors", "order_too_large");
    let codes: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(codes, <Code as VariantNames>::VARIANTS);
    for row in rows {
        let example: Vec<u8> = match row[0] {
            "order_too_large" => SMALLEST.bytes().chain(vec![b' '; MAX_ORDER_BYTES]).collect(),
            "invalid_utf8" => {
                SMALLEST.bytes().map(|byte| if byte == b'A' { 0xff } else { byte }).collect()
            }
            _ => changed(row[2]).into(),
        };
        let errors = errors(&example);
        let found: Vec<&str> = errors.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(found, [row[0]], "{row:?}");
    }
}

#[test]
fn the_orders_on_the_page_are_valid() {
    let blocks: Vec<&str> =
        PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!((blocks.len(), blocks[0].trim()), (2, SMALLEST));
    for block in blocks {
        assert_eq!(verdict(block), "", "{block}");
    }
}

#[test]
fn the_page_names_the_namespace_of_identities() {
    let namespace =
        PAGE.split("in the namespace `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    let namespace: uuid::Uuid = namespace.parse().unwrap();
    assert_eq!(Order::id_of_order_id("17"), uuid::Uuid::new_v5(&namespace, b"17"));
}
