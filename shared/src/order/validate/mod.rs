//! From what JSON carried to an [`Order`]: every rule of the schema, each checked in one place, all faults collected.

mod lens;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::amount::{AmountError, amount};
use super::error::{Code, OrderError, Rejection};
use super::field::{Field, Text};
use super::limits::{self, MAX_AMOUNT, MAX_AMOUNT_SCALE};
use super::wire::{WireIdentity, WireItem, WireOrder};
use super::{
    Country, Currency, Delivery, Item, MAX_DESCRIPTION_BYTES, MAX_ERRORS, MAX_ITEMS,
    MAX_NAME_BYTES, Order,
};

/// Checks an order.
///
/// # Errors
/// A rejection with all faults, in the order of the schema.
pub(super) fn order(wire: WireOrder<'_>) -> Result<Order<'_>, Rejection> {
    let mut faults = Faults(Vec::new());
    let order = faults.order(wire);
    match Rejection::from_errors(faults.0) {
        None => Ok(order),
        Some(rejection) => Err(rejection),
    }
}

/// Which order it is; `None` when neither field says so validly.
pub(super) fn identity(wire: WireIdentity<'_>) -> Option<Uuid> {
    // Which of two identities the sender means cannot be known.
    if !wire.twice.is_empty() {
        return None;
    }
    let mut faults = Faults(Vec::new());
    let order_guid = faults.order_guid(wire.order_guid);
    let order_id = wire.order_id.and_then(|raw| faults.order_id(raw));
    let id = order_guid.or_else(|| order_id.as_deref().map(Order::id_of_order_id))?;
    faults.0.is_empty().then_some(id)
}

/// The faults found so far.
///
/// Each check gives a value in any case, a stand-in where it reports a fault: so all checks run, and the order made of
/// stand-ins never leaves this file.
struct Faults(Vec<OrderError>);

impl Faults {
    fn report(&mut self, code: Code, path: &str, message: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            self.0.push(OrderError { code, path: path.to_owned(), message: message.into() });
        }
    }

    fn report_twice(&mut self, names: &[&'static str], object: impl Fn() -> String) {
        for name in names {
            let path = format!("{}.{name}", object());
            self.report(Code::DuplicateField, &path, "the field stands here more than once");
        }
    }

    fn order<'a>(&mut self, wire: WireOrder<'a>) -> Order<'a> {
        self.report_twice(&wire.twice, || "$".into());
        if wire.order_id.is_none() && wire.order_guid == Field::Absent {
            self.report(Code::MissingField, "$.orderGuid", "an order needs orderGuid or orderId");
        }
        let order_id = wire.order_id.and_then(|raw| self.order_id(raw));
        let order_guid = self.order_guid(wire.order_guid);
        let id = match (order_guid, &order_id) {
            (Some(guid), _) => guid,
            (None, Some(order_id)) => Order::id_of_order_id(order_id),
            (None, None) => Uuid::nil(),
        };
        Order {
            id,
            order_id,
            description: self.text(wire.description, "$.description", 0..=MAX_DESCRIPTION_BYTES),
            first_name: self.text(wire.first_name, "$.firstName", 0..=MAX_NAME_BYTES),
            last_name: self.text(wire.last_name, "$.lastName", 0..=MAX_NAME_BYTES),
            delivery: self.delivery(wire.delivery),
            items: self.items(wire.items),
            placed_at: self.placed_at(wire.placed_at),
            currency: self.currency(wire.currency),
            ship_to: self.country(wire.ship_to),
            customer: self.text(wire.customer, "$.customer", 1..=MAX_NAME_BYTES),
        }
    }

    /// The value, or `None` when the field is absent or, which is reported, of another type than `expected`.
    fn typed<T>(&mut self, field: Field<T>, path: &str, expected: &str) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Value(value) => Some(value),
            Field::WrongType(found) => {
                self.report(Code::WrongType, path, format!("expected {expected}, found {found}"));
                None
            }
        }
    }

    /// As [`Self::typed`], and an absent field is reported too.
    fn required<T>(&mut self, field: Field<T>, path: &str, expected: &str) -> Option<T> {
        if matches!(field, Field::Absent) {
            self.report(Code::MissingField, path, format!("expected {expected}"));
            return None;
        }
        self.typed(field, path, expected)
    }

    fn text<'a>(
        &mut self,
        field: Field<Text<'a>>,
        path: &str,
        bytes: RangeInclusive<usize>,
    ) -> Option<Text<'a>> {
        let text = self.typed(field, path, "a string")?;
        self.check_length(&text, path, bytes);
        Some(text)
    }

    fn check_length(&mut self, text: &str, path: &str, bytes: RangeInclusive<usize>) {
        if !bytes.contains(&text.len()) {
            let message =
                format!("{} bytes, allowed are {} to {}", text.len(), bytes.start(), bytes.end());
            self.report(Code::InvalidLength, path, message);
        }
    }

    /// A number or a string; its text as sent is the id, so no digit of a long number is lost.
    fn order_id<'a>(&mut self, raw: &'a RawValue) -> Option<Text<'a>> {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'"') => {
                let text = self.string_of(json, || "$.orderId".into())?;
                self.check_length(&text, "$.orderId", 1..=MAX_NAME_BYTES);
                Some(text)
            }
            Some(b'-' | b'0'..=b'9') => {
                self.check_length(json, "$.orderId", 1..=MAX_NAME_BYTES);
                Some(Cow::Borrowed(json))
            }
            _ => {
                self.report(Code::WrongType, "$.orderId", "expected a number or a string");
                None
            }
        }
    }

    /// The text of a JSON string, borrowed unless it contains escapes.
    ///
    /// A raw value has not been decoded yet: an escape that stands for no character, half a surrogate pair, shows only here.
    fn string_of<'a>(&mut self, json: &'a str, path: impl FnOnce() -> String) -> Option<Text<'a>> {
        match serde_json::from_str::<Field<Text<'a>>>(json) {
            Ok(Field::Value(text)) => Some(text),
            _ => {
                self.report(
                    Code::InvalidJson,
                    &path(),
                    "an escape in this string stands for no character",
                );
                None
            }
        }
    }

    fn order_guid(&mut self, field: Field<Text<'_>>) -> Option<Uuid> {
        let text = self.typed(field, "$.orderGuid", "a string")?;
        match Uuid::try_parse(&text) {
            Ok(guid) if !guid.is_nil() => Some(guid),
            // Clients that forget to set a GUID send the nil one: all their orders would be one.
            Ok(_) => {
                self.report(Code::InvalidGuid, "$.orderGuid", "the nil UUID identifies nothing");
                None
            }
            Err(_) => {
                self.report(Code::InvalidGuid, "$.orderGuid", "not a UUID");
                None
            }
        }
    }

    fn delivery(&mut self, field: Field<Text<'_>>) -> Delivery {
        match self.required(field, "$.delivery", "a string").as_deref() {
            Some("Express") => Delivery::Express,
            Some("Standard") | None => Delivery::Standard,
            Some(_) => {
                self.report(Code::UnknownValue, "$.delivery", "expected Express or Standard");
                Delivery::Standard
            }
        }
    }

    fn placed_at(&mut self, field: Field<Text<'_>>) -> Option<DateTime<Utc>> {
        let text = self.typed(field, "$.placedAt", "a string")?;
        // chrono also reads a space for the T and a typographic minus, which the grammar of RFC 3339 has not.
        let is_plain = text.is_ascii() && !text.contains(' ');
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) if is_plain => Some(time.to_utc()),
            _ => {
                self.report(Code::InvalidTime, "$.placedAt", "expected a time by RFC 3339");
                None
            }
        }
    }

    fn currency(&mut self, field: Field<Text<'_>>) -> Currency {
        let Some(code) = self.typed(field, "$.currency", "a string") else { return Currency::EUR };
        Currency::from_code(&code).unwrap_or_else(|| {
            let message = "expected the ISO 4217 code of a currency that the price list knows";
            self.report(Code::UnknownValue, "$.currency", message);
            Currency::EUR
        })
    }

    fn country(&mut self, field: Field<Text<'_>>) -> Option<Country> {
        let code = self.typed(field, "$.shipTo", "a string")?;
        let country = Country::from_code(&code);
        if country.is_none() {
            self.report(Code::UnknownValue, "$.shipTo", "expected an ISO 3166-1 alpha-2 code");
        }
        country
    }

    fn items<'a>(&mut self, field: Field<Vec<Field<WireItem<'a>>>>) -> Vec<Item<'a>> {
        let Some(items) = self.required(field, "$.items", "an array") else { return Vec::new() };
        if !(1..=MAX_ITEMS).contains(&items.len()) {
            let message = format!("{} items, allowed are 1 to {MAX_ITEMS}", items.len());
            self.report(Code::InvalidItemCount, "$.items", message);
            return Vec::new();
        }
        items
            .into_iter()
            .enumerate()
            .filter_map(|(position, item)| {
                let at = Place::Item(position);
                let item = match item {
                    Field::Value(item) => item,
                    other => return self.required(other, &at.path(), "an object").and(None),
                };
                Some(self.item(item, at))
            })
            .collect()
    }

    fn item<'a>(&mut self, wire: WireItem<'a>, at: Place) -> Item<'a> {
        self.report_twice(&wire.twice, || at.path());
        let order_item_id =
            self.whole(wire.order_item_id, at, "orderItemId", limits::ORDER_ITEM_ID) as i64;
        let sku = match wire.sku {
            Field::Value(sku) => {
                if !(1..=MAX_NAME_BYTES).contains(&sku.len()) {
                    self.check_length(&sku, &at.field("sku"), 1..=MAX_NAME_BYTES);
                }
                sku
            }
            other => self.required(other, &at.field("sku"), "a string").unwrap_or_default(),
        };
        Item {
            order_item_id,
            sku,
            quantity: self.whole(wire.quantity, at, "quantity", limits::QUANTITY) as u32,
            unit_price: wire.unit_price.and_then(|raw| self.amount(raw, at)),
            lens: self.optional_object(wire.lens, at, "lens").map(|lens| self.lens(lens, at)),
        }
    }

    /// A required whole number within `range`; 2.0 is one, 2.5 is not.
    fn whole(
        &mut self,
        field: Field<f64>,
        at: Place,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> f64 {
        let number = match field {
            Field::Value(number) => number,
            other => {
                return self.required(other, &at.field(name), "a whole number").unwrap_or_default();
            }
        };
        if number.fract() != 0.0 {
            self.report(Code::WrongType, &at.field(name), "expected a whole number");
        } else if !range.contains(&number) {
            let message = format!("allowed are {} to {}", range.start(), range.end());
            self.report(Code::OutOfRange, &at.field(name), message);
        } else {
            return number;
        }
        0.0
    }

    /// A JSON number or a string with a decimal number; it never passes through a float.
    fn amount(&mut self, raw: &RawValue, at: Place) -> Option<Decimal> {
        let json = raw.get();
        let text = match json.as_bytes().first() {
            Some(b'"') => self.string_of(json, || at.field("unitPrice"))?,
            Some(b'-' | b'0'..=b'9') => Cow::Borrowed(json),
            _ => {
                self.report(
                    Code::WrongType,
                    &at.field("unitPrice"),
                    "expected a number or a string",
                );
                return None;
            }
        };
        let path = || at.field("unitPrice");
        match amount(&text) {
            Ok(amount) => return Some(amount),
            Err(AmountError::NotANumber) => {
                self.report(Code::InvalidAmount, &path(), "not a decimal number")
            }
            Err(AmountError::TooFine) => {
                let message = format!("at most {MAX_AMOUNT_SCALE} digits after the point");
                self.report(Code::InvalidAmount, &path(), message);
            }
            Err(AmountError::OutOfRange) => {
                self.report(Code::OutOfRange, &path(), format!("allowed are 0 to {MAX_AMOUNT}"));
            }
        }
        None
    }

    fn optional_object<T>(&mut self, field: Field<T>, at: Place, name: &str) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Value(value) => Some(value),
            other => self.typed(other, &at.field(name), "an object"),
        }
    }

    /// An optional number within `range`.
    fn measure(
        &mut self,
        field: Field<f64>,
        at: Place,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        match field {
            Field::Absent => None,
            Field::Value(number) if range.contains(&number) => Some(number),
            Field::Value(_) => {
                let message = format!("allowed are {} to {}", range.start(), range.end());
                self.report(Code::OutOfRange, &at.field(name), message);
                None
            }
            other => self.typed(other, &at.field(name), "a number"),
        }
    }
}

/// Where in the order a check is; the path is only put together when a fault is reported.
#[derive(Clone, Copy)]
enum Place {
    Item(usize),
    Eye(usize, &'static str),
}

impl Place {
    fn eye(self, side: &'static str) -> Self {
        let (Self::Item(position) | Self::Eye(position, _)) = self;
        Self::Eye(position, side)
    }
    fn path(self) -> String {
        match self {
            Self::Item(position) => format!("$.items[{position}]"),
            Self::Eye(position, side) => format!("$.items[{position}].lens.{side}"),
        }
    }
    fn field(self, name: &str) -> String {
        format!("{}.{name}", self.path())
    }
}
