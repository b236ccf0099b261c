//! Compares reports: the median of each group of runs, its range, and its ratio to the first group.
//!
//! - [`gate`]: the limits of `--fail-if`
//! - [`doubts`]: reasons to distrust a ratio

mod doubts;
mod gate;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::figures::{FIGURES, Row, rows, table};
use crate::outcome::{Outcome, UsageError};
use crate::output::publish;
use crate::report::Report;
use crate::report::text::wrapped;
use gate::Gate;

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// Reports in JSON, each a separate group.
    files: Vec<PathBuf>,
    /// Several runs of one kind, of which the median counts: NAME=FILE,FILE,... May be repeated.
    #[arg(long, value_parser = group, help_heading = "Groups")]
    group: Vec<NamedFiles>,
    /// Exits with 1 if a figure of a group differs from the first group by more than this, such as
    /// 'latency_p99>+10%' or 'orders_per_s<-5%', or if a run was not successful. May be repeated.
    #[arg(long, help_heading = "Result")]
    fail_if: Vec<Gate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedFiles {
    name: String,
    files: Vec<PathBuf>,
}

fn group(text: &str) -> Result<NamedFiles, String> {
    let (name, files) = text.split_once('=').unwrap_or_default();
    let (name, files) = (name.trim().to_owned(), files.split(',').map(str::trim));
    if name.is_empty() || files.clone().any(str::is_empty) {
        return Err("expected NAME=FILE,FILE,...".into());
    }
    Ok(NamedFiles { name, files: files.map(PathBuf::from).collect() })
}

/// Runs that are taken together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its runs, at least one.
    pub reports: Vec<Report>,
}

/// Maximum number of groups beside the first one in a table.
const BESIDE: usize = 2;

pub(crate) fn run(options: &CompareOptions) -> Result<Outcome> {
    let groups = groups(options)?;
    let rows = rows_of(&groups);
    let violations = violations(&rows, &groups, &options.fail_if)?;
    publish(&(text(&groups, &rows) + &violations), || Ok(()))?;
    Ok(if violations.is_empty() { Outcome::Good } else { Outcome::Bad })
}

/// The comparison as text.
pub fn compare(groups: &[Group]) -> String {
    text(groups, &rows_of(groups))
}

/// Single files first, then groups, each in the order given.
fn groups(options: &CompareOptions) -> Result<Vec<Group>> {
    let single = options.files.iter().map(|file| NamedFiles {
        name: file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
        files: vec![file.clone()],
    });
    let named: Vec<NamedFiles> = single.chain(options.group.iter().cloned()).collect();
    let found = named.len();
    let expected = "expected at least two reports or groups";
    ensure!(found >= 2, UsageError(format!("{expected}, found {found}")));
    let read = |NamedFiles { name, files }: &NamedFiles| {
        let reports = files.iter().map(|file| Report::read(file)).collect::<Result<_>>();
        Ok(Group { reports: reports.with_context(|| format!("group {name}"))?, name: name.clone() })
    };
    let groups: Vec<Group> = named.iter().map(read).collect::<Result<_>>()?;
    let files = named.iter().flat_map(|group| &group.files);
    let runs: Vec<_> = files.zip(groups.iter().flat_map(|group| &group.reports)).collect();
    for (place, (file, run)) in runs.iter().enumerate() {
        if let Some((first, _)) = runs[..place].iter().find(|(_, other)| other == run) {
            let (file, first) = (file.display(), first.display());
            bail!(UsageError(format!("{file} is the run of {first} again: each run counts once")));
        }
    }
    Ok(groups)
}

fn rows_of(groups: &[Group]) -> Vec<Row> {
    let groups: Vec<Vec<&Report>> =
        groups.iter().map(|group| group.reports.iter().collect()).collect();
    rows(FIGURES, &groups)
}

/// A line for each group and gate beyond its limit, and for each run that was no success. A figure
/// that was not measured is an error.
fn violations(rows: &[Row], groups: &[Group], gates: &[Gate]) -> Result<String> {
    let mut lines = String::new();
    for (place, group) in groups.iter().enumerate().filter(|_| !gates.is_empty()) {
        let runs = (1..).zip(&group.reports).filter(|(_, report)| !report.is_success());
        let why = format!("of {} was not successful, so its figures show nothing", letter(place));
        lines.extend(runs.map(|(run, _)| format!("FAILED: run {run} {why}\n")));
    }
    for gate in gates {
        let row = rows.iter().find(|row| row.key == gate.key);
        for group in 1..groups.len() {
            let letter = letter(group);
            let ratio = row.and_then(|row| row.ratio(group)).with_context(|| {
                format!("--fail-if: {} was not measured in A or {letter}", gate.key)
            })?;
            lines.extend(gate.violation(&letter, ratio).map(|line| line + "\n"));
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

fn text(groups: &[Group], rows: &[Row]) -> String {
    let letters: Vec<String> = (0..groups.len()).map(letter).collect();
    let mut text = String::new();
    for (letter, group) in letters.iter().zip(groups) {
        let runs = match group.reports.len() {
            1 => "1 run".to_owned(),
            many => format!("median of {many} runs, min..max below"),
        };
        text += &wrapped(&format!("{letter}  "), "   ", &format!("{}: {runs}", group.name));
    }
    for shown in (1..groups.len()).collect::<Vec<_>>().chunks(BESIDE) {
        text += "\n";
        text += &table(rows, &letters, shown);
    }
    text += "\n";
    for doubt in doubts::doubts(groups, rows) {
        text += &wrapped("careful: ", "         ", &doubt);
    }
    text
}

#[cfg(test)]
mod tests;
