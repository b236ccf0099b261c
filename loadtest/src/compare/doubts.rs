//! Why a ratio may not mean what it seems: runs of different kinds, disturbed runs, and differences within the noise.

use super::{Comparison, Group, Row};
use crate::report::Report;
use crate::report::units::{count, harmless};

/// All doubts, in words.
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
                [one] => doubts.push(format!("{letter} is not like A: {name} is {one}, not {value}.")),
                // Of the first group itself, or of another.
                several => doubts
                    .push(format!("The runs of {letter} are not alike: {name} is {}.", several.join(", "))),
            }
        }
        doubts.extend(
            group.reports.iter().enumerate().filter_map(|(run, report)| disturbed(&letter, run, report)),
        );
    }
    doubts.extend(noise(groups, rows));
    doubts
}

/// What must be the same in two runs for their ratio to say something of the system.
fn conditions(report: &Report) -> Vec<(String, String)> {
    let mut conditions = report.settings();
    // Made anew for each run.
    conditions.retain(|(name, _)| name != "run number" && name != "queue");
    conditions.insert(0, ("the number of orders".into(), count(report.orders)));
    let redis = report.redis_settings.iter();
    conditions.extend(redis.map(|setting| (format!("Redis's {}", setting.name), setting.value.clone())));
    conditions.into_iter().map(|(name, value)| (harmless(&name), harmless(&value))).collect()
}

fn condition(report: &Report, name: &str) -> String {
    let found = conditions(report).into_iter().find(|(found, _)| found == name);
    found.map_or_else(|| "not told".into(), |(_, value)| value)
}

fn disturbed(letter: &str, run: usize, report: &Report) -> Option<String> {
    let what = if report.interrupted {
        "was interrupted"
    } else if !report.is_clean() {
        "has lost, doubled or wrong orders, so its speed counts for nothing"
    } else if report.backlog_before > 0 {
        "began with a backlog"
    } else {
        return None;
    };
    Some(format!("Run {} of {letter} {what}.", run + 1))
}

/// Differences smaller than those between runs of one kind.
fn noise(groups: &[Group], rows: &[Row]) -> Option<String> {
    if groups.iter().any(|group| group.reports.len() < 3) {
        return Some(
            "With less than three runs in a group, nothing tells a difference from noise; see --group."
                .into(),
        );
    }
    let speed = rows.first()?;
    let first = speed.spreads.first()?.as_ref()?;
    let near = speed.spreads.iter().enumerate().skip(1);
    let near = near.filter(|(_, spread)| spread.is_some_and(|spread| !spread.is_apart_from(first)));
    let letters: Vec<String> = near.map(|(place, _)| Comparison::letter(place)).collect();
    (!letters.is_empty()).then(|| {
        format!(
            "In {} the runs of {} lie among those of A: the difference may be noise.",
            speed.figure.name,
            letters.join(", ")
        )
    })
}
