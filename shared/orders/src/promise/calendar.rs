//! The calendar of the factory: local time in Germany, weekends, national holidays.
//!
//! Summer time and holidays are computed, so every year works without a database.

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

/// The local time in the factory, Europe/Berlin.
///
/// Central European Time is UTC+1; summer time, UTC+2, lasts from 1:00 UTC on the last Sunday of
/// March to 1:00 UTC on the last Sunday of October (Directive 2000/84/EC). The rule is applied to
/// all years.
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

/// Easter Sunday of the Gregorian calendar.
/// Source: J. Meeus, "Astronomical Algorithms", 2nd ed., chapter 8.
#[allow(clippy::many_single_char_names, reason = "the book's names")]
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
mod tests;
