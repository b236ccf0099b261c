//! Holds `docs/*.schema.json` against the types they are made from.

use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::confirmation::Confirmation;
use crate::order;

/// Whole numbers without a point, and no formats that only repeat a Rust type.
fn tidied(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_kept = |name: &str, value: &Value| {
                name != "format" || value.as_str().is_some_and(|format| !is_rust_type(format))
            };
            let fields = fields.into_iter().filter(|(name, value)| is_kept(name, value));
            Value::Object(fields.map(|(name, value)| (name, tidied(value))).collect())
        }
        Value::Array(values) => values.into_iter().map(tidied).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

fn is_rust_type(format: &str) -> bool {
    ["double", "uint", "uint32", "uint64", "int64"].contains(&format)
}

/// The file in `docs` says what the types say; with `UPDATE_SCHEMAS` in the environment it is made to.
fn check(name: &str, schema: Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let schema = tidied(schema);
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, format!("{schema:#}\n")).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    // Values and not texts: the order of fields depends on what is built beside this.
    assert!(
        serde_json::from_str::<Value>(&committed).is_ok_and(|committed| committed == schema),
        "docs/{name} is not what the types say; write it anew with UPDATE_SCHEMAS=1 cargo test -p shared --lib schemas"
    );
}

#[test]
fn the_schema_of_an_order_is_current() {
    check("order.schema.json", order::schema::order());
}

#[test]
fn the_schema_of_a_confirmation_is_current() {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Confirmation<'_>>().to_value();
    schema["$id"] = "https://example.com/schemas/confirmation.schema.json".into();
    check("confirmation.schema.json", schema);
}
