//! The parts of the JSON Schema of an order that Rust types do not express.
//!
//! JSON Schema has no words for lengths in bytes, the size of the document, fields that appear
//! twice, and digits of amounts that are numbers or have an exponent. `docs/orders.md` lists these
//! rules.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Value, json};
use strum::VariantNames;

use crate::order::limits::{MAX_AMOUNT, MAX_AMOUNT_SCALE, PRISM_BASE};
use crate::order::wire::WireOrder;
use crate::order::{CONTACT_LENS_PREFIX, Coating, Country, Currency, Delivery, MAX_NAME_BYTES};

/// The schema of the whole order.
pub(super) fn order() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<WireOrder<'_>>().to_value();
    schema["$id"] = "https://example.com/schemas/order.schema.json".into();
    schema
}

macro_rules! described {
    ($($type:ident => $schema:expr;)*) => {$(
        pub(in crate::order) struct $type;

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

described! {
    OrderId => json_schema!({
        "type": ["string", "number"], "minLength": 1, "maxLength": MAX_NAME_BYTES
    });
    Guid => json_schema!({
        "type": "string",
        "pattern": guid(),
        "not": {"type": "string", "pattern": "^[^1-9a-fA-F]*$|^urn:uuid:[-0]*$"}
    });
    DeliveryName => json_schema!({
        "type": "string", "enum": <Delivery as VariantNames>::VARIANTS
    });
    // Validators may ignore formats; the pattern always counts.
    Time => json_schema!({
        "type": "string",
        "format": "date-time",
        "pattern": concat!(
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}",
            r"(\.[0-9]+)?([Zz]|[-+][0-9]{2}:[0-9]{2})$"
        )
    });
    CurrencyCode => json_schema!({
        "type": "string", "enum": <Currency as VariantNames>::VARIANTS
    });
    CountryCode => json_schema!({
        "type": "string", "enum": Country::codes().collect::<Vec<_>>()
    });
    Whole => json_schema!({"type": "integer"});
    Amount => json_schema!({
        "type": ["string", "number"], "minimum": 0, "maximum": MAX_AMOUNT, "pattern": amount()
    });
    Coatings => json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": <Coating as VariantNames>::VARIANTS},
        "uniqueItems": true,
        "maxItems": <Coating as VariantNames>::VARIANTS.len()
    });
    Base => json_schema!({"anyOf": [
        {"type": "string", "enum": ["in", "out", "up", "down"]},
        {"type": "number", "minimum": PRISM_BASE.start(), "maximum": PRISM_BASE.end()},
    ]});
}

/// A UUID in any of its usual forms: with hyphens or without, in braces, as a URN.
fn guid() -> String {
    let hyphens = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
    format!("^({hyphens}|[0-9a-fA-F]{{32}}|\\{{{hyphens}\\}}|urn:uuid:{hyphens})$")
}

/// The notation of an amount in a text: complete for plain decimals, only the form for those with
/// an exponent.
fn amount() -> String {
    let below = MAX_AMOUNT.ilog10() - 1;
    let plain = format!(r"(0|[1-9][0-9]{{0,{below}}})(\.[0-9]{{1,{MAX_AMOUNT_SCALE}}}0*)?");
    let exponent = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?[eE][-+]?[0-9]+";
    format!(r"^({plain}|{MAX_AMOUNT}(\.0+)?|-0(\.0+)?|{exponent})$")
}

/// At least one of these fields is present and not null.
pub(in crate::order) fn one_of(names: [&str; 2]) -> Value {
    let present = json!({"not": {"type": "null"}});
    json!(names.map(|name| json!({"required": [name], "properties": {name: present}})))
}

/// The item is a contact lens.
pub(in crate::order) fn is_contact_lens() -> Value {
    let sku = json!({"type": "string", "pattern": format!("^{CONTACT_LENS_PREFIX}")});
    json!({"required": ["sku"], "properties": {"sku": sku}})
}

/// The lens of the item has no field of spectacles.
pub(in crate::order) fn has_no_spectacle_fields() -> Value {
    let absent = |names: &[&str]| -> serde_json::Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), json!({"type": "null"}))).collect()
    };
    let spectacles = ["prism", "base", "fittingHeight", "monocularPupillaryDistance"];
    let eye = json!({"properties": absent(&spectacles)});
    let mut lens = absent(&[
        "index",
        "diameter",
        "baseCurve",
        "coatings",
        "tint",
        "pupillaryDistance",
        "fittingCrossOffset",
        "frame",
    ]);
    lens.extend(["right", "left"].map(|side| (side.to_owned(), eye.clone())));
    json!({"properties": {"lens": {"properties": lens}}})
}

/// A `number` other than 0 needs the field `name`.
pub(in crate::order) fn needs(number: &str, name: &str) -> Value {
    let not_zero = json!({"type": "number", "not": {"const": 0}});
    json!({
        "if": {"required": [number], "properties": {number: not_zero}},
        "then": {"required": [name], "properties": {name: {"not": {"type": "null"}}}},
    })
}
