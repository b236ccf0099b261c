use super::*;

fn labels(axis: &Axis) -> Vec<&str> {
    axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
}

#[test]
fn amounts_end_at_a_round_number_above_the_most() {
    assert_eq!(labels(&Axis::amount(22_300.0)), ["0", "5000", "10k", "15k", "20k", "25k"]);
    assert_eq!(labels(&Axis::amount(1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"]);
    assert_eq!(Axis::amount(0.0).low, 0.0);
}

#[test]
fn times_are_labelled_in_their_unit_and_end_where_the_run_ends() {
    let axis = Axis::time(448.0, 1.0);
    assert_eq!(labels(&axis), ["0", "100", "200", "300", "400"]);
    assert_eq!((axis.high, axis.share(448.0)), (448.0, 1.0));
    assert_eq!(labels(&Axis::time(150_000.0, 60_000.0)), ["0", "0.5", "1", "1.5", "2", "2.5"]);
}

#[test]
fn latencies_that_differ_much_are_logarithmic() {
    assert!(!Axis::latency(100.0, 330.0).is_logarithmic);
    let axis = Axis::latency(1.5, 4_000.0);
    assert!(axis.is_logarithmic);
    assert_eq!(labels(&axis), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
    assert_eq!([1.0, 10.0, 10_000.0].map(|ms| axis.share(ms)), [0.0, 0.25, 1.0]);
}
