//! One field of an order as JSON carries it: absent, a value, or a value of the wrong type.
//!
//! A wrong type is remembered and not reported at once, so that one pass over the text finds all
//! faults. Unused values are skipped without recursion, so deep nesting is safe.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Field<T> {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// A value of the right JSON type.
    Value(T),
    /// A value of another JSON type, with the name of that type.
    WrongType(&'static str),
}

/// A text, borrowed unless it contains escapes.
pub(super) type Text<'a> = Cow<'a, str>;

/// A JSON type of a field. A method that is not overridden means "wrong type".
pub(super) trait Shape<'de>: Sized {
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

impl Shape<'_> for f64 {
    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl<'de, T: Deserialize<'de>> Shape<'de> for Vec<T> {
    fn from_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        // The size hint comes from the sender, so it must not reserve memory.
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Some(elements))
    }
}

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
