//! The port to Redis: one command out, one flat list back.

use crate::error::QueueError;

/// Carries a command to Redis.
pub trait Execute {
    /// Sends one command and waits for its reply, nested replies flattened into one list; empty
    /// arrays vanish.
    ///
    /// # Errors
    /// When there is no connection, or the server answers with an error.
    fn execute(
        &mut self,
        command: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Vec<Value>, ExecuteError>;
}

/// One argument of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument<'a> {
    /// Bytes, binary safe.
    Bytes(&'a [u8]),
    /// A number, sent as decimal text.
    Int(i64),
}

/// One element of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nil. Hosts differ in whether they keep it in a list, so no script here returns it.
    Nil,
    /// A status such as `OK`.
    Status(String),
    /// A number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The error of a command, as the text of the host or server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExecuteError(pub String);

impl ExecuteError {
    /// Whether the server does not have the script. Spin passes on only a text, so the text
    /// decides.
    pub(crate) fn is_unknown_script(&self) -> bool {
        self.0.contains("No matching script")
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(text: &'a String) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Argument<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Argument<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Argument<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

/// Reads a flat reply element by element.
pub(crate) struct Reply {
    what: &'static str,
    values: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(crate) fn new(what: &'static str, values: Vec<Value>) -> Self {
        Self { what, values: values.into_iter() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.len() == 0
    }

    pub(crate) fn value(&mut self) -> Result<Value, QueueError> {
        self.values.next().ok_or_else(|| self.unexpected("a value", None))
    }

    pub(crate) fn int(&mut self) -> Result<i64, QueueError> {
        match self.values.next() {
            Some(Value::Int(number)) => Ok(number),
            other => Err(self.unexpected("a number", other.as_ref())),
        }
    }

    pub(crate) fn count(&mut self) -> Result<u64, QueueError> {
        Ok(u64::try_from(self.int()?).unwrap_or(0))
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, QueueError> {
        match self.values.next() {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            Some(Value::Status(text)) => Ok(text.into_bytes()),
            other => Err(self.unexpected("bytes", other.as_ref())),
        }
    }

    /// Text. Any producer may have written it, so bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&mut self) -> Result<String, QueueError> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Text that is not empty.
    pub(crate) fn optional(&mut self) -> Result<Option<String>, QueueError> {
        Ok(Some(self.text()?).filter(|text| !text.is_empty()))
    }

    pub(crate) fn unexpected(&self, expected: &str, found: Option<&Value>) -> QueueError {
        QueueError::unexpected(self.what, expected, found)
    }
}
