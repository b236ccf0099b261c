//! How much must be there: the rate a day needs, and the rate a node gives.
//!
//! A queue lets orders wait, so what is needed depends on how long they may: at once needs the peak
//! rate; within a time needs less. Both are exact for a piecewise linear day, with a queue that is
//! served first come, first served, at a constant rate.

use anyhow::{Result, ensure};
use serde::Serialize;

use super::measured::Measured;
use super::options::{Assumptions, RedisPlace};
use super::prices::NodeType;
use crate::day::Day;

/// What a day asks for, in orders a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Asked {
    /// The least rate with which no order ever waits: the peak.
    pub at_once_per_s: f64,
    /// The least rate with which no order waits longer than `--drain-s`.
    pub in_time_per_s: f64,
}

impl Asked {
    /// What this day asks for when orders may wait so long.
    pub fn of(day: &Day, drain_s: f64) -> Self {
        Self { at_once_per_s: day.peak() / 60.0, in_time_per_s: least_rate(day, drain_s) }
    }
}

/// The least constant rate at which no order of the day waits longer than so many seconds.
fn least_rate(day: &Day, longest_wait_s: f64) -> f64 {
    // Slower than the mean the queue would grow for ever, faster than the peak it is always empty.
    let (mut too_slow, mut enough) = (day.total() / crate::day::SECONDS_PER_DAY, day.peak() / 60.0);
    for _ in 0..60 {
        let rate = too_slow.midpoint(enough);
        if most_waiting(day, rate) <= rate * longest_wait_s {
            enough = rate;
        } else {
            too_slow = rate;
        }
    }
    enough
}

/// The most orders that wait at any moment of an endless row of such days.
fn most_waiting(day: &Day, rate_per_s: f64) -> f64 {
    let (mut waiting, mut most): (f64, f64) = (0.0, 0.0);
    // Twice, because the second day begins with what the first one left over.
    for pair in [day.knots(), day.knots()].iter().flat_map(|knots| knots.windows(2)) {
        let (from, to) = (pair[0], pair[1]);
        let (length_s, mut before_s) = (to.at_s - from.at_s, 0.0);
        let excess = [from, to].map(|knot| knot.orders_per_minute / 60.0 - rate_per_s);
        // Where the curve crosses the rate the queue turns; on either side it only grows or only
        // shrinks.
        let crossing = excess[0] / (excess[0] - excess[1]);
        let crossing_s = (crossing > 0.0 && crossing < 1.0).then_some(crossing * length_s);
        for end_s in crossing_s.into_iter().chain([length_s]) {
            let at = |elapsed_s: f64| excess[0] + (excess[1] - excess[0]) * elapsed_s / length_s;
            waiting += f64::midpoint(at(before_s), at(end_s)) * (end_s - before_s);
            waiting = waiting.max(0.0);
            most = most.max(waiting);
            before_s = end_s;
        }
    }
    most
}

/// The orders a second that a node gives, limited by its processors or by its memory.
///
/// By processors: those it has, used to the target share, divided by the CPU seconds of an order.
/// By memory: as many copies of the app as fit, each with the throughput that was measured for one.
///
/// # Errors
/// When not even one copy fits, with the node's name.
pub fn orders_per_s_of(
    node: &NodeType,
    measured: &Measured,
    redis_mib: f64,
    assumed: &Assumptions,
) -> Result<f64> {
    let (cpu_s, taken_mib) = match assumed.redis {
        RedisPlace::System => (measured.app_cpu_s, 0.0),
        // Any of the nodes may be the one that Redis is put on.
        RedisPlace::Workers => (measured.cpu_s(), redis_mib),
    };
    let copies = ((assumed.usable_mib(node) - taken_mib) / measured.app_mib).floor();
    ensure!(copies >= 1.0, "{}: its memory does not hold one copy of the app", node.name);
    Ok((node.vcpus * assumed.utilisation / cpu_s).min(copies * measured.orders_per_s))
}

/// Whole nodes for a rate. A rounding error in the last digits is not worth a node.
pub fn nodes_for(orders_per_s: f64, orders_per_s_of_a_node: f64) -> u32 {
    (orders_per_s / orders_per_s_of_a_node - 1e-9).ceil().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::super::tests::{a_measurement, a_node};
    use super::*;

    fn a_day(lines: &str) -> Day {
        Day::parse(&format!("time,orders_per_minute\n{lines}")).expect("a good day")
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
            "{found} instead of {expected}"
        );
    }

    #[test]
    fn a_constant_day_asks_for_its_rate_however_long_orders_may_wait() {
        let day = a_day("00:00,600");
        assert_eq!(Asked::of(&day, 0.0).at_once_per_s, 10.0);
        for wait_s in [0.0, 60.0, 3_600.0] {
            assert_close(Asked::of(&day, wait_s).in_time_per_s, 10.0);
        }
    }

    #[test]
    fn orders_that_may_not_wait_ask_for_the_peak() {
        let day = a_day("10:00,0\n10:01,600\n10:02,0\n");
        assert_close(Asked::of(&day, 0.0).in_time_per_s, 10.0);
    }

    #[test]
    fn a_plateau_may_be_drained_in_its_own_time_and_the_wait() {
        // 60 orders a second for ten minutes, edges of a minute: within a wait W rate r serves what
        // comes above it, least where the backlog at the falling edge's crossing is r * W. With r =
        // 40: the edges add 60 * (1/3 * 20 / 2) = 200 each, the plateau 600 * 20 = 12000, in all
        // 12400 orders, which wait 12400 / 40 = 310 s.
        let day = a_day("10:00,0\n10:01,3600\n10:11,3600\n10:12,0\n");
        assert_close(most_waiting(&day, 40.0), 12_400.0);
        assert_close(Asked::of(&day, 310.0).in_time_per_s, 40.0);
    }

    #[test]
    fn a_queue_that_is_full_at_midnight_is_carried_over() {
        // 10 a second around midnight for two hours and nothing else, served at 5: an hour before
        // midnight leaves 18000, the hour after it another 18000, and each edge, half a minute of
        // which is above 5, another 30 * 5 / 2 = 75.
        let day = a_day("01:00,600\n01:01,0\n22:59,0\n23:00,600\n");
        assert_close(most_waiting(&day, 5.0), 36_150.0);
    }

    #[test]
    fn the_longer_orders_may_wait_the_less_is_needed() {
        let day = a_day("08:00,0\n12:00,9000\n12:01,100\n18:00,0\n");
        let rates: Vec<f64> = [0.0, 10.0, 60.0, 600.0]
            .iter()
            .map(|wait| Asked::of(&day, *wait).in_time_per_s)
            .collect();
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
    }

    #[test]
    fn a_node_is_limited_by_its_processors() {
        // 4 processors, used to 60 %: 2.4 CPU seconds a second, at 100 us an order for the app
        // 24000 orders.
        let given = |redis| {
            orders_per_s_of(
                &a_node(),
                &a_measurement(),
                50.0,
                &Assumptions { redis, ..Assumptions::default() },
            )
        };
        assert_close(given(RedisPlace::System).expect("it fits"), 24_000.0);
        // With Redis's 140 us on the same node: 2.4 / 240e-6 = 10000.
        assert_close(given(RedisPlace::Workers).expect("it fits"), 10_000.0);
    }

    #[test]
    fn a_node_is_limited_by_its_memory() {
        // 0.5 GiB, of which three quarters are usable: 384 MiB, 3 copies of 100 MiB with 5000
        // orders a second each.
        let node = NodeType { memory_gib: 0.5, ..a_node() };
        let given = |redis_mib, redis| {
            let assumed = Assumptions { redis, ..Assumptions::default() };
            orders_per_s_of(&node, &a_measurement(), redis_mib, &assumed)
        };
        assert_close(given(0.0, RedisPlace::System).expect("it fits"), 15_000.0);
        assert_close(given(184.0, RedisPlace::Workers).expect("it fits"), 10_000.0);
        let why = format!("{:#}", given(285.0, RedisPlace::Workers).expect_err("no room is left"));
        assert!(why.starts_with("four: its memory does not hold"), "{why}");
    }

    #[test]
    fn nodes_are_whole() {
        assert_eq!(nodes_for(0.0, 10.0), 0);
        assert_eq!(nodes_for(0.1, 10.0), 1);
        assert_eq!(nodes_for(10.0, 10.0), 1);
        assert_eq!(nodes_for(10.01, 10.0), 2);
        assert_eq!(nodes_for(0.1 + 0.2, 0.3), 1);
    }
}
