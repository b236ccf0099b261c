//! Orders to test with: small ones by hand, any valid one by proptest.

use chrono::DateTime;
use orders::Times;
use orders::order::{
    Coating, Code, Country, Currency, Delivery, Eye, Frame, Item, Lens, MAX_QUANTITY, Order,
    PrismBase, Rejection,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rust_decimal::Decimal;
use serde_json::Value;
use strum::VariantArray;
use uuid::Uuid;

/// The smallest order.
pub(crate) const SMALLEST: &str =
    r#"{"orderId":1,"delivery":"Standard","items":[{"orderItemId":1,"sku":"A","quantity":1}]}"#;
/// The smallest order with a prescription.
pub(crate) const PRESCRIPTION: &str = concat!(
    r#"{"orderId":1,"delivery":"Standard","items":["#,
    r#"{"orderItemId":1,"sku":"A","quantity":1,"lens":{"right":{"sphere":-1}}}]}"#
);

/// The same with a contact lens.
pub(crate) const CONTACT_LENS: &str = concat!(
    r#"{"orderId":1,"delivery":"Standard","items":["#,
    r#"{"orderItemId":1,"sku":"CL-1","quantity":1,"lens":{"right":{"sphere":-1}}}]}"#
);

/// [`SMALLEST`], or [`PRESCRIPTION`] where `pointer` leads into a lens, with the JSON text `raw` at
/// a place.
pub(crate) fn with(pointer: &str, raw: &str) -> String {
    const MARK: &str = "(here)";
    let base = if pointer.contains("/lens/") { PRESCRIPTION } else { SMALLEST };
    let mut order: Value = serde_json::from_str(base).unwrap();
    put(&mut order, pointer, MARK.into());
    order.to_string().replace(&format!("\"{MARK}\""), raw)
}

/// Puts a value at a JSON pointer; objects on the way are made where they are missing.
pub(crate) fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for name in pointer.split('/').skip(1) {
        place = match name.parse::<usize>() {
            Ok(position) => &mut place[position],
            Err(_) => &mut place[name],
        };
    }
    *place = value;
}

/// Queued and decided at this time.
pub(crate) fn at(unix_ms: i64) -> Times {
    Times { queued_at_ms: unix_ms, decided_at_ms: unix_ms }
}

/// The codes and paths of a rejection.
pub(crate) fn errors(json: &[u8]) -> Vec<(Code, String)> {
    match Order::parse(json) {
        Ok(_) => Vec::new(),
        Err(rejection) => listed(&rejection),
    }
}

/// The codes and paths of a rejection.
pub(crate) fn listed(rejection: &Rejection) -> Vec<(Code, String)> {
    rejection.errors().map(|error| (error.code, error.path.clone())).collect()
}

/// The errors of an order, each as `code at path`; empty when it is valid.
pub(crate) fn verdict(json: impl AsRef<[u8]>) -> String {
    let errors = errors(json.as_ref());
    let texts: Vec<_> =
        errors.into_iter().map(|(code, path)| format!("{code} at {path}")).collect();
    texts.join(", ")
}

/// Any valid order.
pub(crate) fn any_order() -> impl Strategy<Value = Order<'static>> {
    let identity = (prop::option::of("[ -~äöЖ]{1,20}"), prop::option::of(1u128..))
        .prop_filter("an order has an identity", |(id, guid)| id.is_some() || guid.is_some());
    let texts =
        (prop::option::of(".{0,40}"), prop::option::of(".{0,20}"), prop::option::of(".{0,20}"));
    let currency = select(Currency::VARIANTS);
    let ship_to = prop::option::of(select(Country::codes().collect::<Vec<_>>()));
    let placed_at = prop::option::of((-62_167_219_200i64..=253_402_300_799, 0u32..1_000_000_000));
    let rest =
        (select(Delivery::VARIANTS), currency, ship_to, placed_at, prop::option::of(".{1,20}"));
    (identity, texts, prop::collection::vec(any_item(), 1..5), rest).prop_map(
        |((order_id, guid), (description, first_name, last_name), items, rest)| {
            let (delivery, currency, ship_to, placed_at, customer) = rest;
            let of_order_id = || Order::id_of_order_id(order_id.as_deref().unwrap());
            let id = guid.map_or_else(of_order_id, Uuid::from_u128);
            Order {
                id,
                order_id: order_id.map(Into::into),
                description: description.map(Into::into),
                first_name: first_name.map(Into::into),
                last_name: last_name.map(Into::into),
                delivery,
                items,
                placed_at: placed_at
                    .map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap()),
                currency,
                ship_to: ship_to.map(|code| code.parse().unwrap()),
                customer: customer.map(Into::into),
            }
        },
    )
}

/// Any valid item.
pub(crate) fn any_item() -> impl Strategy<Value = Item<'static>> {
    let quantity = prop_oneof![0u32..=12, 0..=MAX_QUANTITY];
    let price = prop::option::of((0i64..=1_000_000_000, 0u32..=10));
    let order_item_id = -9_007_199_254_740_991i64..=9_007_199_254_740_991;
    // A SKU by chance that makes a contact lens of spectacles is left out.
    let spectacles = (".{1,30}", prop::option::of(any_lens()))
        .prop_filter("not a contact lens", |(sku, _)| !sku.starts_with("CL-"));
    let contact = ("CL-.{0,20}", any_lens().prop_map(|lens| Some(contact(&lens))));
    let made = prop_oneof![3 => spectacles, 1 => contact];
    (order_item_id, made, quantity, price).prop_map(
        |(order_item_id, (sku, lens), quantity, price)| Item {
            order_item_id,
            sku: sku.into(),
            quantity,
            unit_price: price.map(|(mantissa, scale)| Decimal::new(mantissa, scale)),
            lens,
        },
    )
}

/// What of a prescription a contact lens has.
fn contact(lens: &Lens<'static>) -> Lens<'static> {
    let refraction = |eye: Eye| Eye {
        prism: 0.0,
        base: None,
        fitting_height: None,
        monocular_pupillary_distance: None,
        ..eye
    };
    Lens {
        is_contact: true,
        right: lens.right.map(refraction),
        left: lens.left.map(refraction),
        vertex_distance: lens.vertex_distance,
        refraction_distance: lens.refraction_distance,
        ..Lens::default()
    }
}

fn any_lens() -> impl Strategy<Value = Lens<'static>> {
    let eyes = (prop::option::of(any_eye()), prop::option::of(any_eye()))
        .prop_filter("a lens has an eye", |(right, left)| right.is_some() || left.is_some());
    let frame = (20.0..=80.0, 10.0..=70.0, 5.0..=40.0);
    let sizes =
        (prop::option::of(1.4..=2.0), prop::option::of(40.0..=90.0), prop::option::of(0.0..=12.0));
    let distance = || prop::option::of(5.0..=25.0);
    let fit = (
        (distance(), distance()),
        prop::option::of(40.0..=85.0),
        prop::option::of(0.0..=10.0),
        prop::option::of(frame),
    );
    let finish =
        (subsequence(Coating::VARIANTS, 0..=Coating::VARIANTS.len()), prop::option::of(".{1,10}"));
    (eyes, sizes, fit, finish).prop_map(|((right, left), sizes, fit, (coatings, tint))| Lens {
        is_contact: false,
        right,
        left,
        index: sizes.0,
        diameter: sizes.1,
        base_curve: sizes.2,
        coatings,
        tint: tint.map(Into::into),
        vertex_distance: fit.0.0,
        refraction_distance: fit.0.1,
        pupillary_distance: fit.1,
        fitting_cross_offset: fit.2,
        frame: fit.3.map(|(width, height, bridge)| Frame { width, height, bridge }),
    })
}

/// Any valid eye.
pub(crate) fn any_eye() -> impl Strategy<Value = Eye> {
    let number = |range| prop_oneof![Just(0.0), range];
    let named = select(vec![PrismBase::In, PrismBase::Out, PrismBase::Up, PrismBase::Down]);
    let base = prop_oneof![named, (0.0..=360.0).prop_map(PrismBase::Degrees)];
    let sphere =
        prop_oneof![-30.0..=30.0, (-120i32..=120).prop_map(|quarters| f64::from(quarters) / 4.0)];
    let numbers =
        (sphere, number(-12.0..=12.0), 0.0..=180.0, number(0.0..=4.0), number(0.0..=20.0));
    let fit = (prop::option::of(5.0..=60.0), prop::option::of(20.0..=45.0));
    (numbers, base, fit).prop_map(|((sphere, cylinder, axis, addition, prism), base, fit)| Eye {
        sphere,
        cylinder,
        axis,
        addition,
        prism,
        base: Some(base),
        fitting_height: fit.0,
        monocular_pupillary_distance: fit.1,
    })
}
