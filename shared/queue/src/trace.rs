//! W3C trace context: the header `traceparent`, which also travels as a field of an order's
//! entries.
//!
//! This module creates no span. A message keeps the context of its producer unchanged, so that log
//! lines can name the trace. An invalid value is ignored (W3C Trace Context, level 1, section 3.2).

use std::fmt;

/// A valid `traceparent` of version 00: trace id, parent id and flags, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

/// Length of `00-<32>-<16>-<2>`.
const LENGTH: usize = 55;

impl TraceParent {
    /// Reads the value of a header or field; `None` when it is not valid.
    ///
    /// From a later version it takes the part that all versions share, as the recommendation
    /// requires. The result has version 00 and no flag but "sampled".
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let known = text.get(..LENGTH)?;
        let mut parts = known.split('-');
        let (version, trace_id, parent_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_valid = parts.next().is_none()
            && is_hex(version, 2)
            && version != "ff"
            && is_hex(trace_id, 32)
            && !is_zero(trace_id)
            && is_hex(parent_id, 16)
            && !is_zero(parent_id)
            && is_hex(flags, 2);
        let rest = &text[LENGTH..];
        match version {
            _ if !is_valid => None,
            "00" => rest.is_empty().then(|| Self(known.to_owned())),
            _ if rest.is_empty() || rest.starts_with('-') => {
                let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1;
                Some(Self(format!("00-{trace_id}-{parent_id}-{is_sampled:02x}")))
            }
            _ => None,
        }
    }

    /// Starts a trace from random bytes, without the flag "sampled". `None` if an id is all zero.
    pub fn begin(random: [u8; 24]) -> Option<Self> {
        let (trace_id, parent_id) = random.split_at(16);
        let hex =
            |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
        let text = format!("00-{:032x}-{:016x}-00", hex(trace_id), hex(parent_id));
        Self::parse(text.as_bytes())
    }

    /// The whole value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace id, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
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
}
