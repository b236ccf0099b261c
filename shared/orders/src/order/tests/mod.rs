//! `docs/*.schema.json` are made from the types.

pub(super) mod schema;

use schema_file::check;
use schemars::generate::SchemaSettings;

use crate::confirmation::Confirmation;

#[test]
fn the_schema_of_an_order_is_current() {
    check("orders", "order.schema.json", schema::order());
}

#[test]
fn the_schema_of_a_confirmation_is_current() {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Confirmation<'_>>().to_value();
    schema["$id"] = "https://example.com/schemas/confirmation.schema.json".into();
    check("orders", "confirmation.schema.json", schema);
}
