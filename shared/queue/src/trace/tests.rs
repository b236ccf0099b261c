use super::*;

// The examples of the recommendation, section 3.2.
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn read(value: &str) -> Option<String> {
    TraceParent::parse(value.as_bytes()).map(|trace| trace.to_string())
}

#[test]
fn valid_values_are_kept_as_they_are() {
    for value in [SAMPLED, NOT_SAMPLED, &SAMPLED.replace("-01", "-ff")] {
        assert_eq!(read(value).as_deref(), Some(value));
    }
    let trace = TraceParent::parse(SAMPLED.as_bytes()).unwrap();
    assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn what_the_recommendation_calls_invalid_is_not_carried() {
    let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    for bad in [
        "",
        "00",
        &SAMPLED[..54],
        &format!("{SAMPLED} "),
        &format!(" {SAMPLED}"),
        &format!("{SAMPLED}-"),
        &format!("{SAMPLED}-extra"),
        &SAMPLED.to_uppercase(),
        &format!("0-{ids}-01"),
        &format!("ff-{ids}-01"),
        &format!("0x-{ids}-01"),
        &format!("00-{ids}-0g"),
        &format!("00-{ids}-1"),
        &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        &format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16)),
        "00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473ü-0f067aa0ba902b7-01",
        &format!("01-{ids}-01x"),
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
    assert_eq!(TraceParent::parse(b"00-\xff"), None);
}

#[test]
fn a_later_version_goes_on_as_the_one_that_is_known() {
    for later in [
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-the-future-will-be-like",
    ] {
        assert_eq!(read(later).as_deref(), Some(SAMPLED));
    }
}

#[test]
fn a_trace_that_is_begun_is_valid_and_not_sampled() {
    let random = std::array::from_fn(|index| index as u8);
    let trace = TraceParent::begin(random).unwrap();
    assert_eq!(trace.as_str(), "00-000102030405060708090a0b0c0d0e0f-1011121314151617-00");
    assert_eq!(TraceParent::begin([0; 24]), None);
}
