//! The answer for the terminal: a table, three lines over time, and sentences. The table is Markdown, so that it can be pasted.

use std::collections::BTreeSet;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use super::advice::{Row, settings_in_words};
use super::outcome::{Moment, Story};
use super::speed::{COMPONENTS, Speed};
use super::{Answer, Assumptions};
use crate::report::units::{count, digits, orders, rate, time};

/// Characters of a line over time.
const WIDTH: usize = 72;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The answer as text.
pub fn of(answer: &Answer) -> String {
    let paragraphs = [
        format!("{}\n{}\n{}", curve(answer), speed(&answer.speed), assumptions(&answer.assumed)),
        table(&answer.rows),
        lines(answer),
        answer.words.join("\n"),
    ];
    paragraphs.join("\n\n") + "\n"
}

pub(super) fn curve(answer: &Answer) -> String {
    format!("{}: {}.", answer.curve_name, orders(answer.orders))
}

pub(super) fn speed(speed: &Speed) -> String {
    let replicas = COMPONENTS.iter().zip(speed.orders_per_s);
    let replicas: Vec<String> =
        replicas.map(|(name, each_s)| format!("{name} {}", rate(each_s))).collect();
    let redis_s = speed.redis_enqueue_s
        + speed.redis_s[0]
        + speed.redis_s[1] * (1.0 - speed.complex_share)
        + speed.redis_s[2] * speed.complex_share;
    let redis = if redis_s > 0.0 {
        format!("Redis, one for all, {}", rate(1.0 / redis_s))
    } else {
        "Redis is no limit".into()
    };
    format!(
        "One replica: {}; {redis}. {} % of the orders are complex.",
        replicas.join(", "),
        digits(speed.complex_share * 100.0)
    )
}

pub(super) fn assumptions(assumed: &Assumptions) -> String {
    let distributor = assumed
        .distributor_min_replicas
        .map_or_else(String::new, |least| format!(" The distributor has at least {least}."));
    format!(
        "At most {} replicas of each; a pod listens after {} s, ticks {} s later and then every {} s; zero after {} s without work.{distributor}",
        assumed.max_replicas, assumed.start_s, assumed.ready_s, assumed.tick_s, assumed.cooldown_s
    )
}

/// Names and figures of the table; settings with the same minimum and the same outcome are one row.
pub(super) fn figures(rows: &[Row]) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let head = vec![
        "min",
        "polling s",
        "streamLength",
        "replicas most",
        "mean",
        "hours",
        "backlog most",
        "p50",
        "p99",
        "slowest",
        "first confirmed",
        "done after last",
        "from zero",
        "autoscaling",
    ];
    (head, merged(rows).iter().map(|rows| cells(rows)).collect())
}

/// Rows with one minimum and one outcome together, where they are all of some intervals with all of some lengths.
fn merged(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let least = |row: &Row| row.policy.map(|policy| policy.min_replicas);
        let same = |group: &&mut Vec<&Row>| {
            least(row).is_some() && least(group[0]) == least(row) && group[0].outcome == row.outcome
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.into_iter().flat_map(split_unless_whole).collect()
}

/// The group as one, or each of its rows alone where an interval is missing for a length.
fn split_unless_whole(group: Vec<&Row>) -> Vec<Vec<&Row>> {
    if group.len() == 1 || pollings(&group).len() * lengths(&group).len() == group.len() {
        vec![group]
    } else {
        group.into_iter().map(|row| vec![row]).collect()
    }
}

fn pollings(rows: &[&Row]) -> BTreeSet<u64> {
    rows.iter().filter_map(|row| row.policy.map(|policy| u64::from(policy.polling_s))).collect()
}

fn lengths(rows: &[&Row]) -> BTreeSet<u64> {
    rows.iter().filter_map(|row| row.policy.map(|policy| policy.stream_length)).collect()
}

fn cells(rows: &[&Row]) -> Vec<String> {
    let Row { policy, fixed, outcome, effect } = rows[0];
    let list =
        |numbers: BTreeSet<u64>| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let settings = match policy {
        Some(policy) => {
            [policy.min_replicas.to_string(), list(pollings(rows)), list(lengths(rows))]
        }
        None => [format!("{} fixed", fixed.unwrap_or(0)), "-".into(), "-".into()],
    };
    let ms = |ms: u64| time(ms as f64);
    let figures = [
        outcome.most_replicas.to_string(),
        digits(outcome.mean_replicas),
        digits(outcome.replica_hours),
        count(outcome.most_backlog),
        ms(outcome.latency_ms_p50),
        ms(outcome.latency_ms_p99),
        ms(outcome.latency_ms_max),
        ms(outcome.first_confirmation_ms),
        ms(outcome.drained_ms),
        outcome.starts_from_zero.to_string(),
        effect.in_words().to_string(),
    ];
    settings.into_iter().chain(figures).collect()
}

fn table(rows: &[Row]) -> String {
    let (head, cells) = figures(rows);
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head).add_rows(cells);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn lines(answer: &Answer) -> String {
    let story = &answer.story;
    let settings = answer
        .recommended_row()
        .and_then(|row| row.policy)
        .map(|policy| settings_in_words(&policy));
    let length = time((story.moments.len() as u64 * story.moment_ms) as f64);
    let line = |name: &str, figure: fn(&Moment) -> u64, show: fn(u64) -> String| {
        let values = squeezed(story, figure);
        let most = values.iter().copied().max().unwrap_or(0);
        format!("{name:<9}{}  up to {}", sparkline(&values), show(most))
    };
    [
        format!("{}, over {length}:", settings.unwrap_or_default()),
        line("replicas", |moment| u64::from(moment.replicas), |most| most.to_string()),
        line("backlog", |moment| moment.backlog, count),
        line("slowest", |moment| moment.slowest_ms.unwrap_or(0), |most| time(most as f64)),
    ]
    .join("\n")
}

/// As many values as fit, each the most of its stretch.
fn squeezed(story: &Story, figure: fn(&Moment) -> u64) -> Vec<u64> {
    let moments = &story.moments;
    let width = WIDTH.min(moments.len());
    let stretch = |place: usize| place * moments.len() / width;
    let most = |place: usize| {
        moments[stretch(place)..stretch(place + 1)].iter().map(figure).max().unwrap_or(0)
    };
    (0..width).map(most).collect()
}

/// A character for each value: a blank for zero, else one of eight heights.
fn sparkline(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let level = |value: u64| match value {
        0 => ' ',
        value => LEVELS[(value * LEVELS.len() as u64).div_ceil(most) as usize - 1],
    };
    values.iter().map(|value| level(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_blank_the_most_is_full_and_little_can_be_seen() {
        assert_eq!(sparkline(&[0, 1, 500, 1_000]), " ▁▄█");
        assert_eq!(sparkline(&[0, 0]), "  ");
        assert_eq!(sparkline(&[3]), "█");
    }

    #[test]
    fn no_peak_is_lost_where_moments_share_a_character() {
        let mut moments = vec![Moment::default(); 200];
        moments[137].backlog = 9;
        let values = squeezed(&Story { moment_ms: 1, moments }, |moment| moment.backlog);
        assert_eq!((values.len(), values.iter().sum::<u64>()), (WIDTH, 9));
    }
}
