//! A histogram in few steps for people, merged from the many of a report, and the share of orders
//! below each latency.

use super::Bucket;
use super::units;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub(crate) above_ms: f64,
    pub(crate) up_to_ms: f64,
    pub(crate) orders: u64,
}

impl Row {
    pub(crate) fn label(&self) -> String {
        units::chosen_time(self.up_to_ms)
    }
}

/// Where rows may end within a decade, from fine to coarse.
const STEPS: [&[f64]; 4] = [
    &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

/// At most `max` rows with round bounds, from the fastest order to the slowest.
pub(crate) fn rows(buckets: &[Bucket], most: usize) -> Vec<Row> {
    let full = || buckets.iter().filter(|bucket| bucket.orders > 0 && bucket.up_to_ms.is_finite());
    let ends = || full().map(|bucket| bucket.up_to_ms).filter(|end| *end > 0.0);
    let Some(slowest) = ends().reduce(f64::max) else {
        // All took no time that could be measured, or there are none.
        let orders = full().map(|bucket| bucket.orders).sum();
        return if orders == 0 {
            Vec::new()
        } else {
            vec![Row { above_ms: 0.0, up_to_ms: 0.0, orders }]
        };
    };
    // A millionth of a ms is below every clock, and keeps the number of rows finite.
    let fastest = ends().fold(slowest, f64::min).max(1e-6);
    let bounds = STEPS
        .iter()
        .map(|steps| bounds(steps, fastest, slowest))
        .find(|bounds| bounds.len() <= most)
        .unwrap_or_else(|| thinned(&bounds(STEPS[STEPS.len() - 1], fastest, slowest), most));
    let mut rows: Vec<Row> = Vec::with_capacity(bounds.len());
    for end in bounds {
        let above_ms = rows.last().map_or(0.0, |row| row.up_to_ms);
        rows.push(Row { above_ms, up_to_ms: end, orders: 0 });
    }
    for bucket in full() {
        let place = rows.partition_point(|row| row.up_to_ms < bucket.up_to_ms).min(rows.len() - 1);
        rows[place].orders += bucket.orders;
    }
    rows
}

/// Stream ids count whole milliseconds: finer rows would show the clock, not the orders.
const CLOCK_MS: f64 = 1.0;

fn bounds(steps: &[f64], fastest: f64, slowest: f64) -> Vec<f64> {
    let decades = fastest.log10().floor() as i32..=slowest.log10().ceil() as i32;
    let all = decades.flat_map(|decade| {
        steps.iter().map(move |step| {
            // By division below 1, so that 0.2 is 0.2.
            if decade < 0 { step / 10f64.powi(-decade) } else { step * 10f64.powi(decade) }
        })
    });
    let mut bounds: Vec<f64> = Vec::new();
    for bound in all.filter(|bound| *bound >= fastest && bound.is_finite()) {
        if bound - bounds.last().unwrap_or(&0.0) < CLOCK_MS {
            continue;
        }
        bounds.push(bound);
        if bound >= slowest {
            break;
        }
    }
    if bounds.last().is_none_or(|last| *last < slowest) {
        bounds.push(slowest);
    }
    bounds
}

fn thinned(bounds: &[f64], most: usize) -> Vec<f64> {
    let step = bounds.len().div_ceil(most.max(1));
    // Counted from the end, so that the last one stays.
    let mut kept: Vec<f64> = bounds.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

/// The share of orders that are no slower, and the latency in ms.
pub(crate) fn shares(buckets: &[Bucket]) -> Vec<(f64, f64)> {
    let total: u64 = buckets.iter().map(|bucket| bucket.orders).sum();
    let mut below = 0;
    let full = buckets.iter().filter(|bucket| bucket.orders > 0 && bucket.up_to_ms.is_finite());
    full.map(|bucket| {
        below += bucket.orders;
        (below as f64 / total as f64, bucket.up_to_ms)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn buckets(ends_and_orders: &[(f64, u64)]) -> Vec<Bucket> {
        ends_and_orders
            .iter()
            .map(|(up_to_ms, orders)| Bucket { up_to_ms: *up_to_ms, orders: *orders })
            .collect()
    }

    #[test]
    fn rows_end_at_round_numbers_and_hold_what_is_no_slower() {
        let buckets = buckets(&[(1.0, 1), (9.0, 0), (10.0, 3), (11.0, 4), (990.0, 5)]);
        let rows = rows(&buckets, 12);
        let ends: Vec<f64> = rows.iter().map(|row| row.up_to_ms).collect();
        assert_eq!(ends, [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]);
        let orders: Vec<u64> = rows.iter().map(|row| row.orders).collect();
        assert_eq!(orders, [1, 0, 0, 3, 4, 0, 0, 0, 0, 5]);
    }

    #[test]
    fn no_orders_are_no_rows_and_orders_without_a_measurable_latency_are_one() {
        assert_eq!(rows(&[], 15), []);
        assert_eq!(rows(&buckets(&[(1.0, 0)]), 15), []);
        assert_eq!(
            rows(&buckets(&[(0.0, 7)]), 15),
            [Row { above_ms: 0.0, up_to_ms: 0.0, orders: 7 }]
        );
    }

    #[test]
    fn rows_are_no_closer_than_the_clock_can_tell() {
        let ends: Vec<f64> = rows(&buckets(&[(0.15, 1), (1.5, 2), (4.6, 3)]), 15)
            .iter()
            .map(|row| row.up_to_ms)
            .collect();
        assert_eq!(ends, [1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn shares_end_with_all_orders() {
        assert_eq!(shares(&buckets(&[(1.0, 1), (2.0, 0), (4.0, 3)])), [(0.25, 1.0), (1.0, 4.0)]);
        assert_eq!(shares(&[]), []);
    }

    proptest! {
        #[test]
        fn rows_are_few_and_hold_every_order(
            mut buckets in prop::collection::vec((0.0..1e300f64, 0u64..1_000_000), 0..50),
            most in 1usize..20,
        ) {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            let buckets = self::buckets(&buckets);
            let rows = rows(&buckets, most);
            prop_assert!(rows.len() <= most);
            let held: u64 = rows.iter().map(|row| row.orders).sum();
            prop_assert_eq!(held, buckets.iter().map(|bucket| bucket.orders).sum::<u64>());
        }
    }
}
