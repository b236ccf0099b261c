//! Holds `docs/*.schema.json` against the types they are made from.

use schema_file::check;
use schemars::generate::SchemaSettings;

use crate::confirmation::Confirmation;
use crate::order;

#[test]
fn the_schema_of_an_order_is_current() {
    check("shared", "order.schema.json", order::schema::order());
}

#[test]
fn the_schema_of_a_confirmation_is_current() {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Confirmation<'_>>().to_value();
    schema["$id"] = "https://example.com/schemas/confirmation.schema.json".into();
    check("shared", "confirmation.schema.json", schema);
}
