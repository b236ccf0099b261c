use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<String, AmountError> {
    amount(text).map(|amount| amount.normalize().to_string())
}

#[test]
fn the_value_counts_and_not_the_notation() {
    for text in
        ["100", "100.00", "1e2", "1E+2", "10000e-2", "0.1e3", "100.0000000000000000000000000000"]
    {
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
    for text in ["1e400", "123456789012345678901234567890", "1e99999999999999999999", "10000000000"]
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
    fn amounts_are_those_of_the_decimal_library(
        (scale, mantissa) in prop_oneof![
            (0u32..=10, 0i128..=10_000_000_000_000_000_000),
            // About the limit.
            (0u32..=10).prop_flat_map(|scale| {
                (Just(scale), 0..=2 * i128::from(MAX_AMOUNT) * 10i128.pow(scale))
            }),
        ]
    ) {
        let expected = Decimal::from_i128_with_scale(mantissa, scale);
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
