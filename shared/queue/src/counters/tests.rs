use super::*;

#[test]
fn a_value_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
    let buckets = |value| {
        let mut histogram = Histogram::new(&WAIT_BOUNDS_MS);
        histogram.add(value);
        let mut fields = Vec::new();
        histogram.into_fields("wait", Stream::Ingress, &mut fields);
        fields.remove(0).0
    };
    for (wait_ms, le) in [(0, "1"), (1, "1"), (2, "2"), (3, "5"), (1_800_000, "1800000")] {
        assert_eq!(buckets(wait_ms), format!("wait:ingress:{le}"));
    }
    assert_eq!(buckets(1_800_001), "wait:ingress:inf");
    assert!(WAIT_BOUNDS_MS.is_sorted() && BATCH_BOUNDS.is_sorted());
}
