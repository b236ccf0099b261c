//! A pool of nodes over a day, second by second: how many are paid for, and how long orders wait.
//!
//! The pool wants as many nodes as serve the present rate, or as drain what waits within the
//! allowed time, whichever is more. A wished node is paid from then on, and works after the
//! reaction time. A node goes when it was not wanted for the scale-in time. The day is run twice
//! and the second one counted, so that it begins as it ends.

use std::collections::VecDeque;

use serde::Serialize;

use super::capacity::nodes_for;
use crate::day::Day;

/// Seconds of a day.
const DAY: usize = 86_400;

/// How a pool behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Nodes that are always there.
    pub least: u32,
    /// Nodes that are never exceeded; the same as `least` for a pool that does not scale.
    pub most: u32,
    /// Orders a second that a node gives.
    pub orders_per_s: f64,
    /// What waits is to be gone within so many seconds.
    pub drain_s: u32,
    /// From the wish for a node until it works.
    pub reaction_s: u32,
    /// How long a node must be unwanted before it goes.
    pub scale_in_s: u32,
}

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PoolDay {
    /// Hours of nodes that were paid for.
    pub node_hours: f64,
    /// The least nodes at any moment.
    pub fewest_nodes: u32,
    /// The most.
    pub most_nodes: u32,
    /// The longest that an order waited for its turn, in whole seconds.
    pub longest_wait_s: usize,
}

/// Orders of each second of a day.
pub fn arrivals(day: &Day) -> Vec<f64> {
    let until: Vec<f64> = (0..=DAY).map(|second| day.orders_until(second as f64)).collect();
    until.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The most orders that come within so many seconds, at most a day.
pub fn most_within(arrivals: &[f64], seconds: u32) -> f64 {
    let seconds = (seconds as usize).min(DAY);
    let mut within: f64 = arrivals[..seconds].iter().sum();
    let mut most = within;
    for second in 0..DAY {
        within += arrivals[(second + seconds) % DAY] - arrivals[second];
        most = most.max(within);
    }
    most
}

/// Hours of a day in which the app is at zero: no order came for so many seconds.
pub fn hours_without_app(arrivals: &[f64], cooldown_s: u32) -> f64 {
    let mut last = None;
    let mut seconds_at_zero = 0;
    for second in 0..2 * DAY {
        if arrivals[second % DAY] > 0.0 {
            last = Some(second);
        }
        let is_at_zero = last.is_none_or(|last| second - last > cooldown_s as usize);
        seconds_at_zero += usize::from(is_at_zero && second >= DAY);
    }
    seconds_at_zero as f64 / 3_600.0
}

/// Runs the pool for a day.
pub fn run(arrivals: &[f64], rules: Rules) -> PoolDay {
    // What is wished counts for as long as a node stays, and works when it was there for the whole
    // reaction time.
    let mut paid = Window::new(rules.scale_in_s);
    let mut missing = Window::new(rules.reaction_s);
    let mut waiting = Waiting::default();
    let mut day =
        PoolDay { node_hours: 0.0, fewest_nodes: u32::MAX, most_nodes: 0, longest_wait_s: 0 };
    let mut node_s = 0;
    for second in 0..2 * DAY {
        let counts = second >= DAY;
        let arrived = arrivals[second % DAY];
        waiting.add(second, arrived);
        let demand_per_s = arrived.max(waiting.orders / f64::from(rules.drain_s));
        let wanted = nodes_for(demand_per_s, rules.orders_per_s).clamp(rules.least, rules.most);
        let nodes = paid.most(second, wanted);
        let working = rules.most - missing.most(second, rules.most - nodes);
        let waited_s = waiting.serve(second, f64::from(working) * rules.orders_per_s);
        if counts {
            node_s += u64::from(nodes);
            day.fewest_nodes = day.fewest_nodes.min(nodes);
            day.most_nodes = day.most_nodes.max(nodes);
            day.longest_wait_s = day.longest_wait_s.max(waited_s);
        }
    }
    day.node_hours = node_s as f64 / 3_600.0;
    day
}

/// The most of the last so many seconds and the present one.
struct Window {
    seconds: usize,
    /// Falling values, each the most from its second on.
    candidates: VecDeque<(usize, u32)>,
}

impl Window {
    fn new(seconds: u32) -> Self {
        Self { seconds: seconds as usize, candidates: VecDeque::new() }
    }

    fn most(&mut self, now: usize, value: u32) -> u32 {
        while self.candidates.back().is_some_and(|(_, smaller)| *smaller <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((now, value));
        while self.candidates.front().is_some_and(|(since, _)| since + self.seconds < now) {
            self.candidates.pop_front();
        }
        self.candidates.front().map_or(value, |(_, most)| *most)
    }
}

/// Orders that wait, first come, first served.
#[derive(Default)]
struct Waiting {
    orders: f64,
    since: VecDeque<(usize, f64)>,
}

impl Waiting {
    fn add(&mut self, now: usize, orders: f64) {
        if orders > 0.0 {
            self.since.push_back((now, orders));
            self.orders += orders;
        }
    }

    /// Serves up to so many, and tells for how many seconds the oldest of them waited, or the
    /// oldest that still waits.
    fn serve(&mut self, now: usize, mut capacity: f64) -> usize {
        let waited_s = self.since.front().map_or(0, |(since, _)| now - since);
        while let Some((_, orders)) = self.since.front_mut() {
            // Less than a millionth of an order is rounding.
            if *orders > capacity + 1e-6 {
                *orders -= capacity;
                self.orders -= capacity;
                return waited_s;
            }
            capacity = (capacity - *orders).max(0.0);
            self.orders -= *orders;
            self.since.pop_front();
        }
        self.orders = 0.0;
        waited_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_day(lines: &str) -> Vec<f64> {
        arrivals(&Day::parse(&format!("time,orders_per_minute\n{lines}")).expect("a good day"))
    }

    fn some_rules() -> Rules {
        Rules { least: 0, most: 8, orders_per_s: 10.0, drain_s: 60, reaction_s: 0, scale_in_s: 0 }
    }

    #[test]
    fn a_pool_that_does_not_scale_is_paid_around_the_clock_without_a_single_order() {
        let rules = Rules { least: 3, most: 3, ..some_rules() };
        let day = run(&a_day("00:00,0"), rules);
        assert_eq!(
            day,
            PoolDay { node_hours: 72.0, fewest_nodes: 3, most_nodes: 3, longest_wait_s: 0 }
        );
    }

    #[test]
    fn a_pool_that_goes_to_zero_costs_nothing_without_orders() {
        assert_eq!(run(&a_day("00:00,0"), some_rules()).node_hours, 0.0);
    }

    #[test]
    fn a_constant_load_keeps_the_nodes_it_needs() {
        // 25 a second, 10 from a node: 3 nodes for 24 hours.
        let day = run(&a_day("00:00,1500"), some_rules());
        assert_eq!((day.node_hours, day.fewest_nodes, day.most_nodes), (72.0, 3, 3));
        assert_eq!(day.longest_wait_s, 0);
    }

    #[test]
    fn an_hour_of_work_is_paid_with_its_scale_in_time() {
        // Orders come from 10:00 to 11:00 o'clock; the node stays 600 s after the last second with
        // one.
        let rules = Rules { scale_in_s: 600, ..some_rules() };
        let day = run(&a_day("10:00,0\n10:01,300\n10:59,300\n11:00,0\n"), rules);
        assert_eq!(day.node_hours, (3_600.0 + 600.0) / 3_600.0);
        assert_eq!((day.fewest_nodes, day.most_nodes), (0, 1));
    }

    #[test]
    fn the_first_order_waits_for_its_node() {
        let rules = Rules { reaction_s: 180, scale_in_s: 600, ..some_rules() };
        let day = run(&a_day("10:00,0\n10:01,60\n10:59,60\n11:00,0\n"), rules);
        assert_eq!(day.longest_wait_s, 180);
        let always_on = Rules { least: 1, ..rules };
        assert_eq!(
            run(&a_day("10:00,0\n10:01,60\n10:59,60\n11:00,0\n"), always_on).longest_wait_s,
            0
        );
    }

    #[test]
    fn a_pool_at_its_limit_lets_orders_wait() {
        // 60 a second on a plateau of 10 minutes, 40 can be served: 12400 orders wait at most, 310
        // s, as in `capacity`.
        let rules = Rules { least: 4, most: 4, ..some_rules() };
        let day = run(&a_day("10:00,0\n10:01,3600\n10:11,3600\n10:12,0\n"), rules);
        assert!((309..=311).contains(&day.longest_wait_s), "{}", day.longest_wait_s);
    }

    #[test]
    fn a_window_remembers_its_most_for_its_length() {
        let mut window = Window::new(2);
        let seen: Vec<u32> = [1, 5, 2, 3, 1, 1, 1]
            .into_iter()
            .enumerate()
            .map(|(now, value)| window.most(now, value))
            .collect();
        assert_eq!(seen, [1, 5, 5, 5, 3, 3, 1]);
    }

    #[test]
    fn the_most_orders_are_looked_for_across_midnight() {
        // One a second from 23:00 to 01:00, the edges apart.
        let day = a_day("01:00,60\n01:01,0\n22:59,0\n23:00,60\n");
        assert!((most_within(&day, 7_200) - 7_200.0).abs() < 1e-6);
        assert!((most_within(&day, 60) - 60.0).abs() < 1e-6);
        assert!(
            (most_within(&day, 86_400) - 7_260.0).abs() < 1e-6,
            "an edge is half a minute's worth"
        );
    }

    #[test]
    fn the_app_is_at_zero_when_its_cooldown_is_over() {
        // Orders in one hour of the day, a cooldown of half an hour.
        let day = a_day("10:00,0\n10:01,300\n10:59,300\n11:00,0\n");
        assert_eq!(hours_without_app(&day, 1_800), 22.5);
        assert_eq!(hours_without_app(&a_day("00:00,0"), 300), 24.0);
        assert_eq!(hours_without_app(&a_day("00:00,1"), 300), 0.0);
    }
}
