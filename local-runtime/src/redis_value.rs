//! Redis replies and errors as Spin hands them to a component.
//!
//! Components recognise some errors by text, such as a missing script. So the texts are those of
//! Spin's client.

use redis::{RedisError, ServerError, ServerErrorKind, Value};

use crate::bindings::fermyon::spin2_0_0::redis::{Error, RedisResult};

/// Flattens a reply into one list. Nested arrays are expanded, and empty ones disappear. An error
/// inside the reply is an error. So is a type without a `redis-result`, such as a map.
pub(crate) fn flatten(value: Value) -> Result<Vec<RedisResult>, Error> {
    let mut results = Vec::new();
    append(value, &mut results)?;
    Ok(results)
}

fn append(value: Value, results: &mut Vec<RedisResult>) -> Result<(), Error> {
    match value {
        Value::Nil => results.push(RedisResult::Nil),
        Value::Int(number) => results.push(RedisResult::Int64(number)),
        Value::BulkString(bytes) => results.push(RedisResult::Binary(bytes)),
        Value::SimpleString(status) => results.push(RedisResult::Status(status)),
        Value::Okay => results.push(RedisResult::Status("OK".to_owned())),
        Value::Array(values) | Value::Set(values) => {
            results.reserve(values.len());
            for value in values {
                append(value, results)?;
            }
        }
        // The types below appear only after a component switches its connection to RESP3.
        Value::Double(number) => results.push(RedisResult::Binary(number.to_string().into_bytes())),
        Value::Boolean(truth) => results.push(RedisResult::Int64(i64::from(truth))),
        Value::BigNumber(digits) => results.push(RedisResult::Binary(digits)),
        Value::ServerError(error) => return Err(Error::Other(server_error(&error))),
        Value::Map(_) => return Err(unsupported("Map type is")),
        Value::Attribute { .. } => return Err(unsupported("Attribute type is")),
        Value::VerbatimString { .. } => return Err(unsupported("string with format attribute is")),
        Value::Push { .. } => return Err(unsupported("Pub/Sub types are")),
        _ => return Err(unsupported("reply is")),
    }
    Ok(())
}

fn unsupported(what: &str) -> Error {
    Error::Other(format!(
        "Could not convert Redis response - TypeError: Redis {what} not supported"
    ))
}

/// The failure of a command or a connection, as a component sees it.
pub(crate) fn error(error: RedisError) -> Error {
    match ServerError::try_from(error) {
        Ok(error) => Error::Other(server_error(&error)),
        Err(error) => Error::Other(error.to_string()),
    }
}

fn server_error(error: &ServerError) -> String {
    use ServerErrorKind as Kind;
    let signalled = "An error was signalled by the server";
    let text = match error.kind() {
        Some(kind @ (Kind::ExecAbort | Kind::BusyLoading | Kind::NoScript)) => {
            format!("{signalled} - {kind:?}Error")
        }
        // Spin's client passes on a code that it does not know.
        None | Some(Kind::NoSub | Kind::NoPerm) => error.code().to_owned(),
        Some(kind) => format!("{signalled} - {kind:?}"),
    };
    match error.details() {
        Some(details) => format!("{text}: {details}"),
        None => text,
    }
}
