//! What follows from the replays: which settings are recommended, by a stated rule, and what autoscaling did.
//!
//! The rule: of all settings with which no order takes longer than the goal, those with the fewest replica hours; among those within 1 % of
//! these the longest polling, then the largest streamLength, because they ask least of the cluster. If no setting keeps to the goal, the one
//! with the quickest slowest order.

use serde::Serialize;

use super::autoscaler::Policy;
use super::outcome::Outcome;
use crate::report::units::{digits, time};

/// What autoscaling did to the slowest order, compared with as many replicas as are there anyway, at least one, and no autoscaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// There was none.
    Fixed,
    /// All was done, each time, before an added replica had anything to do.
    OverBefore,
    /// By more than a tenth faster.
    Helped,
    /// Neither faster nor slower by more than a tenth.
    NoDifference,
    /// By more than a tenth slower: orders waited for the first replica.
    Waited,
}

impl Effect {
    /// Of an outcome beside that without autoscaling.
    pub fn of(outcome: &Outcome, alone: &Outcome) -> Self {
        let ratio = outcome.latency_ms_max as f64 / alone.latency_ms_max.max(1) as f64;
        match ratio {
            ratio if ratio > 1.1 => Self::Waited,
            _ if outcome.helped_from_ms.is_none() => Self::OverBefore,
            ratio if ratio < 0.9 => Self::Helped,
            _ => Self::NoDifference,
        }
    }

    /// In the table.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Fixed => "-",
            Self::OverBefore => "over before",
            Self::Helped => "helped",
            Self::NoDifference => "no difference",
            Self::Waited => "waited",
        }
    }
}

/// One way to run it and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What the ScaledObjects of the receivers say, and that of the distributor where it has no minimum of its own; none for a fixed number.
    pub policy: Option<Policy>,
    /// Replicas of each component without autoscaling; none with it.
    pub fixed: Option<u32>,
    /// What came of it.
    pub outcome: Outcome,
    /// What autoscaling did.
    pub effect: Effect,
}

/// The row that is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recommendation {
    /// Its place among the rows.
    pub row: usize,
    /// Whether it keeps to the goal.
    pub keeps_to_goal: bool,
}

/// Chooses by the rule; none without a row that scales.
pub fn recommend(rows: &[Row], goal_ms: f64) -> Option<Recommendation> {
    let scaled = || {
        rows.iter()
            .enumerate()
            .filter_map(|(place, row)| row.policy.map(|policy| (place, row, policy)))
    };
    let in_time = || scaled().filter(|(_, row, _)| row.outcome.latency_ms_max as f64 <= goal_ms);
    let fewest =
        in_time().map(|(_, row, _)| row.outcome.replica_hours).fold(f64::INFINITY, f64::min);
    let cheapest = in_time()
        .filter(|(_, row, _)| row.outcome.replica_hours <= fewest * 1.01)
        .max_by_key(|(_, _, policy)| (policy.polling_s, policy.stream_length));
    if let Some((row, ..)) = cheapest {
        return Some(Recommendation { row, keeps_to_goal: true });
    }
    let quickest = scaled().min_by(|(_, one, _), (_, other, _)| {
        let key = |row: &Row| (row.outcome.latency_ms_max as f64, row.outcome.replica_hours);
        key(one).partial_cmp(&key(other)).unwrap_or(std::cmp::Ordering::Equal)
    });
    quickest.map(|(row, ..)| Recommendation { row, keeps_to_goal: false })
}

/// What the rows say, in sentences; the recommendation first.
pub fn words(rows: &[Row], recommended: Option<Recommendation>, goal_s: f64) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(Recommendation { row, keeps_to_goal }) = recommended {
        let Row { policy, outcome, .. } = &rows[row];
        let settings = policy.map(|policy| settings_in_words(&policy)).unwrap_or_default();
        let (slowest, hours) = (time(outcome.latency_ms_max as f64), digits(outcome.replica_hours));
        words.push(if keeps_to_goal {
            format!(
                "Recommended: {settings}. The slowest order takes {slowest}, and no setting that keeps every order within {goal_s} s takes fewer \
                 replica hours than {hours}; among equals, within 1 %, this has the longest polling, then the largest streamLength."
            )
        } else {
            format!(
                "No setting keeps every order within {goal_s} s. The quickest: {settings}, with {slowest} for the slowest order and {hours} replica hours."
            )
        });
    }
    let mut minima: Vec<u32> =
        rows.iter().filter_map(|row| row.policy.map(|policy| policy.min_replicas)).collect();
    minima.sort_unstable();
    minima.dedup();
    words.extend(minima.into_iter().map(|least| of_minimum(rows, least)));
    words.extend(of_polling(rows));
    words.extend(of_length(rows));
    words.extend(of_redis(rows));
    words
}

/// A policy as it is written.
pub fn settings_in_words(policy: &Policy) -> String {
    let idle = if policy.idle_at_zero { ", idleReplicaCount 0" } else { "" };
    format!(
        "streamLength {}, pollingInterval {} s, minReplicaCount {}{idle}",
        policy.stream_length, policy.polling_s, policy.min_replicas
    )
}

/// What autoscaling did with one minimum.
fn of_minimum(rows: &[Row], least: u32) -> String {
    let with =
        || rows.iter().filter(|row| row.policy.is_some_and(|policy| policy.min_replicas == least));
    let alone = rows.iter().find(|row| row.fixed == Some(least.max(1)));
    let alone_ms = alone.map_or(0, |row| row.outcome.latency_ms_max);
    let all = with().count();
    let count = |effect: Effect| with().filter(|row| row.effect == effect).count();
    let span = |figure: fn(&Outcome) -> u64| {
        let figures = || with().map(|row| figure(&row.outcome) as f64);
        let (low, high) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
        if low == high { time(low) } else { format!("{} to {}", time(low), time(high)) }
    };
    let hours = || with().map(|row| row.outcome.replica_hours);
    let hours = [hours().fold(f64::INFINITY, f64::min), hours().fold(0.0, f64::max)].map(digits);
    let hours = if hours[0] == hours[1] { hours[0].clone() } else { hours.join(" to ") };
    let mut text = format!(
        "With minReplicaCount {least}: first confirmation after {}, slowest order {}, {} replica hours; {} fixed without autoscaling: {}.",
        span(|outcome| outcome.first_confirmation_ms),
        span(|outcome| outcome.latency_ms_max),
        hours,
        least.max(1),
        time(alone_ms as f64)
    );
    let effects = [
        (Effect::Helped, "autoscaling helped in"),
        (Effect::OverBefore, "all was over before an added replica had anything to do in"),
        (Effect::NoDifference, "it made no difference in"),
        (Effect::Waited, "orders waited longer, for the first replica, in"),
    ];
    for (effect, phrase) in effects {
        let some = count(effect);
        if some > 0 {
            text += &format!(
                " {}{} {some} of {all} settings.",
                phrase[..1].to_uppercase(),
                &phrase[1..]
            );
        }
    }
    text
}

/// Polling matters from and to zero only; said where the rows show it.
fn of_polling(rows: &[Row]) -> Option<String> {
    let standing = || {
        rows.iter().filter_map(|row| {
            row.policy.filter(|policy| policy.at_rest() > 0).map(|policy| (policy, row))
        })
    };
    let same = |(one, first): (Policy, &Row), (other, second): (Policy, &Row)| {
        (one.min_replicas, one.stream_length) != (other.min_replicas, other.stream_length)
            || first.outcome == second.outcome
    };
    let varies = standing()
        .any(|(policy, _)| standing().any(|(other, _)| other.polling_s != policy.polling_s));
    let all_same = standing().all(|one| standing().all(|other| same(one, other)));
    (varies && all_same).then(|| {
        "Where a replica always stands by, pollingInterval changes nothing: above zero the HPA asks, every 15 s.".into()
    })
}

/// The length matters only where orders wait while the HPA looks; said where the rows show no difference.
fn of_length(rows: &[Row]) -> Option<String> {
    let scaled = || rows.iter().filter_map(|row| row.policy.map(|policy| (policy, &row.outcome)));
    let pairs = || scaled().flat_map(|one| scaled().map(move |other| (one, other)));
    let alike = |one: &Policy, other: &Policy| {
        (one.min_replicas, one.polling_s) == (other.min_replicas, other.polling_s)
    };
    let varies = pairs().any(|((one, _), (other, _))| one.stream_length != other.stream_length);
    let all_same =
        pairs().all(|((one, first), (other, second))| !alike(&one, &other) || first == second);
    (varies && all_same).then(|| {
        "streamLength changes nothing here: with each of them the HPA came to the same replicas.".into()
    })
}

fn of_redis(rows: &[Row]) -> Option<String> {
    let most = rows.iter().max_by_key(|row| row.outcome.redis_limited_ms)?;
    (most.outcome.redis_limited_ms > 0).then(|| {
        format!(
            "Redis was the limit for up to {}: more replicas change nothing then.",
            time(most.outcome.redis_limited_ms as f64)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_outcome(slowest_ms: u64, replica_hours: f64) -> Outcome {
        Outcome {
            orders: 100,
            most_replicas: 3,
            mean_replicas: 1.0,
            replica_hours,
            most_backlog: 10,
            latency_ms_p50: 10,
            latency_ms_p99: 20,
            latency_ms_max: slowest_ms,
            first_confirmation_ms: 10,
            drained_ms: 100,
            helped_from_ms: Some(15_000),
            starts_from_zero: 0,
            redis_limited_ms: 0,
            observed_ms: 1_000,
        }
    }

    fn a_row(stream_length: u64, polling_s: u32, slowest_ms: u64, replica_hours: f64) -> Row {
        let policy = Policy {
            stream_length,
            polling_s,
            min_replicas: 0,
            max_replicas: 10,
            idle_at_zero: false,
            cooldown_s: 300,
        };
        let outcome = an_outcome(slowest_ms, replica_hours);
        Row { policy: Some(policy), fixed: None, outcome, effect: Effect::Helped }
    }

    #[test]
    fn the_cheapest_that_keeps_to_the_goal_is_recommended() {
        let rows =
            [a_row(100, 5, 10_000, 3.0), a_row(500, 5, 60_000, 2.0), a_row(2_000, 5, 60_001, 1.0)];
        assert_eq!(
            recommend(&rows, 60_000.0),
            Some(Recommendation { row: 1, keeps_to_goal: true })
        );
    }

    #[test]
    fn among_equals_the_longest_polling_and_then_the_longest_stream_win() {
        let rows = [
            a_row(2_000, 5, 1, 1.0),
            a_row(100, 30, 1, 1.009),
            a_row(500, 30, 1, 1.01),
            a_row(2_000, 30, 1, 1.02),
        ];
        assert_eq!(recommend(&rows, 60_000.0).map(|it| it.row), Some(2));
    }

    #[test]
    fn without_one_that_keeps_to_the_goal_the_quickest_is_named_as_such() {
        let rows =
            [a_row(100, 5, 90_000, 1.0), a_row(500, 5, 80_000, 9.0), a_row(500, 15, 80_000, 8.0)];
        let recommended = recommend(&rows, 60_000.0);
        assert_eq!(recommended, Some(Recommendation { row: 2, keeps_to_goal: false }));
        assert!(
            words(&rows, recommended, 60.0)[0]
                .starts_with("No setting keeps every order within 60 s.")
        );
    }

    #[test]
    fn a_fixed_number_is_never_recommended() {
        let fixed = Row { policy: None, fixed: Some(1), ..a_row(1, 1, 1, 0.0) };
        assert_eq!(recommend(&[fixed], 60_000.0), None);
    }

    #[test]
    fn a_tenth_decides_what_autoscaling_did() {
        let alone = an_outcome(1_000, 1.0);
        assert_eq!(Effect::of(&an_outcome(899, 1.0), &alone), Effect::Helped);
        assert_eq!(Effect::of(&an_outcome(900, 1.0), &alone), Effect::NoDifference);
        assert_eq!(Effect::of(&an_outcome(1_100, 1.0), &alone), Effect::NoDifference);
        assert_eq!(Effect::of(&an_outcome(1_101, 1.0), &alone), Effect::Waited);
        let unhelped = Outcome { helped_from_ms: None, ..an_outcome(1_000, 1.0) };
        assert_eq!(Effect::of(&unhelped, &alone), Effect::OverBefore);
    }
}
