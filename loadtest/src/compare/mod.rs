//! Sets reports side by side: medians of each group of runs, from least to most, and their ratio to
//! the first group.
//!
//! - [`figures`]: what is compared
//! - [`doubts`]: why a ratio may not mean what it seems
//! - [`text`]: for the terminal
//! - [`page`]: one HTML file

mod doubts;
mod figures;
mod options;
mod page;
mod text;

use anyhow::Result;

pub use figures::Spread;
pub use options::{CompareOptions, NamedFiles};

use crate::output::Output;
use crate::report::Report;
use crate::report::units::digits;
use figures::{FIGURES, Figure};

/// Runs that are taken together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its runs, at least one.
    pub reports: Vec<Report>,
}

/// The fewest runs whose range says something.
const RUNS_FOR_A_RANGE: usize = 3;

/// One figure of every group.
struct Row {
    figure: &'static Figure,
    /// By group; none where no run of the group has it.
    spreads: Vec<Option<Spread>>,
}

impl Row {
    /// The ratio of a group as people read it.
    fn ratio_in_words(&self, group: usize) -> Option<String> {
        self.ratio(group).map(|ratio| format!("x{}", digits(ratio)))
    }

    /// The median of a group by that of the first one.
    fn ratio(&self, group: usize) -> Option<f64> {
        let first = self.spreads.first()?.as_ref()?.median;
        (first > 0.0).then_some(self.spreads[group].as_ref()?.median / first)
    }

    /// Whether a group is better or worse; nothing where its runs do not stand clear of those of
    /// the first group.
    fn word(&self, group: usize) -> Option<&'static str> {
        self.stands_clear(group).then(|| self.figure.better.word(self.ratio(group)?)).flatten()
    }

    /// Whether the medians differ as if a group were better or worse, and its runs do not stand
    /// clear.
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

/// Groups and what is found when they are compared.
struct Comparison {
    groups: Vec<Group>,
    rows: Vec<Row>,
    doubts: Vec<String>,
}

impl Comparison {
    fn of(groups: Vec<Group>) -> Self {
        let rows = FIGURES.iter().map(|figure| Row {
            figure,
            spreads: groups.iter().map(|group| Spread::of(&group.reports, figure.of)).collect(),
        });
        // What no group has is not worth a row.
        let rows: Vec<Row> = rows.filter(|row| row.spreads.iter().any(Option::is_some)).collect();
        let doubts = doubts::doubts(&groups, &rows);
        Self { groups, rows, doubts }
    }

    /// The short name of a group in tables: A, B, ...
    fn letter(group: usize) -> String {
        match u8::try_from(group) {
            Ok(place @ 0..26) => char::from(b'A' + place).into(),
            _ => format!("#{}", group + 1),
        }
    }
}

/// Compares reports and prints a table.
///
/// # Errors
/// When a report cannot be read or the page cannot be written.
pub fn run(options: &CompareOptions) -> Result<bool> {
    let html = Output::create(options.html.as_deref(), "--html")?;
    let comparison = Comparison::of(options.groups()?);
    if let Some(html) = html {
        html.write(page::page(&comparison).as_bytes())?;
    }
    print!("{}", text::text(&comparison));
    Ok(true)
}

/// The comparison as text and as a page.
pub fn compare(groups: Vec<Group>) -> (String, String) {
    let comparison = Comparison::of(groups);
    (text::text(&comparison), page::page(&comparison))
}
