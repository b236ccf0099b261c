use super::*;

fn a_day(lines: &str) -> Day {
    Day::parse(&format!("{HEADER}\n{lines}")).expect("a good day")
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{found} instead of {expected}"
    );
}

fn why(text: &str) -> String {
    format!("{:#}", Day::parse(text).expect_err("a bad day"))
}

#[test]
fn a_constant_rate_gives_rate_times_time() {
    let day = a_day("07:30,60");
    assert_close(day.total(), 86_400.0);
    assert_close(day.peak(), 60.0);
    for at_s in [0.0, 0.5, 27_000.0, 86_399.0, 86_400.0] {
        assert_close(day.orders_per_minute(at_s), 60.0);
    }
}

#[test]
fn a_ramp_gives_the_area_of_its_triangle() {
    // From 0 at 10:00 to 600 a minute at 10:10 and back to 0 at 10:30: 600 * 30 / 2 = 9000
    // orders.
    let day = a_day("10:00,0\n10:10,600\n10:30,0\n");
    assert_close(day.total(), 9_000.0);
    assert_close(day.peak(), 600.0);
    // After 4 minutes up, and ten minutes before the end.
    assert_close(day.orders_per_minute(36_240.0), 240.0);
    assert_close(day.orders_per_minute(37_200.0), 300.0);
    assert_close(day.orders_per_minute(80_000.0), 0.0);
}

#[test]
fn the_line_goes_on_past_midnight() {
    // From 23:00 to 01:00 the rate rises from 0 to 120: 60 at midnight, 60 * 60 / 2 = 1800
    // orders before and 5400 after it.
    let day = a_day("01:00,120\n01:01,0\n23:00,0\n");
    assert_close(day.orders_per_minute(0.0), 60.0);
    assert_close(day.orders_per_minute(SECONDS_PER_DAY), 60.0);
    // And 60 in the minute in which it falls back to 0.
    assert_close(day.total(), 5_400.0 + 60.0 + 1_800.0);
}

#[test]
fn a_day_without_orders_is_a_day() {
    let day = a_day("00:00,0");
    assert_close(day.total(), 0.0);
    assert_close(day.peak(), 0.0);
}

#[test]
fn the_checked_in_day_sleeps_at_night_and_peaks_as_the_reference_does() {
    let day = Day::of_flag(None, "--curve").expect("a good day");
    assert_close(day.peak(), 10_000.0);
    for at_s in [0.0, 3.0 * 3_600.0, 7.0 * 3_600.0, 20.0 * 3_600.0, 23.0 * 3_600.0] {
        assert_close(day.orders_per_minute(at_s), 0.0);
    }
}

#[test]
fn comments_spaces_and_the_marks_of_spreadsheets_are_skipped() {
    let day = Day::parse(
        "\u{feff}# invented\r\n\r\ntime,orders_per_minute\r\n00:00, 5\r\n # noon\r\n12:00 ,5\r\n",
    );
    assert_eq!(day.expect("a good day").knots.len(), 3);
}

#[test]
fn what_is_wrong_is_reported_with_its_line() {
    let in_line_3 = |line: &str| why(&format!("# a day\n{HEADER}\n{line}\n"));
    for time in ["24:00", "12:60", "1:00", "noon", "+1:00", "12:00:00", ""] {
        let why = in_line_3(&format!("{time},1"));
        assert!(why.starts_with("line 3: time: expected HH:MM"), "{time}: {why}");
    }
    for rate in ["-1", "NaN", "inf", "1e300", "60000001", "many", "", "1,2"] {
        let why = in_line_3(&format!("12:00,{rate}"));
        assert!(why.starts_with("line 3: orders_per_minute: expected a number"), "{rate}: {why}");
    }
    assert_eq!(in_line_3("12:00"), "line 3: expected a time, a comma and a rate");
}

#[test]
fn times_must_rise() {
    for second in ["10:00", "09:59"] {
        let why = why(&format!("{HEADER}\n10:00,1\n{second},2\n"));
        assert_eq!(why, "line 3: time: expected a later time than in the line before");
    }
}

#[test]
fn a_header_and_a_line_are_needed() {
    assert_eq!(why("time,orders\n00:00,1\n"), "line 1: expected the header time,orders_per_minute");
    assert_eq!(why(""), "expected the header time,orders_per_minute, and found an empty file");
    assert_eq!(why(HEADER), "expected at least one line after the header");
}
