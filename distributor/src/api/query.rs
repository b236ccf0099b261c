//! The part of a URL behind the question mark. Errors name the parameter and never repeat its value.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;
use shared::problem;
use spin_sdk::http::Response;

/// More parameters than any list has: with so many, one must be there twice or unknown, and no time is lost on them.
const MOST: usize = 16;

/// Name and value of each parameter, or that one came twice: which of the two is meant, nobody can say.
pub(super) fn parameters(query: &str) -> Result<Vec<(&str, String)>, String> {
    let mut parameters = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if parameters.len() == MOST || parameters.iter().any(|(known, _)| *known == name) {
            return Err("expected each parameter once".into());
        }
        // A blank may come as a plus.
        let value = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// A value that is not empty.
pub(super) fn text(name: &str, value: String) -> Result<String, String> {
    if value.is_empty() { Err(format!("{name}: expected a value")) } else { Ok(value) }
}

/// A value that is a number in its range.
pub(super) fn number(name: &str, value: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if is_digits && range.contains(&number) => Ok(number),
        _ => Err(format!(
            "{name}: expected a whole number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// The parameter that continues a list, as `parse` reads it, or the refusal of one that it does not know.
pub(super) fn cursor<T>(
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Response> {
    let refusal = || {
        spin_shell::problem(problem::INVALID_QUERY, "cursor: expected what \"next\" said")
            .into_response()
    };
    text.map(|text| parse(text).ok_or_else(refusal)).transpose()
}
