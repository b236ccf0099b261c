//! Why an order is rejected: stable codes, each with the path of its field.

use serde::Serialize;
use strum::{Display, IntoStaticStr, VariantNames};

/// One way in which an order breaks the schema. The text form never changes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Display, IntoStaticStr, VariantNames,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub enum Code {
    /// The order is longer than [`super::MAX_ORDER_BYTES`].
    OrderTooLarge,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text is not JSON, or a number in it cannot be represented.
    InvalidJson,
    /// A field of the schema appears twice in one object.
    DuplicateField,
    /// A required field is absent or null.
    MissingField,
    /// The value has another JSON type than in the schema.
    WrongType,
    /// A number is outside its range.
    OutOfRange,
    /// A text is empty or longer than allowed.
    InvalidLength,
    /// A text is not one of the listed values.
    UnknownValue,
    /// `orderGuid` is not a UUID, or is the nil UUID.
    InvalidGuid,
    /// A time is not RFC 3339.
    InvalidTime,
    /// An amount of money is not a decimal number, or has more than ten digits after the point.
    InvalidAmount,
    /// `items` is empty or has more than [`super::MAX_ITEMS`] entries, or `coatings` has more
    /// entries than there are coatings.
    InvalidItemCount,
    /// Two fields that belong together contradict each other, or one of them is absent.
    Inconsistent,
}

impl Code {
    /// The stable text of the code.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One fault of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code} at {path}: {message}")]
pub struct OrderError {
    /// The kind of fault.
    pub code: Code,
    /// Its place, as a JSONPath from the root of the order: `$.items[2].quantity`.
    pub path: String,
    /// What was expected. It never repeats the value, which may be personal data.
    pub message: String,
}

/// All faults of an order: 1 to [`super::MAX_ERRORS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} (error 1 of {})", .rest.len() + 1)]
pub struct Rejection {
    /// The first error: outer objects first, within an object in the order of the schema.
    pub first: OrderError,
    /// The others.
    pub rest: Vec<OrderError>,
}

impl Rejection {
    /// For a fault of the document as a whole.
    pub fn of_document(code: Code, message: impl Into<String>) -> Self {
        Self {
            first: OrderError { code, path: "$".into(), message: message.into() },
            rest: Vec::new(),
        }
    }

    /// `None` when `errors` is empty.
    pub fn from_errors(errors: Vec<OrderError>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        Some(Self { first, rest: errors.collect() })
    }

    /// All errors, the first one first.
    pub fn errors(&self) -> impl Iterator<Item = &OrderError> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}
