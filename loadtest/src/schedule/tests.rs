use super::*;

fn even(segments: &[Segment]) -> Vec<u64> {
    due_us(segments.to_vec(), Arrivals::Even, 1).collect()
}

#[test]
fn a_constant_rate_is_evenly_spaced() {
    assert_eq!(even(&[Segment::constant(2.0, 2.0)]), [0, 500_000, 1_000_000, 1_500_000]);
    assert_eq!(even(&[Segment::constant(1.0, 0.0)]), [] as [u64; 0]);
    assert_eq!(even(&[Segment::constant(3600.0, 2000.0)]).len(), 7_200_000);
}

#[test]
fn nothing_is_due_in_a_pause_and_the_next_spike_begins_with_an_order() {
    let (spike, pause) = (Segment::constant(1.0, 3.0), Segment::constant(10.0, 0.0));
    let due = even(&[spike, pause, spike]);
    assert_eq!(due, [0, 333_333, 666_667, 11_000_000, 11_333_333, 11_666_667]);
}

#[test]
fn a_rising_rate_brings_the_square_root() {
    // 8 orders a second after 4 s: t^2 orders after t seconds.
    let due = even(&[Segment { duration_s: 4.0, from: 0.0, to: 8.0 }]);
    let expected: Vec<u64> = (0..16).map(|k| (f64::from(k).sqrt() * 1e6).round() as u64).collect();
    assert_eq!(due, expected);
}

#[test]
fn a_falling_rate_mirrors_a_rising_one() {
    let rising = even(&[Segment { duration_s: 4.0, from: 0.0, to: 8.0 }]);
    let falling = even(&[Segment { duration_s: 4.0, from: 8.0, to: 0.0 }]);
    assert_eq!(falling.len(), 16);
    // Order k of one has as many orders before it as order 16 - k of the other has behind it.
    for k in 1..16 {
        assert!((rising[16 - k] as i64 - (4_000_000 - falling[k] as i64)).abs() <= 1);
    }
}

#[test]
fn random_arrivals_keep_the_rate_and_have_the_spread_of_independent_ones() {
    let due: Vec<u64> =
        due_us(vec![Segment::constant(1000.0, 50.0)], Arrivals::Random, 9).collect();
    assert!(due.is_sorted());
    // 50,000 on average, with a standard deviation of 224.
    assert!((49_000..51_000).contains(&due.len()), "{}", due.len());
    let mut counts = vec![0.0; 1000];
    for at in &due {
        counts[(at / 1_000_000) as usize] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / 1000.0;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 1000.0;
    assert!(
        (0.85..1.15).contains(&(variance / mean)),
        "a Poisson process has a variance like its mean: {variance} {mean}"
    );
}
