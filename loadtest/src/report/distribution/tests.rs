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
    assert_eq!(rows(&buckets(&[(0.0, 7)]), 15), buckets(&[(1.0, 7)]));
}

#[test]
fn rows_are_no_closer_than_the_clock_can_tell() {
    let ends: Vec<f64> = rows(&buckets(&[(0.15, 1), (1.5, 2), (4.6, 3)]), 15)
        .iter()
        .map(|row| row.up_to_ms)
        .collect();
    assert_eq!(ends, [1.0, 2.0, 3.0, 4.0, 5.0]);
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
