//! Values of flags. Each error says what is expected; clap names the flag.

use std::time::Duration;

/// Maximum of a flag's time: a longer one is a mistake.
const MAX_DURATION: Duration = Duration::from_hours(366 * 24);
/// In orders a second: more than any Redis takes.
pub(crate) const MAX_RATE: f64 = 1_000_000.0;

/// A time above zero, as `30s`, `5m` or `8h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if !duration.is_zero() && duration <= MAX_DURATION => Ok(duration),
        _ => Err("expected a time such as 30s, 5m or 8h, above zero and at most a year".into()),
    }
}

/// As [`duration`], or zero.
pub(crate) fn duration_or_zero(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= MAX_DURATION => Ok(duration),
        _ => Err("expected a time such as 0s, 5m or 8h, at most a year".into()),
    }
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

pub(crate) fn rate(text: &str) -> Result<f64, String> {
    positive(text, " orders a second")
}

/// A factor, as `60` or `60x`.
pub(crate) fn factor(text: &str) -> Result<f64, String> {
    positive(text.strip_suffix('x').unwrap_or(text), ", such as 60x")
}

fn positive(text: &str, unit: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= MAX_RATE => Ok(number),
        _ => Err(format!("expected a number above 0, and at most {MAX_RATE}{unit}")),
    }
}

pub(crate) fn http_url(text: &str) -> Result<String, String> {
    match text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected a URL such as http://127.0.0.1:3000".into()),
    }
}

#[cfg(test)]
mod tests;
