//! Prints an order as JSON, for tests only. The fuzz target includes this file.

use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, Utc};
use orders::order::{Country, Eye, Frame, Item, Lens, Order, PrismBase};
use serde_json::{Map, Value, json};

/// The order as JSON: parsed again, it is the same order.
pub(crate) fn print(order: &Order<'_>) -> Value {
    let id_by_number = order.order_id.as_deref().map(Order::id_of_order_id);
    let order_guid = (id_by_number != Some(order.id)).then_some(order.id);
    present(json!({
        "orderId": order.order_id,
        "orderGuid": order_guid,
        "description": order.description,
        "firstName": order.first_name,
        "lastName": order.last_name,
        "delivery": order.delivery.as_str(),
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "placedAt": order.placed_at.map(time),
        "currency": order.currency.as_str(),
        "shipTo": order.ship_to.as_ref().map(Country::as_str),
        "customer": order.customer,
    }))
}

fn item(item: &Item<'_>) -> Value {
    present(json!({
        "orderItemId": item.order_item_id,
        "sku": item.sku,
        "quantity": item.quantity,
        "unitPrice": item.unit_price.map(|price| price.to_string()),
        "lens": item.lens.as_ref().map(lens),
    }))
}

fn lens(lens: &Lens<'_>) -> Value {
    // An empty list is a field too, which a contact lens does not have.
    let coatings: Vec<_> = lens.coatings.iter().map(|coating| coating.as_str()).collect();
    let coatings = (!coatings.is_empty()).then_some(coatings);
    present(json!({
        "right": lens.right.as_ref().map(eye),
        "left": lens.left.as_ref().map(eye),
        "index": lens.index,
        "diameter": lens.diameter,
        "baseCurve": lens.base_curve,
        "coatings": coatings,
        "tint": lens.tint,
        "vertexDistance": lens.vertex_distance,
        "refractionDistance": lens.refraction_distance,
        "pupillaryDistance": lens.pupillary_distance,
        "fittingCrossOffset": lens.fitting_cross_offset,
        "frame": lens.frame.map(frame),
    }))
}

fn frame(Frame { width, height, bridge }: Frame) -> Value {
    json!({"width": width, "height": height, "bridge": bridge})
}

fn eye(eye: &Eye) -> Value {
    present(json!({
        "sphere": eye.sphere,
        "cylinder": eye.cylinder,
        "axis": eye.axis,
        "addition": eye.addition,
        "prism": (eye.prism != 0.0).then_some(eye.prism),
        "base": eye.base.map(base),
        "fittingHeight": eye.fitting_height,
        "monocularPupillaryDistance": eye.monocular_pupillary_distance,
    }))
}

fn base(base: PrismBase) -> Value {
    match base {
        PrismBase::Degrees(degrees) => degrees.into(),
        named => <&str>::from(named).into(),
    }
}

/// RFC 3339 has years of four digits only; a time that leaves them by its offset is written with
/// one.
fn time(time: DateTime<Utc>) -> String {
    const ALMOST_A_DAY_S: i32 = 24 * 3_600 - 60;
    let offset_s = match time.year() {
        ..0 => ALMOST_A_DAY_S,
        10_000.. => -ALMOST_A_DAY_S,
        _ => 0,
    };
    let offset = FixedOffset::east_opt(offset_s).expect("less than a day");
    time.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn present(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
