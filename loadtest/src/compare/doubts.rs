//! Why a ratio may not mean what it seems: runs of different kinds, disturbed runs, and noise.

use super::{Comparison, Group, RUNS_FOR_A_RANGE, Row};
use crate::report::Report;
use crate::report::units::{count, harmless};

pub(super) fn doubts(groups: &[Group], rows: &[Row]) -> Vec<String> {
    let mut doubts = Vec::new();
    let Some(first) = groups.first().and_then(|group| group.reports.first()) else { return doubts };
    for (place, group) in groups.iter().enumerate() {
        let letter = Comparison::letter(place);
        for (name, value) in conditions(first) {
            let values = group.reports.iter().map(|report| condition(report, &name));
            let mut values: Vec<String> = values.collect();
            values.dedup();
            match values.as_slice() {
                [one] if *one == value => {}
                [one] => {
                    doubts.push(format!("{letter} is not like A: {name} is {one}, not {value}."));
                }
                several => doubts.push(format!(
                    "The runs of {letter} are not alike: {name} is {}.",
                    several.join(", ")
                )),
            }
        }
        doubts.extend(
            group
                .reports
                .iter()
                .enumerate()
                .flat_map(|(run, report)| disturbed(&letter, run, report)),
        );
    }
    doubts.extend(noise(groups, rows));
    doubts
}

/// What must be equal in two runs, or their ratio says nothing about the system.
fn conditions(report: &Report) -> Vec<(String, String)> {
    let mut conditions = report.settings();
    // They differ in each run.
    conditions.retain(|(name, _)| name != "run number" && name != "queue");
    conditions.insert(0, ("the number of orders".into(), count(report.orders)));
    let redis = report.redis_settings.iter();
    conditions
        .extend(redis.map(|setting| (format!("Redis's {}", setting.name), setting.value.clone())));
    conditions.into_iter().map(|(name, value)| (harmless(&name), harmless(&value))).collect()
}

fn condition(report: &Report, name: &str) -> String {
    let found = conditions(report).into_iter().find(|(found, _)| found == name);
    found.map_or_else(|| "unknown".into(), |(_, value)| value)
}

fn disturbed(letter: &str, run: usize, report: &Report) -> Vec<String> {
    let all = [
        (report.interrupted, "was interrupted"),
        (
            !report.is_clean() || report.late > 0,
            "has lost, late, twice confirmed or wrong orders, so its speed counts for nothing",
        ),
        (report.rejected_orders() > 0, "has rejected orders, so it did less than the others"),
        (report.backlog_before > 0, "began with a backlog"),
    ];
    let found = all.iter().filter(|(is_so, _)| *is_so);
    found.map(|(_, what)| format!("Run {} of {letter} {what}.", run + 1)).collect()
}

/// Differences smaller than those between runs of one kind, group by group.
fn noise(groups: &[Group], rows: &[Row]) -> Vec<String> {
    let is_small = |group: &Group| group.reports.len() < RUNS_FOR_A_RANGE;
    let mut noise = Vec::new();
    if groups.iter().any(is_small) {
        noise.push(
            "With fewer than three runs in a group, a difference may be noise; see --group.".into(),
        );
    }
    let large = groups
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, group)| !is_small(&groups[0]) && !is_small(group));
    for (place, _) in large {
        let near = rows.iter().filter(|row| row.may_be_noise(place)).map(|row| row.figure.name);
        let near: Vec<&str> = near.collect();
        if !near.is_empty() {
            noise.push(format!(
                "The runs of {} overlap with those of A in {}: these differences may be noise.",
                Comparison::letter(place),
                near.join("; ")
            ));
        }
    }
    noise
}
