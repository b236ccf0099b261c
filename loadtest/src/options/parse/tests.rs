use super::*;

#[test]
fn durations_have_units_and_are_neither_zero_nor_longer_than_a_year() {
    assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
    assert_eq!(duration("8h"), Ok(Duration::from_hours(8)));
    for wrong in ["", "0s", "-1s", "30", "soon", "400days"] {
        assert!(duration(wrong).unwrap_err().contains("30s, 5m or 8h"), "{wrong}");
    }
    assert_eq!(duration_or_zero("0s"), Ok(Duration::ZERO));
}

#[test]
fn a_factor_may_have_its_sign() {
    assert_eq!((factor("60x"), factor("1.5")), (Ok(60.0), Ok(1.5)));
    for wrong in ["x", "0x", "-2", "NaN", "inf", "60xx"] {
        assert!(factor(wrong).is_err(), "{wrong}");
    }
}
