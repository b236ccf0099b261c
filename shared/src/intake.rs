//! The body of a request, taken apart into orders: one order, a JSON array, or NDJSON.
//!
//! Each order keeps the bytes it was sent with; they are what the stream will hold. A fault in one order refuses that order only;
//! a body that cannot be told apart into orders is refused as a whole.

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::order::{Order, OrderError, Rejection};
use crate::problem::{self, Problem};
use crate::settings::ApiSettings;

/// The orders of one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Intake<'a> {
    /// Valid orders with their identities, in the order of the request.
    pub orders: Vec<(Uuid, &'a [u8])>,
    /// The others.
    pub refused: Vec<Refused>,
}

/// An order that breaks the schema.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its position in the request, from 0.
    pub index: usize,
    /// The line it stands on, from 1 and empty ones counted; where orders stand on lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The first error.
    #[serde(flatten)]
    pub first: OrderError,
    /// The other errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OrderError>,
    /// How many more there are, left out because a request names at most [`MAX_OTHER_ERRORS`] of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

/// The most errors named in one request beside the first of each order: an answer must not be a hundred times its question.
pub const MAX_OTHER_ERRORS: usize = 1_000;

/// Why a body as a whole is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// No order at all.
    #[error("the body holds no order")]
    Empty,
    /// Neither one JSON value nor one on each line.
    #[error("the body is not JSON: {detail}")]
    NotJson {
        /// Where and what, without repeating the text.
        detail: String,
    },
    /// A content type that no orders come in.
    #[error("expected the content type application/json or application/x-ndjson, or none")]
    MediaType,
    /// Compressed, or otherwise not sent as it is.
    #[error("expected a body that is sent as it is, without Content-Encoding")]
    Encoded,
    /// It broke off before its end.
    #[error("the body broke off before its end")]
    Broken,
    /// Longer than `max_body_bytes`.
    #[error("the body has {found} bytes or more, at most {most} are allowed")]
    TooLong {
        /// Its length, as far as it is known.
        found: u64,
        /// The limit.
        most: u32,
    },
    /// More orders than `max_orders_per_request`.
    #[error("the body holds {found} orders, at most {most} are allowed")]
    TooManyOrders {
        /// How many it holds.
        found: usize,
        /// The limit.
        most: u32,
    },
}

impl BodyError {
    /// What the API says of it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Empty => problem::EMPTY_BODY,
            Self::NotJson { .. } => problem::INVALID_JSON,
            Self::Broken => problem::BROKEN_BODY,
            Self::TooLong { .. } => problem::BODY_TOO_LARGE,
            Self::TooManyOrders { .. } => problem::TOO_MANY_ORDERS,
            Self::MediaType | Self::Encoded => problem::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

impl<'a> Intake<'a> {
    /// Takes a body apart and checks each order.
    ///
    /// An array is told by its first character, NDJSON by `content_type` or by a first line that is a JSON value of its own.
    ///
    /// # Errors
    /// When the body as a whole cannot be used; then no order of it is.
    pub fn read(
        body: &'a [u8],
        content_type: Option<&str>,
        settings: &ApiSettings,
    ) -> Result<Self, BodyError> {
        let orders = split(body, content_type)?;
        if orders.is_empty() {
            return Err(BodyError::Empty);
        }
        if orders.len() > settings.max_orders_per_request as usize {
            let most = settings.max_orders_per_request;
            return Err(BodyError::TooManyOrders { found: orders.len(), most });
        }
        let mut intake = Self { orders: Vec::with_capacity(orders.len()), refused: Vec::new() };
        let mut room = MAX_OTHER_ERRORS;
        for (index, Piece { line, order }) in orders.into_iter().enumerate() {
            match Order::parse(order) {
                Ok(parsed) => intake.orders.push((parsed.id, order)),
                Err(Rejection { first, rest: mut others }) => {
                    let omitted = others.len().saturating_sub(room);
                    others.truncate(room);
                    room -= others.len();
                    intake.refused.push(Refused { index, line, first, others, omitted });
                }
            }
        }
        Ok(intake)
    }
}

impl Intake<'_> {
    /// The position in the request of each order in `orders`.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        let mut refused = self.refused.iter().map(|refused| refused.index).peekable();
        let count = self.orders.len() + self.refused.len();
        (0..count).filter(move |index| refused.next_if_eq(index).is_none())
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What stands for one order.
struct Piece<'a> {
    line: Option<usize>,
    order: &'a [u8],
}

fn split<'a>(body: &'a [u8], content_type: Option<&str>) -> Result<Vec<Piece<'a>>, BodyError> {
    let format = Format::of(content_type).ok_or(BodyError::MediaType)?;
    let whole = body;
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err(BodyError::Empty);
    }
    if format == Format::Lines {
        return Ok(lines(whole).collect());
    }
    if body[0] == b'[' {
        return match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(orders) => {
                let order =
                    |order: &'a RawValue| Piece { line: None, order: order.get().as_bytes() };
                Ok(orders.into_iter().map(order).collect())
            }
            Err(error) => Err(not_json(&error)),
        };
    }
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(_) => Ok(vec![Piece { line: None, order: body }]),
        Err(error) => {
            let is_value =
                |line: Piece<'_>| serde_json::from_slice::<&RawValue>(line.order).is_ok();
            // One broken document has no line that is a document of its own, unless it is broken past mending.
            if lines(body).nth(1).is_some() && lines(body).next().is_some_and(is_value) {
                Ok(lines(whole).collect())
            } else {
                Err(not_json(&error))
            }
        }
    }
}

/// What a content type says of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// One JSON value, or several on a line each.
    Json,
    /// One JSON value on each line, even if the first is broken.
    Lines,
}

impl Format {
    /// A form is let in as JSON for `curl -d`, which says so unless it is told otherwise.
    fn of(content_type: Option<&str>) -> Option<Self> {
        let Some(content_type) = content_type else { return Some(Self::Json) };
        let essence =
            content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" | "application/x-www-form-urlencoded" => {
                Some(Self::Json)
            }
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines" => Some(Self::Lines),
            _ if essence.starts_with("application/") && essence.ends_with("+json") => {
                Some(Self::Json)
            }
            _ => None,
        }
    }
}

fn lines(body: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    lines
        .filter(|(order, _)| !order.is_empty())
        .map(|(order, line)| Piece { line: Some(line), order })
}

fn not_json(error: &serde_json::Error) -> BodyError {
    BodyError::NotJson { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Code;

    const ORDER: &str =
        r#"{"orderId":1,"delivery":"Express","items":[{"orderItemId":1,"sku":"A","quantity":1}]}"#;

    fn read(body: &str) -> Result<Intake<'_>, BodyError> {
        Intake::read(body.as_bytes(), None, &ApiSettings::default())
    }

    #[test]
    fn one_order_an_array_and_lines_are_told_apart() {
        let pretty = ORDER.replace(',', ",\n  ");
        assert_eq!(read(ORDER).unwrap().orders.len(), 1);
        assert_eq!(read(&format!("\n {pretty} \n")).unwrap().orders.len(), 1);
        assert_eq!(read(&format!("[{ORDER}, {pretty}]")).unwrap().orders.len(), 2);
        assert_eq!(read(&format!("{ORDER}\r\n\n{ORDER}\n{ORDER}")).unwrap().orders.len(), 3);
    }

    #[test]
    fn an_order_keeps_its_bytes() {
        let odd = ORDER.replace(":1,", " : 1 ,");
        let body = format!("[ {odd} ]");
        assert_eq!(read(&body).unwrap().orders[0].1, odd.as_bytes());
    }

    #[test]
    fn a_broken_line_refuses_itself_only() {
        let body = format!("\n{ORDER}\n{{\"orderId\":\n\n{ORDER}\n7");
        let intake = read(&body).unwrap();
        assert_eq!(intake.orders.len(), 2);
        let named = |refused: &Refused| (refused.index, refused.line, refused.first.code);
        let refused: Vec<_> = intake.refused.iter().map(named).collect();
        assert_eq!(refused, [(1, Some(3), Code::InvalidJson), (3, Some(6), Code::WrongType)]);
        let array = read("[{}]").unwrap();
        assert_eq!(array.refused[0].line, None, "an array has no lines of its own");
        assert!(intake.indices().eq([0, 2]));
    }

    #[test]
    fn a_first_line_that_is_broken_needs_the_content_type() {
        let body = format!("{{\"orderId\":\n{ORDER}");
        assert_eq!(read(&body).unwrap_err().problem(), problem::INVALID_JSON);
        let intake = Intake::read(
            body.as_bytes(),
            Some("application/x-ndjson; charset=utf-8"),
            &ApiSettings::default(),
        );
        assert_eq!(intake.unwrap().orders.len(), 1);
    }

    #[test]
    fn content_types_of_json_of_lines_and_of_curl_are_taken_and_no_others() {
        let settings = ApiSettings::default();
        let read = |content_type| Intake::read(ORDER.as_bytes(), Some(content_type), &settings);
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/cloudevents+json",
            "application/x-ndjson",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(read(good).unwrap().orders.len(), 1, "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "text/xml+json",
            "application/xml",
            "multipart/form-data; boundary=x",
            "json",
        ] {
            assert_eq!(read(bad), Err(BodyError::MediaType), "{bad}");
        }
    }

    #[test]
    fn bodies_that_hold_no_orders_are_refused_whole() {
        for (body, code) in [
            ("", "empty_body"),
            (" \n ", "empty_body"),
            ("[]", "empty_body"),
            ("[{},", "invalid_json"),
            ("hello", "invalid_json"),
            ("{\"orderId\":", "invalid_json"),
        ] {
            assert_eq!(read(body).unwrap_err().problem().code, code, "{body:?}");
        }
    }

    #[test]
    fn too_many_orders_are_refused_with_what_was_found() {
        let settings = ApiSettings { max_orders_per_request: 2, ..ApiSettings::default() };
        let fits = format!("[{ORDER},{ORDER}]");
        assert_eq!(Intake::read(fits.as_bytes(), None, &settings).unwrap().orders.len(), 2);
        let many = format!("[{ORDER},{ORDER},{ORDER}]");
        assert_eq!(
            Intake::read(many.as_bytes(), None, &settings).unwrap_err(),
            BodyError::TooManyOrders { found: 3, most: 2 }
        );
    }

    #[test]
    fn an_answer_names_a_bounded_number_of_errors_and_counts_the_others() {
        // Each of these has 51 faults: an item's quantity, fifty times, and the delivery.
        let items = vec![r#"{"orderItemId":1,"sku":"A","quantity":-1}"#; 50].join(",");
        let order = format!(r#"{{"orderId":1,"delivery":"Soon","items":[{items}]}}"#);
        let body = format!("[{}]", vec![order; 30].join(","));
        let refused = read(&body).unwrap().refused;
        assert_eq!(refused.len(), 30, "every order is named");
        assert_eq!(
            refused.iter().map(|refused| refused.others.len()).sum::<usize>(),
            MAX_OTHER_ERRORS
        );
        assert!(refused.iter().all(|refused| refused.others.len() + refused.omitted == 50));
        assert_eq!((refused[0].omitted, refused[29].omitted), (0, 50));
    }
}
