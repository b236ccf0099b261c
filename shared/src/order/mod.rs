//! An order as it is sent, and the only door to it: [`Order::parse`].
//!
//! The format is camelCase JSON, a superset of the published reference's test data, which is valid as it is. Fields
//! outside the schema are allowed and left alone. An [`Order`] borrows from the text it was parsed from; holding
//! one means that every rule of the schema has been checked.

mod amount;
mod error;
mod field;
mod limits;
#[cfg(test)]
pub(crate) mod schema;
mod validate;
mod wire;

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

pub use error::{Code, OrderError, Rejection};

/// The most errors that are reported of one order: a text of 64 KiB has room for thousands.
pub const MAX_ERRORS: usize = 100;
/// The longest order, in bytes of JSON.
pub const MAX_ORDER_BYTES: usize = 64 * 1024;
/// The most items in an order.
pub const MAX_ITEMS: usize = 500;
/// The largest quantity of an item.
pub const MAX_QUANTITY: u32 = 10_000;
/// The longest text of a name, SKU, order id or customer, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// The longest description, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 4 * 1024;

/// The namespace of identities made from an `orderId`; itself the UUIDv5 of `orders.enterprise-wasm` in the DNS namespace.
const ORDER_ID_NAMESPACE: Uuid = uuid::uuid!("f12eb1b8-27b4-57b5-a663-10cde48fac91");

/// A valid order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order<'a> {
    /// Its identity: `orderGuid`, or the UUIDv5 of `orderId` where that is absent.
    pub id: Uuid,
    /// `orderId` as text, number or not.
    pub order_id: Option<Cow<'a, str>>,
    /// Free text.
    pub description: Option<Cow<'a, str>>,
    /// The customer's first name.
    pub first_name: Option<Cow<'a, str>>,
    /// The customer's last name.
    pub last_name: Option<Cow<'a, str>>,
    /// How fast it is to be delivered.
    pub delivery: Delivery,
    /// At least one, at most [`MAX_ITEMS`].
    pub items: Vec<Item<'a>>,
    /// When the customer placed it.
    pub placed_at: Option<DateTime<Utc>>,
    /// The currency of its prices; EUR unless it says otherwise.
    pub currency: Currency,
    /// The country it is shipped to.
    pub ship_to: Option<Country>,
    /// The customer's number at the maker.
    pub customer: Option<Cow<'a, str>>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<'a> {
    /// The line's number within the order, as the sender counts.
    pub order_item_id: i64,
    /// What is ordered.
    pub sku: Cow<'a, str>,
    /// How many pieces, 0 to [`MAX_QUANTITY`]; one piece of a line with a lens is the prescription for all its eyes, most often a pair.
    /// Zero is a line the customer took back: it is confirmed at no cost.
    pub quantity: u32,
    /// The price of one, agreed with the customer; it overrides the price list.
    pub unit_price: Option<Decimal>,
    /// The prescription, if the item is a lens made for somebody.
    pub lens: Option<Lens<'a>>,
}

/// A prescription and how its lenses are to be made. At least one eye is present.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lens<'a> {
    /// The right eye.
    pub right: Option<Eye>,
    /// The left eye.
    pub left: Option<Eye>,
    /// Refractive index of the material, 1.4 to 2.0.
    pub index: Option<f64>,
    /// Diameter of the uncut lens in mm, 40 to 90.
    pub diameter: Option<f64>,
    /// Base curve in dioptres, 0 to 12.
    pub base_curve: Option<f64>,
    /// Coatings by name.
    pub coatings: Vec<Cow<'a, str>>,
    /// Tint by name.
    pub tint: Option<Cow<'a, str>>,
    /// Distance from the cornea to the back of the lens in mm, 5 to 25.
    pub vertex_distance: Option<f64>,
    /// Distance between the pupils in mm, 40 to 85.
    pub pupillary_distance: Option<f64>,
    /// The frame the lenses go into.
    pub frame: Option<Frame>,
}

/// The prescription of one eye.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Eye {
    /// Sphere in dioptres, -30 to +30.
    pub sphere: f64,
    /// Cylinder in dioptres, -12 to +12; 0 where the order has none.
    pub cylinder: f64,
    /// Axis of the cylinder in degrees, 0 to 180; 0 where there is no cylinder.
    pub axis: f64,
    /// Near addition in dioptres, 0 to 4; 0 where the lens has one power.
    pub addition: f64,
    /// Prescribed prism in prism dioptres, 0 to 20; 0 where the order has none.
    pub prism: f64,
    /// Where the base of the prism points; present when `prism` is not 0.
    pub base: Option<PrismBase>,
    /// Height of the pupil above the lower edge of the boxed lens in mm, 5 to 60.
    pub fitting_height: Option<f64>,
}

/// A frame by the boxing system, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width of the boxed lens (A), 20 to 80.
    pub width: f64,
    /// Height of the boxed lens (B), 10 to 70.
    pub height: f64,
    /// Distance between the boxed lenses (DBL), 5 to 40.
    pub bridge: f64,
}

/// Where the base of a prism points, as seen by the person who wears it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PrismBase {
    /// Towards the nose.
    In,
    /// Towards the temple.
    Out,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// In degrees of the standard notation, 0 to 360, counted as the cylinder's axis is.
    Degrees(f64),
}

/// How fast an order is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Delivery {
    /// Ahead of the others, at a surcharge.
    Express,
    /// In its turn.
    Standard,
}

/// A currency by its ISO 4217 code, of those in [`Currency::MINOR_UNITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl<'a> Order<'a> {
    /// Reads an order, or says all that is wrong with it.
    ///
    /// # Errors
    /// A [`Rejection`] with a stable code and the path of the field for each fault.
    pub fn parse(json: &'a [u8]) -> Result<Self, Rejection> {
        if json.len() > MAX_ORDER_BYTES {
            return Err(too_large(json.len()));
        }
        let text = std::str::from_utf8(json).map_err(|error| {
            Rejection::of_document(
                Code::InvalidUtf8,
                format!("not UTF-8 after {} bytes", error.valid_up_to()),
            )
        })?;
        let wire = wire::read(text)?;
        validate::order(wire)
    }

    /// The identity of an order that need not be valid otherwise; `None` when it has none that can be read.
    pub fn identity(json: &[u8]) -> Option<Uuid> {
        if json.len() > MAX_ORDER_BYTES {
            return None;
        }
        validate::identity(wire::read_identity(std::str::from_utf8(json).ok()?)?)
    }

    /// The identity of an order that has no `orderGuid`.
    pub fn id_of_order_id(order_id: &str) -> Uuid {
        Uuid::new_v5(&ORDER_ID_NAMESPACE, order_id.as_bytes())
    }

    /// The sum of the items' quantities.
    pub fn total_quantity(&self) -> u64 {
        self.items.iter().map(|item| u64::from(item.quantity)).sum()
    }
}

/// The rejection of an order of `bytes` bytes, for callers that know the size without holding the text.
pub fn too_large(bytes: usize) -> Rejection {
    Rejection::of_document(
        Code::OrderTooLarge,
        format!("{bytes} bytes of JSON, at most {MAX_ORDER_BYTES} are allowed"),
    )
}

impl Lens<'_> {
    /// The eyes it prescribes for, right before left.
    pub fn eyes(&self) -> impl Iterator<Item = &Eye> {
        self.right.iter().chain(&self.left)
    }
}

impl PrismBase {
    /// The directions that have a name.
    pub const NAMES: [(&'static str, Self); 4] =
        [("in", Self::In), ("out", Self::Out), ("up", Self::Up), ("down", Self::Down)];
}

impl Delivery {
    /// Every way of delivery.
    pub const ALL: [Self; 2] = [Self::Express, Self::Standard];

    /// The text in an order.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Express => "Express",
            Self::Standard => "Standard",
        }
    }
}

impl Currency {
    /// The euro, the currency of an order that names none.
    pub const EUR: Self = Self(*b"EUR");

    /// The currencies an order may name, with the digits after the point of an amount.
    /// Source: ISO 4217:2015, table A.1, column "minor unit".
    pub const MINOR_UNITS: [(&'static str, u32); 36] = [
        ("AED", 2),
        ("AUD", 2),
        ("BGN", 2),
        ("BHD", 3),
        ("BRL", 2),
        ("CAD", 2),
        ("CHF", 2),
        ("CLP", 0),
        ("CNY", 2),
        ("CZK", 2),
        ("DKK", 2),
        ("EUR", 2),
        ("GBP", 2),
        ("HKD", 2),
        ("HUF", 2),
        ("IDR", 2),
        ("ILS", 2),
        ("INR", 2),
        ("ISK", 0),
        ("JOD", 3),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("MXN", 2),
        ("MYR", 2),
        ("NOK", 2),
        ("NZD", 2),
        ("PLN", 2),
        ("RON", 2),
        ("SAR", 2),
        ("SEK", 2),
        ("SGD", 2),
        ("THB", 2),
        ("TRY", 2),
        ("USD", 2),
        ("ZAR", 2),
    ];

    /// The currency with this code, if an order may name it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::MINOR_UNITS.iter().find(|(known, _)| *known == code)?;
        Some(Self(code.as_bytes().try_into().ok()?))
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits after the point of an amount: EUR 2, JPY 0, KWD 3.
    pub fn minor_units(self) -> u32 {
        Self::MINOR_UNITS
            .iter()
            .find(|(code, _)| *code == self.as_str())
            .map_or(2, |(_, digits)| *digits)
    }
}

impl Country {
    /// ISO 3166-1 alpha-2, as of 2026: every officially assigned code.
    const CODES: &'static str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

    /// Every assigned code.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        // All of it is ASCII, so any two bytes of it are a text.
        (0..Self::CODES.len()).step_by(2).map(|at| &Self::CODES[at..at + 2])
    }

    /// The country with this code, if it is assigned.
    pub fn from_code(code: &str) -> Option<Self> {
        let wanted: [u8; 2] = code.as_bytes().try_into().ok()?;
        Self::CODES.as_bytes().chunks_exact(2).find(|known| **known == wanted)?;
        Some(Self(wanted))
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
