//! Amounts of money: decimal notation, read digit by digit so that nothing is rounded on the way.

use rust_decimal::Decimal;

use super::limits::{MAX_AMOUNT, MAX_AMOUNT_SCALE};

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountError {
    /// It is not written as JSON writes numbers.
    NotANumber,
    /// Negative, or above [`MAX_AMOUNT`].
    OutOfRange,
    /// Its value has more than [`MAX_AMOUNT_SCALE`] digits after the point.
    TooFine,
}

/// A number in the notation of JSON, as the digits it is made of.
struct Notation<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// Powers of ten; exponents beyond any amount are cut off, where they change nothing any more.
    exponent: i64,
}

/// Reads an amount, exactly.
///
/// Its value counts, not its notation: `1e2`, `100.00` and `100` are the same, trailing zeros make no amount too fine.
pub(super) fn amount(text: &str) -> Result<Decimal, AmountError> {
    let number = Notation::of(text).ok_or(AmountError::NotANumber)?;
    let digits = || number.whole.bytes().chain(number.fraction.bytes());
    let n_digits = number.whole.len() + number.fraction.len();
    // The number is 0.d1d2d3... times ten to the power of `point`, where d1 and the last digit are not zero.
    let Some(first) = digits().position(|digit| digit != b'0') else { return Ok(Decimal::ZERO) };
    if number.is_negative {
        return Err(AmountError::OutOfRange);
    }
    let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
    let point = number.whole.len() as i64 - first as i64 + number.exponent;
    let significant = (n_digits - first - trailing) as i64;
    if point > MAX_WHOLE_DIGITS {
        return Err(AmountError::OutOfRange);
    }
    let scale = significant - point;
    if scale > MAX_AMOUNT_SCALE as i64 {
        return Err(AmountError::TooFine);
    }
    // At most ten digits stand before the point and ten after it: 20 digits fit an i128 many times over.
    let mantissa = digits()
        .skip(first)
        .take(significant as usize)
        .fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let (mantissa, scale) = match u32::try_from(scale) {
        Ok(scale) => (mantissa, scale),
        Err(_) => (mantissa * 10i128.pow(scale.unsigned_abs() as u32), 0),
    };
    let amount = Decimal::from_i128_with_scale(mantissa, scale);
    if amount > Decimal::from(MAX_AMOUNT) { Err(AmountError::OutOfRange) } else { Ok(amount) }
}

/// Digits before the point of [`MAX_AMOUNT`].
const MAX_WHOLE_DIGITS: i64 = MAX_AMOUNT.ilog10() as i64 + 1;

impl<'a> Notation<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        if !is_digits(whole) || has_leading_zero || !fraction.is_none_or(is_digits) {
            return None;
        }
        Some(Self { is_negative, whole, fraction: fraction.unwrap_or_default(), exponent })
    }
}

fn read_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => (-1, digits),
        Some(digits) => (1, digits),
        None => (1, text),
    };
    if !is_digits(digits) {
        return None;
    }
    // An order has fewer than 10^6 digits, so no mantissa brings an exponent of 10^9 back to an amount.
    Some(sign * digits.parse().unwrap_or(i64::MAX).min(1_000_000_000))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, AmountError> {
        amount(text).map(|amount| amount.normalize().to_string())
    }

    #[test]
    fn the_value_counts_and_not_the_notation() {
        for text in [
            "100",
            "100.00",
            "1e2",
            "1E+2",
            "10000e-2",
            "0.1e3",
            "100.0000000000000000000000000000",
        ] {
            assert_eq!(read(text).as_deref(), Ok("100"), "{text}");
        }
        for text in ["0", "-0", "0.00", "-0e5", "0e999999999999999999999", "0E-400"] {
            let zero = amount(text).unwrap();
            assert!(zero.is_zero() && zero.is_sign_positive() && zero.scale() == 0, "{text}");
        }
    }

    #[test]
    fn the_limits_are_part_of_the_range() {
        assert_eq!(read("1000000000").as_deref(), Ok("1000000000"));
        assert_eq!(read("999999999.9999999999").as_deref(), Ok("999999999.9999999999"));
        assert_eq!(read("1000000000.0000000001"), Err(AmountError::OutOfRange));
        assert_eq!(read("0.0000000001").as_deref(), Ok("0.0000000001"));
        assert_eq!(read("1e-10").as_deref(), Ok("0.0000000001"));
        assert_eq!(read("1e-11"), Err(AmountError::TooFine));
        assert_eq!(read("0.00000000001"), Err(AmountError::TooFine));
        assert_eq!(read("-0.01"), Err(AmountError::OutOfRange));
    }

    #[test]
    fn huge_numbers_are_out_of_range_and_tiny_ones_too_fine() {
        for text in
            ["1e400", "123456789012345678901234567890", "1e99999999999999999999", "10000000000"]
        {
            assert_eq!(read(text), Err(AmountError::OutOfRange), "{text}");
        }
        for text in ["1e-400", "1e-99999999999999999999", "0.33333333333333333333333333333333333"] {
            assert_eq!(read(text), Err(AmountError::TooFine), "{text}");
        }
    }

    #[test]
    fn other_notations_are_no_numbers() {
        for text in [
            "", " 1", "1 ", "+1", "01", ".5", "5.", "1_000", "1,5", "1.2.3", "e5", "1e", "1e+",
            "1e5.0", "0x10", "NaN", "Infinity", "--1", "-", "١", "1e1e1",
        ] {
            assert_eq!(read(text), Err(AmountError::NotANumber), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn amounts_are_those_of_the_decimal_library(mantissa in 0u64..=10_000_000_000_000_000_000, scale in 0u32..=10) {
            let expected = Decimal::from_i128_with_scale(mantissa.into(), scale);
            let outcome = amount(&expected.to_string());
            if expected <= Decimal::from(MAX_AMOUNT) {
                prop_assert_eq!(outcome, Ok(expected));
            } else {
                prop_assert_eq!(outcome, Err(AmountError::OutOfRange));
            }
        }

        #[test]
        fn any_text_is_an_amount_or_none(text in "[-+0-9.eE]{0,12}") {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(amount(&text) != Err(AmountError::NotANumber), is_json, "{}", text);
        }
    }
}
