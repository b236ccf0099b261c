//! Reasons to distrust a ratio: runs of different kinds, disturbed runs, and noise.

use std::collections::HashMap;

use super::{Group, letter};
use crate::figures::{self, RUNS_FOR_A_RANGE, Row};
use crate::report::Report;
use crate::report::units::{count, harmless};

pub(super) fn doubts(groups: &[Group], rows: &[Row]) -> Vec<String> {
    let mut doubts = Vec::new();
    let first = conditions(&groups[0].reports[0]);
    for (place, group) in groups.iter().enumerate() {
        let letter = letter(place);
        let all = group.reports.iter().map(|report| conditions(report).into_iter().collect());
        let all: Vec<HashMap<String, String>> = all.collect();
        for (name, value) in &first {
            let values = all.iter().map(|run| run.get(name).map_or("unknown", String::as_str));
            let mut values: Vec<&str> = values.collect();
            values.dedup();
            let is_mixed = values.len() > 1;
            let values = values.join(", ");
            if is_mixed {
                doubts.push(format!("The runs of {letter} are not alike: {name} is {values}."));
            } else if values != *value {
                doubts.push(format!("{letter} is not like A: {name} is {values}, not {value}."));
            }
        }
        for (run, report) in (1..).zip(&group.reports) {
            let disturbed = disturbed(report);
            doubts.extend(disturbed.map(|what| format!("Run {run} of {letter} {what}.")));
        }
    }
    doubts.extend(noise(groups, rows));
    doubts
}

/// What must be equal in two runs, or their ratio says nothing about the system.
fn conditions(report: &Report) -> Vec<(String, String)> {
    let mut conditions = report.settings();
    // These two differ in each run.
    conditions.retain(|(name, _)| name != "run number" && name != "queue");
    conditions.insert(0, ("the number of orders".into(), count(report.orders)));
    let redis = report.redis_settings.iter();
    conditions
        .extend(redis.map(|setting| (format!("Redis's {}", setting.name), setting.value.clone())));
    conditions.into_iter().map(|(name, value)| (harmless(&name), harmless(&value))).collect()
}

fn disturbed(report: &Report) -> impl Iterator<Item = &'static str> {
    let all = [
        (report.interrupted, "was interrupted"),
        (
            !report.is_clean() || report.late > 0,
            "has orders that are lost, late, confirmed twice or wrong, so its speed means nothing",
        ),
        (report.rejected_orders() > 0, "has rejected orders, so it did less than the others"),
        (report.backlog_before > 0, "began with a backlog"),
        (report.foreign() > 0, "shared the app with other producers"),
        (
            report.confirmed_before() > 0,
            "has orders that another run had confirmed, so its speed means nothing",
        ),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what)
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
    for (place, group) in groups.iter().enumerate().skip(1) {
        let near = figures::noise(rows, place);
        if !near.is_empty() && !is_small(&groups[0]) && !is_small(group) {
            let letter = letter(place);
            noise.push(format!(
                "The runs of {letter} overlap with those of A in {near}: these differences may be noise."
            ));
        }
    }
    noise
}
