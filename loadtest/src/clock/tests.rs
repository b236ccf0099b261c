use super::*;

#[test]
fn a_difference_that_the_time_of_the_answer_does_not_explain_is_drift() {
    let ms = Duration::from_millis;
    let now = Instant::now();
    let released_at_us = 1_000_000_000;
    let mut clocks =
        Clocks { released: now, released_at_us, sampled_at: now, drift: Clock::default() };
    let mut drift_ms = |asked, redis_ms: u64, answered| {
        clocks.compare(ms(asked), released_at_us + redis_ms * 1_000, ms(answered));
        clocks.drift.drift_ms
    };
    assert_eq!(drift_ms(100, 105, 110), 0.0);
    assert_eq!(drift_ms(200, 225, 210), 15.0, "Redis is ahead");
    assert_eq!(drift_ms(300, 305, 310), 15.0, "the largest drift counts");
    assert_eq!(drift_ms(400, 340, 410), 60.0, "Redis was set back");
    assert_eq!(clocks.drift.samples, 4);
}
