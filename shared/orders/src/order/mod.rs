//! The order format and its parser, [`Order::parse`].
//!
//! The format is camelCase JSON. The test data of ZEISS/enterprise-wasm is valid unchanged. Fields
//! outside the schema are allowed and ignored. An [`Order`] borrows from the text it was parsed
//! from, and every rule of the schema has been checked for it.

mod amount;
mod error;
mod field;
mod limits;
#[cfg(test)]
mod tests;
mod validate;
mod wire;

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, ParseError, VariantArray, VariantNames};
use uuid::Uuid;

pub use error::{Code, OrderError, Rejection};
pub use optics::{Coating, Eye, Frame, Lens, PrismBase};

/// Maximum number of errors reported for one order, because 64 KiB of text can have thousands.
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

/// The SKUs of contact lenses start with this.
pub const CONTACT_LENS_PREFIX: &str = "CL-";

/// The namespace of identities made from an `orderId`; itself the UUIDv5 of
/// `orders.enterprise-wasm` in the DNS namespace.
const ORDER_ID_NAMESPACE: Uuid = uuid::uuid!("f12eb1b8-27b4-57b5-a663-10cde48fac91");

/// A valid order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order<'a> {
    /// Its identity: `orderGuid`, or without it the UUIDv5 of `orderId`.
    pub id: Uuid,
    /// `orderId` as text, whether sent as a number or a text.
    pub order_id: Option<Cow<'a, str>>,
    /// Free text.
    pub description: Option<Cow<'a, str>>,
    /// The customer's first name.
    pub first_name: Option<Cow<'a, str>>,
    /// The customer's last name.
    pub last_name: Option<Cow<'a, str>>,
    /// How fast it is delivered.
    pub delivery: Delivery,
    /// 1 to [`MAX_ITEMS`].
    pub items: Vec<Item<'a>>,
    /// When the customer placed it.
    pub placed_at: Option<DateTime<Utc>>,
    /// The currency of its prices; EUR by default.
    pub currency: Currency,
    /// The country it is shipped to.
    pub ship_to: Option<Country>,
    /// The customer's number at the manufacturer.
    pub customer: Option<Cow<'a, str>>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<'a> {
    /// The line's number within the order, as the sender counts.
    pub order_item_id: i64,
    /// What is ordered.
    pub sku: Cow<'a, str>,
    /// How many pieces, 0 to [`MAX_QUANTITY`]. One piece of a line with a lens is the prescription
    /// for all its eyes, usually a pair. A line of quantity 0 was taken back by the customer: it is
    /// confirmed at no cost.
    pub quantity: u32,
    /// The price of one, agreed with the customer; it overrides the price list.
    pub unit_price: Option<Decimal>,
    /// The prescription, if the item is a lens made for a person. At least one eye is present. It is
    /// a contact lens if the SKU starts with [`CONTACT_LENS_PREFIX`].
    pub lens: Option<Lens<'a>>,
}

/// How fast an order is delivered.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Delivery {
    /// Ahead of the others, at a surcharge.
    Express,
    /// In its turn.
    Standard,
}

/// A currency that an order may name, by its ISO 4217 code.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[allow(missing_docs, reason = "the codes are the names")]
pub enum Currency {
    AED,
    AUD,
    BHD,
    BRL,
    CAD,
    CHF,
    CLP,
    CNY,
    CZK,
    DKK,
    EUR,
    GBP,
    HKD,
    HUF,
    IDR,
    ILS,
    INR,
    ISK,
    JOD,
    JPY,
    KRW,
    KWD,
    MXN,
    MYR,
    NOK,
    NZD,
    PLN,
    RON,
    SAR,
    SEK,
    SGD,
    THB,
    TRY,
    USD,
    ZAR,
}

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl<'a> Order<'a> {
    /// Reads an order.
    ///
    /// # Errors
    /// A [`Rejection`] with a stable code and the path of the field for each fault.
    pub fn parse(json: &'a [u8]) -> Result<Self, Rejection> {
        if json.len() > MAX_ORDER_BYTES {
            return Err(too_large(json.len()));
        }
        let text = std::str::from_utf8(json).map_err(|error| {
            let message = format!("not UTF-8 after {} bytes", error.valid_up_to());
            Rejection::of_document(Code::InvalidUtf8, message)
        })?;
        let wire = wire::read(text)?;
        validate::order(wire)
    }

    /// The identity of an order that may be invalid otherwise; `None` if no identity can be read.
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

/// The identities that a user may mean by a text, in the order of the search: the UUID itself, then
/// that of an order with this `orderId`, which may look like a UUID.
pub fn ids_of(text: &str) -> impl Iterator<Item = Uuid> {
    let of_order_id = Order::id_of_order_id(text);
    let itself = Uuid::try_parse(text).ok().filter(|id| *id != of_order_id);
    itself.into_iter().chain([of_order_id])
}

/// The rejection of an order of `bytes` bytes, for callers that do not hold the text.
pub fn too_large(bytes: usize) -> Rejection {
    let message = format!("{bytes} bytes of JSON, at most {MAX_ORDER_BYTES} are allowed");
    Rejection::of_document(Code::OrderTooLarge, message)
}

impl Delivery {
    /// The text in an order.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Currency {
    /// The code.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Digits after the point of an amount.
    /// Source: ISO 4217:2015, table A.1, column "minor unit".
    pub fn minor_units(self) -> u32 {
        match self {
            Self::CLP | Self::ISK | Self::JPY | Self::KRW => 0,
            Self::BHD | Self::JOD | Self::KWD => 3,
            _ => 2,
        }
    }
}

impl Country {
    /// ISO 3166-1 alpha-2, as of 2026: every officially assigned code.
    const CODES: &'static str = "\
        ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCG\
        CHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGL\
        GMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLA\
        LBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONP\
        NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSV\
        SXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

    /// Every assigned code.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        // All of it is ASCII, so any two bytes are a text.
        (0..Self::CODES.len()).step_by(2).map(|at| &Self::CODES[at..at + 2])
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = ParseError;

    fn from_str(code: &str) -> Result<Self, ParseError> {
        let is_assigned = Self::codes().any(|assigned| assigned == code);
        let letters = code.as_bytes().try_into().ok().filter(|_| is_assigned);
        letters.map(Self).ok_or(ParseError::VariantNotFound)
    }
}
