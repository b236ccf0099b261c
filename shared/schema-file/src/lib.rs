//! Compares the JSON Schemas in `docs` with the types they are made from. For tests.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::path::Path;

use serde_json::Value;

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

/// Asserts that the file in `docs` matches the types of `package`. With `UPDATE_SCHEMAS` in the
/// environment the file is written.
///
/// # Panics
/// When the file differs. The message names the command that writes it.
pub fn check(package: &str, name: &str, schema: Value) {
    check_as(package, name, schema, |schema| format!("{schema:#}\n"));
}

/// The same for a file without white space, because it is part of a Wasm file.
///
/// # Panics
/// As [`check`] does.
pub fn check_minified(package: &str, name: &str, schema: Value) {
    check_as(package, name, schema, Value::to_string);
}

fn check_as(package: &str, name: &str, schema: Value, print: impl Fn(&Value) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let schema = tidied(schema);
    let text = print(&schema);
    // Compared as values, because the order of fields depends on the features of the build.
    let is_current = || {
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        committed.len() == text.len()
            && serde_json::from_str::<Value>(&committed).is_ok_and(|it| it == schema)
    };
    // A current file is not written, because another test may be reading it.
    if std::env::var_os("UPDATE_SCHEMAS").is_some() && !is_current() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        is_current(),
        "docs/{name} differs from its types; write it again with \
         UPDATE_SCHEMAS=1 cargo test -p {package} the_schema_of"
    );
}
