//! The price table: the price of a node per hour, with region, date and source.
//!
//! A table with any mistake is refused, because a wrong price is not visible in the result.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::input;

/// More than any node has or costs.
const MAX_FIGURE: f64 = 100_000.0;

const BUILT_IN: &str = include_str!("../../prices.toml");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prices {
    /// At least one.
    #[serde(rename(deserialize = "node"))]
    pub(super) nodes: Vec<NodeType>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeType {
    pub(super) provider: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) architecture: Architecture,
    pub(super) vcpus: u32,
    pub(super) memory_gib: f64,
    pub(super) usd_per_hour: f64,
    /// The month or day of the price.
    pub(super) as_of: String,
    pub(super) source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Architecture {
    X86,
    Arm,
}

impl Prices {
    pub(super) fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Self::parse(BUILT_IN).context("the built-in table") };
        input::parsed(path, Self::parse)
    }

    fn parse(text: &str) -> Result<Self> {
        let prices: Self = toml::from_str(text)?;
        ensure!(!prices.nodes.is_empty(), "expected at least one [[node]]");
        let mut names = HashSet::new();
        for (number, node) in (1..).zip(&prices.nodes) {
            let name = &node.name;
            let is_new = !name.is_empty() && names.insert(name);
            ensure!(is_new, "node {number} ({name}): name: expected one that no other node has");
            for (field, figure) in [
                ("vcpus", f64::from(node.vcpus)),
                ("memory_gib", node.memory_gib),
                ("usd_per_hour", node.usd_per_hour),
            ] {
                let is_good = figure > 0.0 && figure <= MAX_FIGURE;
                let expected = format!("expected a number above zero, and at most {MAX_FIGURE}");
                ensure!(is_good, "node {number} ({name}): {field}: {expected}");
            }
        }
        Ok(prices)
    }

    /// The nodes with these names, in the order of the names; without names all nodes.
    pub(super) fn only(self, names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Ok(self);
        }
        let node = |name: &String| {
            self.nodes.iter().find(|node| node.name == *name).cloned().with_context(|| {
                let all: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
                format!("there is no node {name}, but {}", all.join(", "))
            })
        };
        Ok(Self { nodes: names.iter().map(node).collect::<Result<_>>()? })
    }
}

#[cfg(test)]
mod tests;
