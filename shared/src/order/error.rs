//! Why an order is refused: stable codes, each with the path of the field it is about.

use std::fmt;

use serde::Serialize;

/// A stable name for one way in which an order breaks the schema. Its text form is `snake_case` and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The order is longer than [`super::MAX_ORDER_BYTES`].
    OrderTooLarge,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text is not JSON, or a number in it cannot be represented.
    InvalidJson,
    /// A field of the schema stands twice in one object.
    DuplicateField,
    /// A required field is absent or null.
    MissingField,
    /// The value has another JSON type than the schema says.
    WrongType,
    /// A number lies outside its range.
    OutOfRange,
    /// A text is empty or longer than allowed.
    InvalidLength,
    /// A text is not one of the values the schema lists.
    UnknownValue,
    /// `orderGuid` is not a UUID, or is the nil UUID.
    InvalidGuid,
    /// A time is not RFC 3339.
    InvalidTime,
    /// An amount of money is not written as a number, or has more than ten digits after the point.
    InvalidAmount,
    /// `items` is empty or has more than [`super::MAX_ITEMS`] entries, or `coatings` has more than there are coatings.
    InvalidItemCount,
    /// Two fields that belong together contradict each other, or one of them is absent.
    Inconsistent,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::OrderTooLarge,
        Self::InvalidUtf8,
        Self::InvalidJson,
        Self::DuplicateField,
        Self::MissingField,
        Self::WrongType,
        Self::OutOfRange,
        Self::InvalidLength,
        Self::UnknownValue,
        Self::InvalidGuid,
        Self::InvalidTime,
        Self::InvalidAmount,
        Self::InvalidItemCount,
        Self::Inconsistent,
    ];

    /// The stable text of the code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderTooLarge => "order_too_large",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidJson => "invalid_json",
            Self::DuplicateField => "duplicate_field",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::InvalidLength => "invalid_length",
            Self::UnknownValue => "unknown_value",
            Self::InvalidGuid => "invalid_guid",
            Self::InvalidTime => "invalid_time",
            Self::InvalidAmount => "invalid_amount",
            Self::InvalidItemCount => "invalid_item_count",
            Self::Inconsistent => "inconsistent",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One thing that is wrong with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code} at {path}: {message}")]
pub struct OrderError {
    /// What kind of fault it is.
    pub code: Code,
    /// Where it is, as a JSONPath from the root of the order: `$.items[2].quantity`.
    pub path: String,
    /// What was expected, in words. It never repeats the value: that may be personal data.
    pub message: String,
}

/// All that is wrong with an order: at least one error, at most [`super::MAX_ERRORS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{first}{}", more(.rest.len()))]
pub struct Rejection {
    /// The first error, by object from the outside in and in the order of the schema.
    pub first: OrderError,
    /// The others.
    pub rest: Vec<OrderError>,
}

impl Rejection {
    /// A rejection for a fault of the document as a whole.
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

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more error)".into(),
        _ => format!(" (and {others} more errors)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_code_is_its_serialized_form() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }
}
