//! What is answered to a request: JSON, or problem details (RFC 9457) for everything that is said no to.

use serde::Serialize;
use shared::problem::{MEDIA_TYPE, METHOD_NOT_ALLOWED, Nothing, Problem};
use spin_sdk::http::Response;

/// An answer that can take headers before it is sent.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// An answer with this JSON.
pub fn json_response(status: u16, body: &impl Serialize) -> Answer {
    of_json(status, "application/json", body)
}

/// An answer that says no; `detail` says what it is about this time, and repeats no value of an order.
pub fn problem(problem: Problem, detail: &str) -> Answer {
    problem_with(problem, detail, Nothing {})
}

/// As [`problem`], with further members.
pub fn problem_with(problem: Problem, detail: &str, extra: impl Serialize) -> Answer {
    of_json(problem.status, MEDIA_TYPE, &problem.body(detail, extra))
}

/// 405, with the methods that this path has.
pub fn method_not_allowed(allowed: &str) -> Response {
    problem(METHOD_NOT_ALLOWED, &format!("allowed here: {allowed}"))
        .with_header("allow", allowed)
        .into_response()
}

/// What `OPTIONS` is answered with: 204 and the methods that this path has.
pub fn options(allowed: &str) -> Response {
    Answer::without_body(204).with_header("allow", allowed).into_response()
}

fn of_json(status: u16, media_type: &str, body: &impl Serialize) -> Answer {
    // What is answered here has text keys only, so there is always a JSON form.
    Answer::new(status, media_type, serde_json::to_vec(body).unwrap_or_default())
}

impl Answer {
    /// An answer with this body.
    pub fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", media_type.to_owned())], body: body.into() }
    }

    /// An answer that has none.
    pub fn without_body(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The body, as it will be sent.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The answer with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer as it is.
    pub fn into_response(self) -> Response {
        let mut builder = Response::builder();
        builder.status(self.status);
        for (name, value) in self.headers {
            builder.header(name, value);
        }
        builder.body(self.body).build()
    }
}
