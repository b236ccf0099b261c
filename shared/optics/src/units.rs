//! Rounding of printed figures, and angles in degrees.
//!
//! All arithmetic before the rounding is addition, multiplication, division, square root (exact by
//! IEEE 754) and `libm`, whose code is the same in Wasm and natively. So the rounded figures are
//! the same everywhere.

/// `value` to the hundredth, half away from zero; never a negative zero.
pub(crate) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

/// `value` to the tenth, half away from zero; never a negative zero.
pub(crate) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// `value` to the quarter, half away from zero; never a negative zero.
pub(crate) fn quarters(value: f64) -> f64 {
    (value * 4.0).round() / 4.0 + 0.0
}

/// Sine and cosine of an angle in degrees.
pub(crate) fn sin_cos_degrees(degrees: f64) -> (f64, f64) {
    libm::sincos(degrees.to_radians())
}

#[cfg(test)]
mod tests;
