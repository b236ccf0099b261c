use super::*;

#[test]
fn intervals_grow_with_the_run_and_lose_nothing() {
    let mut recorder = Recorder::default();
    recorder.interval(0).due += 1;
    recorder.latency(0, 5_000);
    assert_eq!(recorder.interval_us, SHORTEST_US);
    for second in 0..3_600 {
        recorder.interval(second * 1_000_000).arrived += 1;
        recorder.interval(second * 1_000_000 + 999_999).confirmed += 1;
        recorder.latency(second * 1_000_000, 1_000 * (second + 1));
    }
    let timeline = recorder.finish();
    assert!((MAX_INTERVALS / 2..=MAX_INTERVALS).contains(&timeline.intervals.len()));
    let sum = |count: fn(&Interval) -> u64| timeline.intervals.iter().map(count).sum::<u64>();
    assert_eq!((sum(|i| i.due), sum(|i| i.arrived), sum(|i| i.confirmed)), (1, 3_600, 3_600));
    let last = timeline.intervals.last().unwrap().latency_ms.unwrap();
    assert_eq!(last.max, 3_600.0);
    assert!(last.p50 <= last.max);
}

#[test]
fn an_event_far_ahead_does_not_cost_memory() {
    let mut recorder = Recorder::default();
    recorder.interval(0).due += 1;
    recorder.interval(30 * 86_400 * 1_000_000).dead_lettered += 1;
    assert!(recorder.intervals.len() <= MAX_INTERVALS);
    let timeline = recorder.finish();
    assert_eq!(timeline.intervals.iter().map(|interval| interval.dead_lettered).sum::<u64>(), 1);
}

#[test]
fn percentiles_and_buckets_are_those_of_the_recorded_times() {
    let mut histogram = histogram();
    // 1 to 1,000 ms, each once.
    (1..=1_000).for_each(|ms| histogram.record(ms * 1_000).unwrap());
    let latency = percentiles(&histogram);
    for (found, expected) in [
        (latency.p50, 500.0),
        (latency.p90, 900.0),
        (latency.p99, 990.0),
        (latency.max, 1_000.0),
        (latency.mean, 500.5),
    ] {
        assert!((found / expected - 1.0).abs() < 0.002, "{found} {expected}");
    }
    let buckets = buckets(&histogram);
    assert_eq!(buckets.iter().map(|bucket| bucket.orders).sum::<u64>(), 1_000);
    assert!(buckets.is_sorted_by(|a, b| a.up_to_ms < b.up_to_ms));
    let up_to_500: u64 =
        buckets.iter().filter(|bucket| bucket.up_to_ms <= 500.0).map(|bucket| bucket.orders).sum();
    assert!((400..=500).contains(&up_to_500), "{up_to_500}");
}
