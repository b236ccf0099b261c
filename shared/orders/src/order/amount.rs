//! Amounts of money: decimal notation, read digit by digit so that nothing is rounded.

use rust_decimal::Decimal;
use serde::de::IgnoredAny;

use super::limits::{MAX_AMOUNT, MAX_AMOUNT_SCALE};

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountError {
    /// It is not a JSON number.
    NotANumber,
    /// Negative, or above [`MAX_AMOUNT`].
    OutOfRange,
    /// Its value has more than [`MAX_AMOUNT_SCALE`] digits after the point.
    TooFine,
}

/// Digits before the point of [`MAX_AMOUNT`].
const MAX_WHOLE_DIGITS: i64 = MAX_AMOUNT.ilog10() as i64 + 1;
/// An order has fewer than 10^6 digits, so with this exponent no mantissa makes an amount.
const MAX_EXPONENT: i64 = 1_000_000_000;

/// Reads an amount, exactly.
///
/// The value counts, not the notation: `1e2`, `100.00` and `100` are the same, and trailing zeros
/// never make an amount too fine.
pub(super) fn amount(text: &str) -> Result<Decimal, AmountError> {
    if !is_json_number(text) {
        return Err(AmountError::NotANumber);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let limit = if exponent.starts_with('-') { -MAX_EXPONENT } else { MAX_EXPONENT };
    let exponent = exponent.parse().unwrap_or(limit).clamp(-MAX_EXPONENT, MAX_EXPONENT);
    let (signed, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = signed.trim_start_matches('-');
    let digits = || whole.bytes().chain(fraction.bytes());
    // The number is 0.d1d2d3... times ten to the power of `point`; d1 and the last digit are not 0.
    let Some(first) = digits().position(|digit| digit != b'0') else { return Ok(Decimal::ZERO) };
    let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
    let point = whole.len() as i64 - first as i64 + exponent;
    if signed.starts_with('-') || point > MAX_WHOLE_DIGITS {
        return Err(AmountError::OutOfRange);
    }
    let significant = digits().count() - first - trailing;
    let scale = significant as i64 - point;
    if scale > MAX_AMOUNT_SCALE as i64 {
        return Err(AmountError::TooFine);
    }
    // At most ten digits before the point and ten after it: an i128 holds 20 digits.
    let mantissa = digits()
        .skip(first)
        .take(significant)
        .fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let amount = match u32::try_from(scale) {
        Ok(scale) => Decimal::from_i128_with_scale(mantissa, scale),
        Err(_) => Decimal::from(mantissa * 10i128.pow(scale.unsigned_abs() as u32)),
    };
    if amount > Decimal::from(MAX_AMOUNT) { Err(AmountError::OutOfRange) } else { Ok(amount) }
}

/// Without white space around it.
fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests;
