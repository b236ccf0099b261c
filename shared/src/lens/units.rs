//! Rounding of what is printed, and angles in degrees.
//!
//! All arithmetic before it is addition, multiplication, division, square root (exact by IEEE 754) and `libm`, whose
//! code is the same in Wasm and natively: so the rounded figures are the same everywhere.

/// `value` to the hundredth, half away from zero; never a negative zero.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

/// `value` to the tenth, half away from zero; never a negative zero.
pub(super) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// `value` to the quarter, half away from zero; never a negative zero.
pub(super) fn quarters(value: f64) -> f64 {
    (value * 4.0).round() / 4.0 + 0.0
}

/// Sine and cosine of an angle in degrees.
pub(super) fn sin_cos_degrees(degrees: f64) -> (f64, f64) {
    libm::sincos(degrees.to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero_and_zero_has_no_sign() {
        assert_eq!((quarters(0.125), quarters(-0.125), quarters(0.12)), (0.25, -0.25, 0.0));
        assert_eq!((hundredths(1.005_000_1), tenths(-0.25)), (1.01, -0.3));
        for zero in [hundredths(-0.001), tenths(-0.01), quarters(-0.1), hundredths(-0.0)] {
            assert!(zero.is_sign_positive());
        }
    }
}
