//! The order as JSON carries it, before any rule: every field may be absent or of the wrong type.
//!
//! A wrong type is remembered, not reported at once, so that one pass over the text finds all faults. Fields outside
//! the schema are skipped without recursion, however deep they nest. Only what makes the text unreadable as a whole
//! ends the reading: broken syntax, a field that stands twice, a number that no `f64` holds.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{Code, OrderError, Rejection};

/// What stands in the place of a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Field<T> {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// A value of the right JSON type.
    Value(T),
    /// A value of another JSON type, by the type's name.
    WrongType(&'static str),
}

/// A text, borrowed unless it contains escapes.
pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireOrder<'a> {
    #[serde(borrow)]
    pub(super) order_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) order_guid: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) description: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) first_name: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_name: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) delivery: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) items: Field<Vec<Field<WireItem<'a>>>>,
    #[serde(borrow)]
    pub(super) placed_at: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) currency: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) ship_to: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) customer: Field<Text<'a>>,
}

/// The part of an order that says which one it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireIdentity<'a> {
    #[serde(borrow)]
    pub(super) order_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) order_guid: Field<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireItem<'a> {
    pub(super) order_item_id: Field<f64>,
    #[serde(borrow)]
    pub(super) sku: Field<Text<'a>>,
    pub(super) quantity: Field<f64>,
    #[serde(borrow)]
    pub(super) unit_price: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) lens: Field<WireLens<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireLens<'a> {
    #[serde(borrow)]
    pub(super) right: Field<WireEye<'a>>,
    #[serde(borrow)]
    pub(super) left: Field<WireEye<'a>>,
    pub(super) index: Field<f64>,
    pub(super) diameter: Field<f64>,
    pub(super) base_curve: Field<f64>,
    #[serde(borrow)]
    pub(super) coatings: Field<Vec<Field<Text<'a>>>>,
    #[serde(borrow)]
    pub(super) tint: Field<Text<'a>>,
    pub(super) vertex_distance: Field<f64>,
    pub(super) pupillary_distance: Field<f64>,
    pub(super) frame: Field<WireFrame>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireEye<'a> {
    pub(super) sphere: Field<f64>,
    pub(super) cylinder: Field<f64>,
    pub(super) axis: Field<f64>,
    pub(super) addition: Field<f64>,
    pub(super) prism: Field<f64>,
    #[serde(borrow)]
    pub(super) base: Field<WireBase<'a>>,
    pub(super) fitting_height: Field<f64>,
}

/// The base of a prism: a direction by name or in degrees.
#[derive(Debug)]
pub(super) enum WireBase<'a> {
    Name(Text<'a>),
    Degrees(f64),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireFrame {
    pub(super) width: Field<f64>,
    pub(super) height: Field<f64>,
    pub(super) bridge: Field<f64>,
}

/// Reads the text of one order.
///
/// # Errors
/// When it is not JSON, not an object, has trailing text, or has a field of the schema twice.
pub(super) fn read(text: &str) -> Result<WireOrder<'_>, Rejection> {
    match serde_json::from_str(text) {
        Ok(Field::Value(order)) => Ok(order),
        Ok(Field::Absent) => Err(Rejection::of_document(Code::WrongType, "expected an object, found null")),
        Ok(Field::WrongType(found)) => {
            Err(Rejection::of_document(Code::WrongType, format!("expected an object, found {found}")))
        }
        Err(error) => Err(why_unreadable(text, &error)),
    }
}

/// Reads only which order it is; `None` when the text is not a JSON object.
pub(super) fn read_identity(text: &str) -> Option<WireIdentity<'_>> {
    match serde_json::from_str(text) {
        Ok(Field::Value(identity)) => Some(identity),
        _ => None,
    }
}

fn why_unreadable(text: &str, error: &serde_json::Error) -> Rejection {
    if error.to_string().starts_with("duplicate field")
        && let Some(path) = first_duplicate(text)
    {
        let error =
            OrderError { code: Code::DuplicateField, path, message: "the field stands here twice".into() };
        return Rejection { first: error, rest: Vec::new() };
    }
    // serde_json's own words name the place; it never repeats values of the document in them.
    Rejection::of_document(Code::InvalidJson, error.to_string())
}

/// A JSON type that a field may have. A method not overridden says "wrong type".
trait Shape<'de>: Sized {
    fn from_str(_: &str) -> Option<Self> {
        None
    }
    fn from_borrowed_str(text: &'de str) -> Option<Self> {
        Self::from_str(text)
    }
    fn from_f64(_: f64) -> Option<Self> {
        None
    }
    fn from_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de: 'a, 'a> Shape<'de> for Text<'a> {
    fn from_str(text: &str) -> Option<Self> {
        Some(Cow::Owned(text.to_owned()))
    }
    fn from_borrowed_str(text: &'de str) -> Option<Self> {
        Some(Cow::Borrowed(text))
    }
}

impl<'de> Shape<'de> for f64 {
    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl<'de: 'a, 'a> Shape<'de> for WireBase<'a> {
    fn from_str(text: &str) -> Option<Self> {
        Some(Self::Name(Cow::Owned(text.to_owned())))
    }
    fn from_borrowed_str(text: &'de str) -> Option<Self> {
        Some(Self::Name(Cow::Borrowed(text)))
    }
    fn from_f64(number: f64) -> Option<Self> {
        Some(Self::Degrees(number))
    }
}

impl<'de, T: Deserialize<'de>> Shape<'de> for Vec<T> {
    fn from_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        // The size hint comes from the sender; growing step by step keeps it from reserving memory.
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Some(elements))
    }
}

macro_rules! object_shape {
    ($($type:ident $(<$life:lifetime>)?),*) => {$(
        impl<'de $(: $life, $life)?> Shape<'de> for $type $(<$life>)? {
            fn from_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
                Self::deserialize(MapAccessDeserializer::new(map)).map(Some)
            }
        }
    )*};
}
object_shape!(WireOrder<'a>, WireIdentity<'a>, WireItem<'a>, WireLens<'a>, WireEye<'a>, WireFrame);

impl<'de, T: Shape<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

fn value_or<T>(value: Option<T>, found: &'static str) -> Field<T> {
    value.map_or(Field::WrongType(found), Field::Value)
}

impl<'de, T: Shape<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::WrongType("a boolean"))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(value_or(T::from_f64(number as f64), "a number"))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(value_or(T::from_f64(number as f64), "a number"))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(value_or(T::from_f64(number), "a number"))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(value_or(T::from_str(text), "a string"))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(value_or(T::from_borrowed_str(text), "a string"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Ok(value_or(T::from_seq(seq)?, "an array"))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(value_or(T::from_map(map)?, "an object"))
    }
}

/// The path of the first key that stands twice in its object, if the text is read far enough to meet one.
fn first_duplicate(text: &str) -> Option<String> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let _ = Duplicates { path: "$".into(), found: &mut found }.deserialize(&mut deserializer);
    found
}

/// Walks a document with the path in hand; ends with an error at the first duplicate.
struct Duplicates<'f> {
    path: String,
    found: &'f mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Duplicates<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Duplicates<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { path, found } = self;
        let mut position = 0usize;
        while seq
            .next_element_seed(Duplicates { path: format!("{path}[{position}]"), found: &mut *found })?
            .is_some()
        {
            position += 1;
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { path, found } = self;
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = format!("{path}.{key}");
            if !keys.insert(key) {
                *found = Some(path);
                return Err(A::Error::custom("duplicate"));
            }
            map.next_value_seed(Duplicates { path, found: &mut *found })?;
        }
        Ok(())
    }
}
