//! A day's load: the orders a minute at each time of day.
//!
//! Read from a CSV file with the header `time,orders_per_minute`: a time of day as HH:MM, and the
//! rate at that time. Between two lines the rate changes linearly, and also from the last line past
//! midnight to the first. Blank lines and lines that begin with `#` are skipped.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chrono::{NaiveTime, Timelike};

use crate::input;
use crate::options::parse::MAX_RATE;

pub(crate) const SECONDS_PER_DAY: f64 = 86_400.0;

const BUILT_IN: &str = include_str!("../shapes/day.csv");

const HEADER: &str = "time,orders_per_minute";

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Day {
    /// Seconds since midnight, from 0 to [`SECONDS_PER_DAY`], both included, and orders a minute.
    pub(crate) knots: Vec<(f64, f64)>,
}

impl Day {
    /// The file that a flag names, or the built-in day.
    pub(crate) fn of_flag(path: Option<&Path>, flag: &'static str) -> Result<Self> {
        let Some(path) = path else { return Self::parse(BUILT_IN).context("the built-in day") };
        input::parsed(path, Self::parse).context(flag)
    }

    /// Errors name the line that is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        // Spreadsheets begin their files with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = (1..)
            .zip(text.lines().map(str::trim))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        match lines.next() {
            Some((_, HEADER)) => {}
            Some((number, _)) => bail!("line {number}: expected the header {HEADER}"),
            None => bail!("expected the header {HEADER}, and found an empty file"),
        }
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (number, line) in lines {
            let (at_s, rate) = point(line).with_context(|| format!("line {number}"))?;
            let is_later = points.last().is_none_or(|(before_s, _)| *before_s < at_s);
            ensure!(is_later, "line {number}: time: expected a later time than in the line before");
            points.push((at_s, rate));
        }
        ensure!(!points.is_empty(), "expected at least one line after the header");
        Ok(Self::through(&points))
    }

    /// Not empty, and in order of time.
    fn through(points: &[(f64, f64)]) -> Self {
        let (first, last) = (points[0], points[points.len() - 1]);
        let night_s = first.0 + SECONDS_PER_DAY - last.0;
        let at_midnight = last.1 + (first.1 - last.1) * (SECONDS_PER_DAY - last.0) / night_s;
        let start = (first.0 > 0.0).then_some((0.0, at_midnight));
        let end = (SECONDS_PER_DAY, at_midnight);
        Self { knots: start.into_iter().chain(points.iter().copied()).chain([end]).collect() }
    }

    pub(crate) fn total(&self) -> f64 {
        let pairs = self.knots.windows(2);
        pairs.map(|pair| f64::midpoint(pair[0].1, pair[1].1) * (pair[1].0 - pair[0].0) / 60.0).sum()
    }

    /// In orders a minute.
    pub(crate) fn peak(&self) -> f64 {
        self.knots.iter().map(|(_, rate)| *rate).fold(0.0, f64::max)
    }

    pub(crate) fn orders_per_minute(&self, at_s: f64) -> f64 {
        let after =
            self.knots.partition_point(|knot| knot.0 <= at_s).clamp(1, self.knots.len() - 1);
        let (from, to) = (self.knots[after - 1], self.knots[after]);
        from.1 + (to.1 - from.1) * (at_s - from.0) / (to.0 - from.0)
    }
}

/// Seconds since midnight, and rate.
fn point(line: &str) -> Result<(f64, f64)> {
    let (time, rate) = line.split_once(',').context("expected a time, a comma and a rate")?;
    let at_s = seconds_of(time.trim()).context("time: expected HH:MM, from 00:00 to 23:59")?;
    let rate = rate.trim().parse().ok().filter(|rate| (0.0..=MAX_RATE * 60.0).contains(rate));
    let expected = || {
        let most = MAX_RATE * 60.0;
        format!("orders_per_minute: expected a number, zero or more and at most {most}")
    };
    Ok((at_s, rate.with_context(expected)?))
}

fn seconds_of(time: &str) -> Option<f64> {
    let found = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
    // The parser also reads times such as 8:5.
    let is_full = found.format("%H:%M").to_string() == time;
    is_full.then(|| f64::from(found.num_seconds_from_midnight()))
}

#[cfg(test)]
mod tests {
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
    fn what_is_wrong_is_told_with_its_line() {
        let in_line_3 = |line: &str| why(&format!("# a day\n{HEADER}\n{line}\n"));
        for time in ["24:00", "12:60", "1:00", "noon", "+1:00", "12:00:00", ""] {
            let why = in_line_3(&format!("{time},1"));
            assert!(why.starts_with("line 3: time: expected HH:MM"), "{time}: {why}");
        }
        for rate in ["-1", "NaN", "inf", "1e300", "60000001", "many", "", "1,2"] {
            let why = in_line_3(&format!("12:00,{rate}"));
            assert!(
                why.starts_with("line 3: orders_per_minute: expected a number"),
                "{rate}: {why}"
            );
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
        assert_eq!(
            why("time,orders\n00:00,1\n"),
            "line 1: expected the header time,orders_per_minute"
        );
        assert_eq!(why(""), "expected the header time,orders_per_minute, and found an empty file");
        assert_eq!(why(HEADER), "expected at least one line after the header");
    }
}
