use super::*;

#[test]
fn a_deadline_is_never_shorter_than_the_limit_and_at_most_two_ticks_longer() {
    for ms in [1, 9, 10, 11, 55, 1000, 1001, 600_000] {
        let timeout = Duration::from_millis(ms);
        let tick = Limits::tick(timeout);
        let ticks = u32::try_from(Limits::deadline_ticks(timeout)).unwrap();
        assert!(tick * (ticks - 1) >= timeout, "{ms}");
        assert!(tick * ticks <= timeout + 2 * tick, "{ms}");
    }
}
