use super::*;

#[test]
fn a_gate_fails_beyond_its_limit_and_not_at_it() {
    let gate: Gate = "latency_p99>+10%".parse().unwrap();
    assert_eq!(gate.violation("B", 1.1), None);
    let text = gate.violation("B", 1.25).unwrap();
    assert_eq!(text, "FAILED: latency_p99 of B is +25.0 %, limit +10 %");
    assert_eq!(gate.violation("B", 0.5), None);
    let gate: Gate = "orders_per_s < -5 %".parse().unwrap();
    assert_eq!((gate.violation("B", 0.96), gate.violation("B", 1.5)), (None, None));
    assert!(gate.violation("B", 0.9).is_some());
}

#[test]
fn a_gate_that_is_wrong_says_what_is_expected() {
    for wrong in [
        "orders_per_s<-100%",
        "latency_p99",
        "latency_p99>10",
        "latency_p99>+x%",
        "latency_p99>+inf%",
        "",
    ] {
        assert!(wrong.parse::<Gate>().unwrap_err().contains("latency_p99>+10%"), "{wrong}");
    }
    let unknown = "speed>+10%".parse::<Gate>().unwrap_err();
    assert!(unknown.starts_with("speed is not a figure") && unknown.contains("orders_per_s"));
}
