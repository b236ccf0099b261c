use super::*;

#[test]
fn halves_go_away_from_zero_and_zero_has_no_sign() {
    assert_eq!((quarters(0.125), quarters(-0.125), quarters(0.12)), (0.25, -0.25, 0.0));
    assert_eq!((hundredths(1.005_000_1), tenths(-0.25)), (1.01, -0.3));
    for zero in [hundredths(-0.001), tenths(-0.01), quarters(-0.1), hundredths(-0.0)] {
        assert!(zero.is_sign_positive());
    }
}
