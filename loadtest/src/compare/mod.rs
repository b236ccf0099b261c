//! Compares reports: the median of each group of runs, its range, and its ratio to the first group.
//!
//! - [`figures`]: what is compared
//! - [`gate`]: the limits of `--fail-if`
//! - [`doubts`]: why a ratio may not mean what it seems
//! - [`text`]: for the terminal

mod doubts;
mod figures;
mod gate;
mod options;
mod text;

use anyhow::{Context, Result};

pub(crate) use options::CompareOptions;

use crate::outcome::Outcome;
use crate::output::publish;
use crate::report::Report;
use crate::report::units::digits;
use crate::spread::Spread;
use figures::{FIGURES, Figure};
use gate::Gate;

/// Runs that are taken together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its runs, at least one.
    pub reports: Vec<Report>,
}

const RUNS_FOR_A_RANGE: usize = 3;

struct Row {
    figure: &'static Figure,
    /// By group; `None` if no run of the group has it.
    spreads: Vec<Option<Spread>>,
}

impl Row {
    fn ratio_in_words(&self, group: usize) -> Option<String> {
        self.ratio(group).map(|ratio| format!("x{}", digits(ratio)))
    }

    fn ratio(&self, group: usize) -> Option<f64> {
        let first = self.spreads.first()?.as_ref()?.median;
        (first > 0.0).then_some(self.spreads[group].as_ref()?.median / first)
    }

    /// Whether a group is better or worse; `None` if its runs overlap with those of the first
    /// group.
    fn word(&self, group: usize) -> Option<&'static str> {
        self.stands_clear(group).then(|| self.figure.better.word(self.ratio(group)?)).flatten()
    }

    /// Whether the medians differ, but the runs overlap.
    fn may_be_noise(&self, group: usize) -> bool {
        let seems = self.ratio(group).and_then(|ratio| self.figure.better.word(ratio));
        seems.is_some() && !self.stands_clear(group)
    }

    /// With fewer than three runs that have the figure, ranges lie apart by chance too often.
    fn stands_clear(&self, group: usize) -> bool {
        let pair = self.spreads.first().copied().flatten().zip(self.spreads[group]);
        pair.is_some_and(|(first, other)| {
            first.runs.min(other.runs) >= RUNS_FOR_A_RANGE && other.is_apart_from(&first)
        })
    }
}

struct Comparison {
    groups: Vec<Group>,
    rows: Vec<Row>,
    doubts: Vec<String>,
}

impl Comparison {
    fn of(groups: Vec<Group>) -> Self {
        let rows = FIGURES.iter().map(|figure| Row {
            figure,
            spreads: groups
                .iter()
                .map(|group| Spread::over(group.reports.iter().filter_map(figure.of).collect()))
                .collect(),
        });
        let rows: Vec<Row> = rows.filter(|row| row.spreads.iter().any(Option::is_some)).collect();
        let doubts = doubts::doubts(&groups, &rows);
        Self { groups, rows, doubts }
    }

    /// A line for each group and gate beyond its limit. A figure that was not measured is an error.
    fn violations(&self, gates: &[Gate]) -> Result<String> {
        let mut lines = String::new();
        for gate in gates {
            let key = gate.figure().key;
            let row = self.rows.iter().find(|row| row.figure.key == key);
            for group in 1..self.groups.len() {
                let letter = Self::letter(group);
                let ratio = row.and_then(|row| row.ratio(group)).with_context(|| {
                    format!("--fail-if: {key} was not measured in A or {letter}")
                })?;
                let violation = gate.violation(&letter, ratio);
                lines.extend(violation.into_iter().map(|line| line + "\n"));
            }
        }
        Ok(lines)
    }

    /// The short name of a group in tables: A, B, ...
    fn letter(group: usize) -> String {
        match u8::try_from(group) {
            Ok(place @ 0..26) => char::from(b'A' + place).into(),
            _ => format!("#{}", group + 1),
        }
    }
}

pub(crate) fn run(options: &CompareOptions) -> Result<Outcome> {
    let comparison = Comparison::of(options.groups()?);
    let violations = comparison.violations(&options.fail_if)?;
    publish(&(text::text(&comparison) + &violations), || Ok(()))?;
    Ok(if violations.is_empty() { Outcome::Good } else { Outcome::Bad })
}

/// The comparison as text.
pub fn compare(groups: Vec<Group>) -> String {
    text::text(&Comparison::of(groups))
}
