use super::*;

#[test]
fn figures_keep_three_digits_and_their_unit() {
    let cases =
        [(0.0, "0 ms"), (0.5, "0.50 ms"), (12.34, "12.3 ms"), (203.4, "203 ms"), (999.0, "999 ms")];
    for (ms, expected) in cases {
        assert_eq!(time(ms), expected);
    }
    assert_eq!(time(1_350.0), "1.35 s");
    assert_eq!(time(150_000.0), "2.50 min");
    assert_eq!(time(7_200_000.0), "2.00 h");
    for (ms, expected) in [
        (0.0, "0 ms"),
        (0.5, "0.5 ms"),
        (60_000.0, "60 s"),
        (100.0, "100 ms"),
        (150_000.0, "2.5 min"),
    ] {
        assert_eq!(chosen_time(ms), expected);
    }
    assert_eq!(rate(22_300.4), "22,300 orders/s");
    assert_eq!(rate(12.5), "12.5 orders/s");
}

#[test]
fn thousands_are_grouped() {
    for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(count(number), expected);
    }
    assert_eq!((orders(1), orders(0)), ("1 order".into(), "0 orders".into()));
}

#[test]
fn ticks_are_short() {
    for (value, expected) in [(0.2, "0.2"), (5_000.0, "5000"), (20_000.0, "20k"), (2.5e6, "2.5M")] {
        assert_eq!(short(value), expected);
    }
}

#[test]
fn text_of_others_cannot_move_the_cursor() {
    assert_eq!(harmless("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
}
