use super::*;

#[test]
fn thinning_keeps_the_time_and_the_cpu_that_was_used() {
    let sample = |second: u32| Sample {
        at_s: f64::from(second),
        ingress: 0,
        simple: 0,
        complex: 0,
        app_cores: Some(f64::from(second % 2)),
        redis_cores: 0.5,
        app_rss_mib: None,
        redis_rss_mib: 1.0,
    };
    let mut samples: Vec<Sample> = (1..=10).map(sample).collect();
    thin(&mut samples);
    assert_eq!(
        samples.iter().map(|sample| sample.at_s).collect::<Vec<_>>(),
        [2.0, 4.0, 6.0, 8.0, 10.0]
    );
    // Half of the time on one core.
    assert!(
        samples.iter().all(|sample| sample.app_cores == Some(0.5) && sample.redis_cores == 0.5)
    );
}
