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
mod tests;
