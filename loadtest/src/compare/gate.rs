//! `--fail-if`: a limit for the change of a figure, for CI.

use std::str::FromStr;

use crate::figures::FIGURES;

/// `latency_p99>+10%`: the figure may be at most 10 % above that of the first group. With `>-50%`
/// it has to be at most half of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gate {
    pub(super) key: &'static str,
    is_above: bool,
    percent: f64,
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected FIGURE>N% or FIGURE<N%, with N above -100, such as latency_p99>+10%"
                .to_owned()
        };
        let at = text.find(['>', '<']).ok_or_else(expected)?;
        let (key, limit) = (text[..at].trim(), text[at + 1..].trim());
        let percent = limit.strip_suffix('%').and_then(|percent| percent.trim().parse().ok());
        let percent: f64 = percent
            .filter(|percent: &f64| percent.is_finite() && *percent > -100.0)
            .ok_or_else(expected)?;
        let keys: Vec<&str> = FIGURES.iter().map(|figure| figure.key).collect();
        let key = *keys
            .iter()
            .find(|known| **known == key)
            .ok_or_else(|| format!("{key} is not a figure, expected one of {}", keys.join(", ")))?;
        Ok(Self { key, is_above: text[at..].starts_with('>'), percent })
    }
}

impl Gate {
    /// What to report if a ratio to the first group is beyond the limit.
    pub(super) fn violation(self, group: &str, ratio: f64) -> Option<String> {
        // Rounded, so that a change of exactly the limit passes.
        let change = ((ratio - 1.0) * 1e9).round() / 1e7;
        let is_beyond = if self.is_above { change > self.percent } else { change < self.percent };
        let key = self.key;
        is_beyond.then(|| {
            format!("FAILED: {key} of {group} is {change:+.1} %, limit {:+} %", self.percent)
        })
    }
}

#[cfg(test)]
mod tests;
