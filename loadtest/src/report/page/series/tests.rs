use super::*;

#[test]
fn steps_are_level_within_an_interval_and_break_at_gaps() {
    let intervals = [3, 3, 5, 0, 7].map(|confirmed| Interval { confirmed, ..Default::default() });
    let timeline = Timeline { interval_ms: 10, intervals: intervals.to_vec() };
    let figure =
        |interval: &Interval| (interval.confirmed > 0).then_some(interval.confirmed as f64);
    assert_eq!(
        steps(&timeline, figure),
        [vec![(0.0, 3.0), (20.0, 3.0), (20.0, 5.0), (30.0, 5.0)], vec![(40.0, 7.0), (50.0, 7.0)]]
    );
}
