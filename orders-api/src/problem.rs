//! Every error that the HTTP API returns, as problem details (RFC 9457).
//!
//! A code never changes its meaning. `type` points to its example in `docs/openapi.yaml`, which a
//! test checks. Single orders have codes of their own, [`orders::order::Code`].

use http::StatusCode;
use http::header::{self, HeaderName};
use queue::settings::SettingError;
use queue::{Cause, QueueError};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::response::{self, Object, Response, object};

/// A kind of problem. Its name in snake case is the code. Its number is the HTTP status, followed
/// by digits that distinguish the kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs, reason = "docs/openapi.yaml has an example of each")]
#[repr(u16)]
pub enum Problem {
    EmptyBody = 40_001,
    InvalidJson,
    BrokenBody,
    InvalidId,
    InvalidQuery,
    Unauthorized = 40_101,
    CrossSite = 40_301,
    UnknownHost,
    NotFound = 40_401,
    OrderNotFound,
    DeadLetterNotFound,
    StreamNotFound,
    MethodNotAllowed = 40_501,
    RequestTimeout = 40_801,
    NoOrder = 40_901,
    UnknownStream,
    BodyTooLarge = 41_301,
    TooManyOrders,
    UnsupportedMediaType = 41_501,
    InvalidControl = 42_201,
    AllRefused,
    BacklogFull = 42_901,
    Misconfigured = 50_001,
    QueueUnavailable = 50_301,
    QueueLoading,
    QueueReadOnly,
    QueueOutOfMemory,
    QueueRefused,
    QueueOtherFormat,
}

impl Problem {
    /// The HTTP status.
    pub fn status(self) -> u16 {
        self as u16 / 100
    }

    /// The body of an answer; `detail` is for people and repeats no value of an order.
    pub fn body(self, detail: &str) -> Object {
        let code: &str = self.into();
        let title = format!("{}{}", code[..1].to_ascii_uppercase(), code[1..].replace('_', " "));
        let kind = format!("/openapi.json#/components/examples/{code}");
        object!({ "type": kind, "title": title, "status": self.status(), "code": code,
            "detail": detail })
    }
}

/// A problem as the answer to one request.
#[derive(Debug)]
pub struct Refusal(Box<Response>);

impl Refusal {
    pub(crate) fn new(problem: Problem, detail: &str) -> Self {
        Self::with_body(problem, &problem.body(detail))
    }

    /// With a body that has further members.
    pub(crate) fn with_body(problem: Problem, body: &Object) -> Self {
        let status = StatusCode::from_u16(problem.status()).unwrap_or_default();
        let response = Self(Box::new(response::json(status, body)));
        response.with_header(header::CONTENT_TYPE, "application/problem+json")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(Problem::NotFound, "there is nothing at this path")
    }

    pub(crate) fn with_header(self, name: HeaderName, value: &'static str) -> Self {
        Self(Box::new(response::with_header(*self.0, name, value)))
    }

    pub(crate) fn into_response(self) -> Response {
        *self.0
    }
}

impl From<SettingError> for Refusal {
    fn from(error: SettingError) -> Self {
        eprintln!("{error}");
        Self::new(Problem::Misconfigured, "the log names the variable")
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        eprintln!("{error}");
        // A test checks that each cause has a problem with its code.
        let code: &str = error.cause.into();
        let problem = code.parse().unwrap_or(Problem::QueueRefused);
        let detail = match error.cause {
            Cause::Unavailable | Cause::UnexpectedReply => "it is safe to send the request again",
            _ => "nothing was changed; the log has the reason",
        };
        Self::new(problem, detail).with_header(header::RETRY_AFTER, "1")
    }
}
