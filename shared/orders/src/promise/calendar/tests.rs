use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn local(text: &str) -> String {
    local_time(DateTime::parse_from_rfc3339(text).unwrap().to_utc()).to_string()
}

#[test]
fn easter_is_where_the_book_has_it() {
    // Meeus, chapter 8: the dates given there, among them the earliest that is possible.
    for day in ["1991-03-31", "1992-04-19", "1993-04-11", "1954-04-18", "2000-04-23", "1818-03-22"]
    {
        assert_eq!(easter_sunday(date(day).year()), date(day));
    }
    // The latest that is possible.
    assert_eq!(easter_sunday(2038), date("2038-04-25"));
    assert_eq!(easter_sunday(2026), date("2026-04-05"));
}

#[test]
fn easter_is_a_sunday_between_march_22_and_april_25_in_all_years() {
    for year in 0..=9999 {
        let easter = easter_sunday(year);
        assert_eq!((easter.weekday(), easter.year()), (Weekday::Sun, year));
        assert!(((3, 22)..=(4, 25)).contains(&(easter.month(), easter.day())), "{easter}");
    }
}

#[test]
fn the_national_holidays_of_2026_are_no_working_days() {
    let holidays = [
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-05-14",
        "2026-05-25",
        "2026-10-03",
        "2026-12-25",
        "2026-12-26",
    ];
    for holiday in holidays {
        assert!(!is_working_day(date(holiday)), "{holiday}");
    }
    let weekdays = date("2026-01-01").iter_days().take(365);
    let weekdays = weekdays.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    // 261 weekdays, of which 7 are holidays: October 3 and December 26 fall on Saturdays.
    assert_eq!(weekdays.filter(|day| is_working_day(*day)).count(), 261 - 7);
}

#[test]
fn clocks_go_forward_on_the_last_sunday_of_march_at_one_utc() {
    assert_eq!(local("2026-03-29T00:59:59Z"), "2026-03-29 01:59:59");
    assert_eq!(local("2026-03-29T01:00:00Z"), "2026-03-29 03:00:00");
    // The 31st is the last Sunday itself.
    assert_eq!(local("2024-03-31T00:59:59Z"), "2024-03-31 01:59:59");
    assert_eq!(local("2024-03-31T01:00:00Z"), "2024-03-31 03:00:00");
}

#[test]
fn clocks_go_back_on_the_last_sunday_of_october_at_one_utc() {
    assert_eq!(local("2026-10-25T00:59:59Z"), "2026-10-25 02:59:59");
    assert_eq!(local("2026-10-25T01:00:00Z"), "2026-10-25 02:00:00");
}

#[test]
fn midnight_in_the_works_is_the_evening_before_by_utc() {
    assert_eq!(local("2025-12-31T23:00:00Z"), "2026-01-01 00:00:00");
    assert_eq!(local("2026-06-30T22:00:00Z"), "2026-07-01 00:00:00");
}

#[test]
fn working_days_skip_weekends_and_holidays() {
    // Thursday before Easter: the next working day is the Tuesday after.
    assert_eq!(add_working_days(date("2026-04-02"), 1), date("2026-04-07"));
    assert_eq!(add_working_days(date("2026-12-24"), 2), date("2026-12-29"));
    assert_eq!(working_day_from(date("2027-01-01")), date("2027-01-04"));
    assert_eq!(add_working_days(date("2026-03-03"), 0), date("2026-03-03"));
}
