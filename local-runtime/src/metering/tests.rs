use super::*;

#[test]
fn figures_are_kept_by_component_added_up_and_forgotten_on_reset() {
    let meter = Meter::new(["a", "b"]);
    for us in 1..=100 {
        meter.record("a", Duration::from_micros(us));
    }
    meter.record("b", Duration::from_micros(500));
    meter.record("unknown", Duration::from_micros(1));
    let report = meter.report();
    assert_eq!(
        report.components["a"],
        Figures { starts: 100, p50_us: 50, p99_us: 99, max_us: 100 }
    );
    assert_eq!(report.components["b"].starts, 1);
    assert_eq!((report.all.starts, report.all.max_us), (101, 500));
    meter.reset();
    assert_eq!(meter.report().all, Figures { starts: 0, p50_us: 0, p99_us: 0, max_us: 0 });
}

#[test]
fn a_start_beyond_the_longest_is_still_counted() {
    let meter = Meter::new(["a"]);
    meter.record("a", Duration::from_hours(1));
    assert_eq!(meter.report().all.starts, 1);
}
