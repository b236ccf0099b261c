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
mod tests;
