//! The calendar of the works: local time in Germany, weekends, national holidays.
//!
//! Both the summer-time rule and the holidays are computed, so every year works and no database is needed.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};

/// National holidays on a fixed day: month, day.
const FIXED_HOLIDAYS: [(u32, u32); 5] = [
    (1, 1),   // Neujahr
    (5, 1),   // Tag der Arbeit
    (10, 3),  // Tag der Deutschen Einheit
    (12, 25), // Weihnachten
    (12, 26),
];

/// National holidays by their distance to Easter Sunday in days.
const EASTER_HOLIDAYS: [i64; 4] = [
    -2, // Karfreitag
    1,  // Ostermontag
    39, // Christi Himmelfahrt
    50, // Pfingstmontag
];

/// The time on the clock in the works, Europe/Berlin.
///
/// Central European Time is UTC+1; summer time, UTC+2, lasts from 1:00 UTC on the last Sunday of March to 1:00 UTC on
/// the last Sunday of October (Directive 2000/84/EC). The rule is applied to all years.
pub(super) fn local_time(time: DateTime<Utc>) -> NaiveDateTime {
    let utc = time.naive_utc();
    let turns = |month| {
        let last_day = NaiveDate::from_ymd_opt(utc.year(), month, 31)?;
        let since_sunday = last_day.weekday().num_days_from_sunday();
        (last_day - Days::new(since_sunday.into())).and_hms_opt(1, 0, 0)
    };
    let is_summer =
        matches!((turns(3), turns(10)), (Some(start), Some(end)) if start <= utc && utc < end);
    utc + TimeDelta::hours(if is_summer { 2 } else { 1 })
}

/// The first working day that is not before `date`.
pub(super) fn working_day_from(mut date: NaiveDate) -> NaiveDate {
    while !is_working_day(date) {
        date = date + Days::new(1);
    }
    date
}

/// The day `days` working days after `date`, itself a working day.
pub(super) fn add_working_days(mut date: NaiveDate, days: u32) -> NaiveDate {
    for _ in 0..days {
        date = working_day_from(date + Days::new(1));
    }
    date
}

fn is_working_day(date: NaiveDate) -> bool {
    if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
        return false;
    }
    if FIXED_HOLIDAYS.contains(&(date.month(), date.day())) {
        return false;
    }
    !EASTER_HOLIDAYS.contains(&(date - easter_sunday(date.year())).num_days())
}

/// Easter Sunday of the Gregorian calendar. Source: J. Meeus, "Astronomical Algorithms", 2nd ed., chapter 8.
fn easter_sunday(year: i32) -> NaiveDate {
    let a = year.rem_euclid(19);
    let b = year.div_euclid(100);
    let c = year.rem_euclid(100);
    let d = b.div_euclid(4);
    let e = b.rem_euclid(4);
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let i = c.div_euclid(4);
    let k = c.rem_euclid(4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l).div_euclid(451);
    let n = h + l - 7 * m + 114;
    // The algorithm gives March 22 to April 25, which every year has.
    NaiveDate::from_ymd_opt(year, n.div_euclid(31) as u32, n.rem_euclid(31) as u32 + 1)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
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
        for day in
            ["1991-03-31", "1992-04-19", "1993-04-11", "1954-04-18", "2000-04-23", "1818-03-22"]
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
}
