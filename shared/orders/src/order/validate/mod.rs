//! From the wire format to an [`Order`]: every rule of the schema is checked once, and all faults
//! are collected.

mod lens;

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::amount::{AmountError, amount};
use super::error::{Code, OrderError, Rejection};
use super::field::{Field, Text};
use super::limits::{MAX_AMOUNT, MAX_AMOUNT_SCALE, ORDER_ITEM_ID, QUANTITY, Range};
use super::wire::{WireIdentity, WireItem, WireOrder};
use super::{
    CONTACT_LENS_PREFIX, Currency, Delivery, Item, MAX_DESCRIPTION_BYTES, MAX_ERRORS, MAX_ITEMS,
    MAX_NAME_BYTES, Order,
};

/// Checks an order.
///
/// # Errors
/// A rejection with all faults, in the order of the schema.
pub(super) fn order(wire: WireOrder<'_>) -> Result<Order<'_>, Rejection> {
    let mut faults = Faults(Vec::new());
    let order = faults.order(wire);
    Rejection::from_errors(faults.0).map_or(Ok(order), Err)
}

/// The identity of an order; `None` if it has none that is valid.
pub(super) fn identity(wire: WireIdentity<'_>) -> Option<Uuid> {
    // With two identities, it is unknown which one the sender means.
    if !wire.twice.is_empty() {
        return None;
    }
    let mut faults = Faults(Vec::new());
    let order_guid = faults.order_guid(wire.order_guid);
    let order_id = wire.order_id.and_then(|raw| faults.order_id(raw));
    let id = order_guid.or_else(|| order_id.as_deref().map(Order::id_of_order_id))?;
    faults.0.is_empty().then_some(id)
}

/// The object of a field. The path is built only when a fault is reported.
#[derive(Clone, Copy)]
enum Place {
    Order,
    Item(usize),
    Lens(usize),
    Eye(usize, &'static str),
    Frame(usize),
}

impl Place {
    fn path(self) -> String {
        match self {
            Self::Order => "$".to_owned(),
            Self::Item(position) => format!("$.items[{position}]"),
            Self::Lens(position) => format!("$.items[{position}].lens"),
            Self::Eye(position, side) => format!("$.items[{position}].lens.{side}"),
            Self::Frame(position) => format!("$.items[{position}].lens.frame"),
        }
    }
}

/// A bound as text: 2, or 1.4. With the `Display` of `f64` each component is 16 KB larger.
fn short(number: f64) -> String {
    serde_json::to_string(&number).unwrap_or_default().trim_end_matches(".0").to_owned()
}

/// The faults found so far.
///
/// Each check returns a value, a placeholder if it reports a fault. So all checks run, and an order
/// with placeholders never leaves this module.
struct Faults(Vec<OrderError>);

impl Faults {
    fn report(&mut self, code: Code, at: Place, name: &str, message: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            let path = format!("{}.{name}", at.path());
            self.0.push(OrderError { code, path, message: message.into() });
        }
    }

    fn report_twice(&mut self, names: &[&'static str], at: Place) {
        for name in names {
            self.report(Code::DuplicateField, at, name, "the field appears more than once");
        }
    }

    fn order<'a>(&mut self, wire: WireOrder<'a>) -> Order<'a> {
        let at = Place::Order;
        self.report_twice(&wire.twice, at);
        if wire.order_id.is_none() && wire.order_guid == Field::Absent {
            self.report(Code::MissingField, at, "orderGuid", "an order needs orderGuid or orderId");
        }
        let order_id = wire.order_id.and_then(|raw| self.order_id(raw));
        let order_guid = self.order_guid(wire.order_guid);
        let of_order_id = || order_id.as_deref().map(Order::id_of_order_id);
        Order {
            id: order_guid.or_else(of_order_id).unwrap_or_default(),
            order_id,
            description: self.text(wire.description, at, "description", 0..=MAX_DESCRIPTION_BYTES),
            first_name: self.text(wire.first_name, at, "firstName", 0..=MAX_NAME_BYTES),
            last_name: self.text(wire.last_name, at, "lastName", 0..=MAX_NAME_BYTES),
            delivery: self
                .required(wire.delivery, at, "delivery", "a string")
                .and_then(|name| self.named(&name, at, "delivery", "expected Express or Standard"))
                .unwrap_or(Delivery::Standard),
            items: self.items(wire.items),
            placed_at: self.placed_at(wire.placed_at),
            currency: self
                .typed(wire.currency, at, "currency", "a string")
                .and_then(|code| {
                    let expected = "expected the ISO 4217 code of a currency in the price list";
                    self.named(&code, at, "currency", expected)
                })
                .unwrap_or(Currency::EUR),
            ship_to: self.typed(wire.ship_to, at, "shipTo", "a string").and_then(|code| {
                self.named(&code, at, "shipTo", "expected an ISO 3166-1 alpha-2 code")
            }),
            customer: self.text(wire.customer, at, "customer", 1..=MAX_NAME_BYTES),
        }
    }

    /// The value; `None` if the field is absent, or of another type than `expected`, which is a
    /// fault.
    fn typed<T>(&mut self, field: Field<T>, at: Place, name: &str, expected: &str) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Value(value) => Some(value),
            Field::WrongType(found) => {
                let message = format!("expected {expected}, found {found}");
                self.report(Code::WrongType, at, name, message);
                None
            }
        }
    }

    /// As [`Self::typed`], but an absent field is a fault too.
    fn required<T>(&mut self, field: Field<T>, at: Place, name: &str, expected: &str) -> Option<T> {
        if matches!(field, Field::Absent) {
            self.report(Code::MissingField, at, name, format!("expected {expected}"));
        }
        self.typed(field, at, name, expected)
    }

    fn text<'a>(
        &mut self,
        field: Field<Text<'a>>,
        at: Place,
        name: &str,
        bytes: RangeInclusive<usize>,
    ) -> Option<Text<'a>> {
        let text = self.typed(field, at, name, "a string")?;
        self.check_length(&text, at, name, bytes);
        Some(text)
    }

    fn check_length(&mut self, text: &str, at: Place, name: &str, bytes: RangeInclusive<usize>) {
        if !bytes.contains(&text.len()) {
            let (length, min, max) = (text.len(), bytes.start(), bytes.end());
            let message = format!("{length} bytes, allowed are {min} to {max}");
            self.report(Code::InvalidLength, at, name, message);
        }
    }

    /// An optional number within `range`.
    fn number(&mut self, field: Field<f64>, at: Place, name: &str, range: Range) -> Option<f64> {
        let number = self.typed(field, at, name, "a number")?;
        self.is_within(number, at, name, range).then_some(number)
    }

    /// A required whole number within `range`; 2.0 is one, 2.5 is not.
    fn whole(&mut self, field: Field<f64>, at: Place, name: &str, range: Range) -> f64 {
        let number = self.required(field, at, name, "a whole number").unwrap_or_default();
        if number.fract() == 0.0 {
            self.is_within(number, at, name, range);
        } else {
            self.report(Code::WrongType, at, name, "expected a whole number");
        }
        number
    }

    fn is_within(&mut self, number: f64, at: Place, name: &str, range: Range) -> bool {
        let is_within = range.contains(&number);
        if !is_within {
            let [low, high] = [range.start(), range.end()].map(|bound| short(*bound));
            let message = format!("allowed are {low} to {high}");
            self.report(Code::OutOfRange, at, name, message);
        }
        is_within
    }

    /// The value that a text names.
    fn named<T>(&mut self, text: &str, at: Place, name: &str, expected: &str) -> Option<T>
    where
        T: FromStr,
    {
        let value = text.parse().ok();
        if value.is_none() {
            self.report(Code::UnknownValue, at, name, expected);
        }
        value
    }

    /// The text of a JSON string, or a JSON number as sent: no digit of it is lost.
    fn string_or_number<'a>(
        &mut self,
        raw: &'a RawValue,
        at: Place,
        name: &str,
    ) -> Option<Text<'a>> {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Some(Cow::Borrowed(json)),
            Some(b'"') => {
                // Only now is a raw value decoded, so half a surrogate pair is found here.
                let Ok(Field::Value(text)) = serde_json::from_str::<Field<Text<'a>>>(json) else {
                    let message = "an escape in this string is not a character";
                    self.report(Code::InvalidJson, at, name, message);
                    return None;
                };
                Some(text)
            }
            _ => {
                self.report(Code::WrongType, at, name, "expected a number or a string");
                None
            }
        }
    }

    fn order_id<'a>(&mut self, raw: &'a RawValue) -> Option<Text<'a>> {
        let text = self.string_or_number(raw, Place::Order, "orderId")?;
        self.check_length(&text, Place::Order, "orderId", 1..=MAX_NAME_BYTES);
        Some(text)
    }

    fn order_guid(&mut self, field: Field<Text<'_>>) -> Option<Uuid> {
        let text = self.typed(field, Place::Order, "orderGuid", "a string")?;
        let message = match Uuid::try_parse(&text) {
            Ok(guid) if !guid.is_nil() => return Some(guid),
            // Clients that forget to set a GUID send the nil one, and all their orders would be
            // copies.
            Ok(_) => "the nil UUID identifies nothing",
            Err(_) => "not a UUID",
        };
        self.report(Code::InvalidGuid, Place::Order, "orderGuid", message);
        None
    }

    fn placed_at(&mut self, field: Field<Text<'_>>) -> Option<DateTime<Utc>> {
        let text = self.typed(field, Place::Order, "placedAt", "a string")?;
        // chrono also reads a space for the T and a typographic minus, against RFC 3339.
        let is_plain = text.is_ascii() && !text.contains(' ');
        let time = DateTime::parse_from_rfc3339(&text).ok().filter(|_| is_plain);
        if time.is_none() {
            let message = "expected a time by RFC 3339";
            self.report(Code::InvalidTime, Place::Order, "placedAt", message);
        }
        Some(time?.to_utc())
    }

    fn items<'a>(&mut self, field: Field<Vec<Field<WireItem<'a>>>>) -> Vec<Item<'a>> {
        let items = self.required(field, Place::Order, "items", "an array");
        let Some(items) = items else { return Vec::new() };
        if !(1..=MAX_ITEMS).contains(&items.len()) {
            let message = format!("{} items, allowed are 1 to {MAX_ITEMS}", items.len());
            self.report(Code::InvalidItemCount, Place::Order, "items", message);
            return Vec::new();
        }
        let items = items.into_iter().enumerate();
        items.filter_map(|(position, field)| self.item(field, position)).collect()
    }

    fn item<'a>(&mut self, field: Field<WireItem<'a>>, position: usize) -> Option<Item<'a>> {
        let Field::Value(wire) = field else {
            self.required(field, Place::Order, &format!("items[{position}]"), "an object");
            return None;
        };
        let at = Place::Item(position);
        self.report_twice(&wire.twice, at);
        let order_item_id = self.whole(wire.order_item_id, at, "orderItemId", ORDER_ITEM_ID) as i64;
        let sku = self
            .required(wire.sku, at, "sku", "a string")
            .inspect(|sku| self.check_length(sku, at, "sku", 1..=MAX_NAME_BYTES))
            .unwrap_or_default();
        let is_contact = sku.starts_with(CONTACT_LENS_PREFIX);
        Some(Item {
            order_item_id,
            sku,
            quantity: self.whole(wire.quantity, at, "quantity", QUANTITY) as u32,
            unit_price: wire.unit_price.and_then(|raw| self.unit_price(raw, at)),
            lens: self
                .typed(wire.lens, at, "lens", "an object")
                .map(|lens| self.lens(lens, position, is_contact)),
        })
    }

    /// A JSON number or a string with a decimal number; it is never converted to a float.
    fn unit_price(&mut self, raw: &RawValue, at: Place) -> Option<Decimal> {
        let text = self.string_or_number(raw, at, "unitPrice")?;
        let (code, message) = match amount(&text) {
            Ok(amount) => return Some(amount),
            Err(AmountError::NotANumber) => (Code::InvalidAmount, "not a decimal number".into()),
            Err(AmountError::TooFine) => {
                (Code::InvalidAmount, format!("at most {MAX_AMOUNT_SCALE} digits after the point"))
            }
            Err(AmountError::OutOfRange) => {
                (Code::OutOfRange, format!("allowed are 0 to {MAX_AMOUNT}"))
            }
        };
        self.report(code, at, "unitPrice", message);
        None
    }
}
