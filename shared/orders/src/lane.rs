use serde::Serialize;
use strum::{Display, EnumString, VariantNames};

/// Where a routed order waits.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Display,
    EnumString,
    VariantNames,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Lane {
    /// Taken from the shelves and sent.
    Simple,
    /// Planned, and its lenses are designed.
    Complex,
}

impl Lane {
    /// The names of both lanes.
    pub const NAMES: [&'static str; 2] = [Self::VARIANTS[0], Self::VARIANTS[1]];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}
