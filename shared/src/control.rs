//! The body of `PUT /control/{stream}`: what somebody wants to become of a stream.
//!
//! ```json
//! { "paused": true, "reason": "the oven is cleaned", "by": "Ada", "forS": 3600 }
//! ```
//!
//! `by` and `forS` may be left out; `{ "paused": false }` resumes and takes nothing else. All faults are told at once, each with the path
//! of its field.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::order::{Code, OrderError};
use crate::queue::{MAX_PAUSE_S, Pause, PauseRequest, Remark};

/// What a stream is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Let its orders wait.
    Pause(PauseRequest),
    /// Go on.
    Resume,
}

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlError {
    /// It is no JSON; where, without repeating the text.
    NotJson(String),
    /// What is wrong with its fields, at least one fault.
    Fields(Vec<OrderError>),
}

/// Whether a stream is paused, as it is told to a user: `paused`, and beside it what a [`Pause`] has.
#[derive(Debug, Serialize)]
pub struct ControlState<'a> {
    paused: bool,
    #[serde(flatten)]
    pause: Option<&'a Pause>,
}

impl<'a> From<Option<&'a Pause>> for ControlState<'a> {
    fn from(pause: Option<&'a Pause>) -> Self {
        Self { paused: pause.is_some(), pause }
    }
}

impl Control {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON object, or a field of it is absent, wrong or unknown.
    pub fn read(body: &[u8]) -> Result<Self, ControlError> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| ControlError::NotJson(place(&error)))?;
        let Value::Object(fields) = value else {
            return Err(ControlError::Fields(vec![fault(
                Code::WrongType,
                "$",
                "expected an object",
            )]));
        };
        let mut fields = Fields { fields, faults: Vec::new() };
        let paused = fields.paused();
        let reason = fields.remark("reason");
        let by = fields.remark("by");
        let for_s = fields.for_s();
        fields.refuse_others();
        match paused {
            Some(true) if reason.is_none() && !fields.has_fault_at("$.reason") => {
                fields.add(Code::MissingField, "$.reason", "a pause needs a reason");
            }
            Some(false) if reason.is_some() || by.is_some() || for_s.is_some() => {
                fields.add(Code::Inconsistent, "$", "to resume, paused stands alone");
            }
            _ => {}
        }
        match (paused, reason) {
            _ if !fields.faults.is_empty() => Err(ControlError::Fields(fields.faults)),
            (Some(true), Some(reason)) => Ok(Self::Pause(PauseRequest { reason, by, for_s })),
            _ => Ok(Self::Resume),
        }
    }
}

/// The fields that were not looked at yet, and the faults of those that were.
struct Fields {
    fields: Map<String, Value>,
    faults: Vec<OrderError>,
}

impl Fields {
    /// A field, which is taken out; null is as good as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    fn add(&mut self, code: Code, path: &str, message: &str) {
        self.faults.push(fault(code, path, message));
    }

    fn has_fault_at(&self, path: &str) -> bool {
        self.faults.iter().any(|fault| fault.path == path)
    }

    fn paused(&mut self) -> Option<bool> {
        match self.take("paused") {
            Some(Value::Bool(paused)) => return Some(paused),
            Some(_) => self.add(Code::WrongType, "$.paused", "expected true or false"),
            None => self.add(Code::MissingField, "$.paused", "expected true or false"),
        }
        None
    }

    fn remark(&mut self, name: &str) -> Option<Remark> {
        let path = format!("$.{name}");
        match self.take(name)? {
            Value::String(text) => match text.parse() {
                Ok(remark) => return Some(remark),
                Err(message) => self.add(Code::InvalidLength, &path, message),
            },
            _ => self.add(Code::WrongType, &path, "expected a text"),
        }
        None
    }

    fn for_s(&mut self) -> Option<u32> {
        let expected = format!("expected a whole number of seconds from 1 to {MAX_PAUSE_S}");
        match self.take("forS")? {
            Value::Number(number) => {
                let seconds = number.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
                if let Some(seconds) = seconds.filter(|seconds| (1..=MAX_PAUSE_S).contains(seconds))
                {
                    return Some(seconds);
                }
                self.add(Code::OutOfRange, "$.forS", &expected);
            }
            _ => self.add(Code::WrongType, "$.forS", &expected),
        }
        None
    }

    /// A field that was meant to be another one must not pass unseen: a pause without its end, say.
    fn refuse_others(&mut self) {
        if !self.fields.is_empty() {
            self.add(
                Code::UnknownValue,
                "$",
                "expected no other fields than paused, reason, by and forS",
            );
        }
    }
}

fn fault(code: Code, path: &str, message: &str) -> OrderError {
    OrderError { code, path: path.into(), message: message.into() }
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_pauses_or_resumes() {
        let request = |reason: &str, by: Option<&str>, for_s| {
            let (reason, by) = (reason.parse().unwrap(), by.map(|by| by.parse().unwrap()));
            Control::Pause(PauseRequest { reason, by, for_s })
        };
        for (body, expected) in [
            (r#"{"paused":false}"#, Control::Resume),
            (r#"{"paused":false,"reason":null,"by":null,"forS":null}"#, Control::Resume),
            (r#"{"paused":true,"reason":" the oven "}"#, request("the oven", None, None)),
            (
                r#"{"forS":31536000,"by":"Zoë","reason":"x","paused":true}"#,
                request("x", Some("Zoë"), Some(31_536_000)),
            ),
            (r#"{"paused":true,"reason":"x","forS":1}"#, request("x", None, Some(1))),
        ] {
            assert_eq!(Control::read(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn every_fault_of_a_body_is_told_with_the_path_of_its_field() {
        let long = format!(r#"{{"paused":true,"reason":"{}"}}"#, "x".repeat(201));
        for (body, expected) in [
            ("{}", &["missing_field $.paused"][..]),
            ("[]", &["wrong_type $"]),
            ("true", &["wrong_type $"]),
            (r#"{"paused":true}"#, &["missing_field $.reason"]),
            (r#"{"paused":null,"reason":"x"}"#, &["missing_field $.paused"]),
            (r#"{"paused":"true","reason":7}"#, &["wrong_type $.paused", "wrong_type $.reason"]),
            (r#"{"paused":true,"reason":" "}"#, &["invalid_length $.reason"]),
            (r#"{"paused":true,"reason":"a\u001b[2Jb"}"#, &["invalid_length $.reason"]),
            (&long, &["invalid_length $.reason"]),
            (r#"{"paused":true,"reason":"x","by":""}"#, &["invalid_length $.by"]),
            (r#"{"paused":true,"reason":"x","forS":0}"#, &["out_of_range $.forS"]),
            (r#"{"paused":true,"reason":"x","forS":31536001}"#, &["out_of_range $.forS"]),
            (r#"{"paused":true,"reason":"x","forS":1.5}"#, &["out_of_range $.forS"]),
            (r#"{"paused":true,"reason":"x","forS":-1}"#, &["out_of_range $.forS"]),
            (r#"{"paused":true,"reason":"x","forS":"60"}"#, &["wrong_type $.forS"]),
            (r#"{"paused":true,"reason":"x","for_s":60}"#, &["unknown_value $"]),
            (r#"{"paused":false,"reason":"x"}"#, &["inconsistent $"]),
            (r#"{"paused":false,"forS":60}"#, &["inconsistent $"]),
        ] {
            let Err(ControlError::Fields(faults)) = Control::read(body.as_bytes()) else {
                panic!("{body} was taken")
            };
            let found: Vec<String> =
                faults.iter().map(|fault| format!("{} {}", fault.code, fault.path)).collect();
            assert_eq!(found, expected, "{body}");
        }
        for body in ["", "{", "paused", "{\"paused\":true}x", "\u{feff}{}"] {
            assert!(
                matches!(Control::read(body.as_bytes()), Err(ControlError::NotJson(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_state_is_told_flat() {
        let pause = Pause { since_ms: 0, reason: "r".into(), by: None, until_ms: None };
        let told =
            |pause: Option<&Pause>| serde_json::to_string(&ControlState::from(pause)).unwrap();
        assert_eq!(told(None), r#"{"paused":false}"#);
        assert_eq!(
            told(Some(&pause)),
            r#"{"paused":true,"since":"1970-01-01T00:00:00.000Z","reason":"r"}"#
        );
    }
}
