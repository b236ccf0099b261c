//! The price table: what an hour of a node costs, where, since when, and who says so.
//!
//! A table that is wrong anywhere is refused as a whole, with file, entry and field: a price that
//! was read wrongly looks as good as any other in the result. Nothing has a default, because a
//! price without its date or source is worth nothing.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chrono::NaiveDate;
use serde::Serialize;
use toml::{Table, Value};

/// The checked-in table, used when no other is named.
const CHECKED_IN: &str = include_str!("../../prices.toml");

const FIELDS: [&str; 9] = [
    "provider",
    "region",
    "name",
    "architecture",
    "vcpus",
    "memory_gib",
    "usd_per_hour",
    "as_of",
    "source",
];

/// Nodes in the order of the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prices {
    /// The file, or words for the checked-in one.
    pub file: String,
    /// At least one.
    pub nodes: Vec<NodeType>,
}

/// A type of node and its price.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeType {
    /// Who rents it out.
    pub provider: String,
    /// Where.
    pub region: String,
    /// The provider's name for it; unique in a table.
    pub name: String,
    /// What it runs.
    pub architecture: Architecture,
    /// Virtual processors.
    pub vcpus: f64,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// List price.
    pub usd_per_hour: f64,
    /// When it was that, as YYYY-MM or YYYY-MM-DD.
    pub as_of: String,
    /// Who says so.
    pub source: String,
}

/// The instruction set of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// amd64.
    X86,
    /// arm64.
    Arm,
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::X86 => "x86",
            Self::Arm => "Arm",
        })
    }
}

impl NodeType {
    /// The node's price divided by its processors; memory is in it.
    pub fn usd_per_vcpu_hour(&self) -> f64 {
        self.usd_per_hour / self.vcpus
    }
}

impl Prices {
    /// Reads a file, or takes the checked-in table.
    ///
    /// # Errors
    /// When the file cannot be read, or with file, entry and field when something in it is wrong.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Self::parse("the checked-in table", CHECKED_IN) };
        let text = fs::read_to_string(path)
            .with_context(|| format!("--prices: failed to read {}", path.display()))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// With file, entry and field when something in it is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let table: Table = text.parse().with_context(|| format!("{file}: expected TOML"))?;
        if let Some(unknown) = table.keys().find(|key| *key != "node") {
            bail!("{file}: {unknown}: unknown field, expected only [[node]]");
        }
        let entries = table.get("node").and_then(Value::as_array);
        let entries = entries.with_context(|| format!("{file}: expected at least one [[node]]"))?;
        let mut nodes: Vec<NodeType> = Vec::new();
        for (number, entry) in (1..).zip(entries) {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or("without name");
            let which = || format!("{file}: node {number} ({name})");
            let entry =
                entry.as_table().with_context(|| format!("{}: expected a table", which()))?;
            let node = node(entry).with_context(which)?;
            ensure!(
                nodes.iter().all(|other| other.name != node.name),
                "{}: name: another node has it",
                which()
            );
            nodes.push(node);
        }
        ensure!(!nodes.is_empty(), "{file}: expected at least one [[node]]");
        Ok(Self { file: file.into(), nodes })
    }

    /// The node of that name.
    ///
    /// # Errors
    /// When there is none, with the names that there are.
    pub fn node(&self, name: &str) -> Result<&NodeType> {
        let found = self.nodes.iter().find(|node| node.name == name);
        found.with_context(|| {
            let names: Vec<_> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            format!("{}: no node is named {name:?}, there are {}", self.file, names.join(", "))
        })
    }
}

fn node(entry: &Table) -> Result<NodeType> {
    if let Some(unknown) = entry.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        bail!("{unknown}: unknown field, expected {}", FIELDS.join(", "));
    }
    let architecture = match text(entry, "architecture")?.as_str() {
        "x86" => Architecture::X86,
        "arm" => Architecture::Arm,
        _ => bail!("architecture: expected \"x86\" or \"arm\""),
    };
    let vcpus = number(entry, "vcpus")?;
    ensure!(vcpus.fract() == 0.0, "vcpus: expected a whole number");
    let as_of = text(entry, "as_of")?;
    let is_date = [as_of.clone(), format!("{as_of}-01")]
        .iter()
        .any(|date| date.len() == 10 && NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok());
    ensure!(is_date, "as_of: expected a month or a day, as \"2026-06\" or \"2026-06-30\"");
    Ok(NodeType {
        provider: text(entry, "provider")?,
        region: text(entry, "region")?,
        name: text(entry, "name")?,
        architecture,
        vcpus,
        memory_gib: number(entry, "memory_gib")?,
        usd_per_hour: number(entry, "usd_per_hour")?,
        as_of,
        source: text(entry, "source")?,
    })
}

fn text(entry: &Table, field: &str) -> Result<String> {
    let value = entry.get(field).with_context(|| format!("{field}: missing"))?;
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
    Ok(text.with_context(|| format!("{field}: expected a text that is not empty"))?.into())
}

fn number(entry: &Table, field: &str) -> Result<f64> {
    let value = entry.get(field).with_context(|| format!("{field}: missing"))?;
    let number = value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64));
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    number.with_context(|| format!("{field}: expected a number greater than zero"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[node]]
        provider = "Hill"
        region = "north"
        name = "small"
        architecture = "arm"
        vcpus = 2
        memory_gib = 7.5
        usd_per_hour = 0.1
        as_of = "2026-06"
        source = "a page"
    "#;

    fn why(text: &str) -> String {
        format!("{:#}", Prices::parse("p.toml", text).expect_err("a bad table"))
    }

    #[test]
    fn a_good_table_is_read_with_every_field() {
        let prices = Prices::parse("p.toml", GOOD).expect("a good table");
        let node = prices.node("small").expect("the node");
        assert_eq!((node.vcpus, node.memory_gib, node.usd_per_hour), (2.0, 7.5, 0.1));
        assert_eq!(node.architecture, Architecture::Arm);
        assert_eq!(node.usd_per_vcpu_hour(), 0.05);
    }

    #[test]
    fn the_checked_in_table_has_both_architectures_of_three_providers() {
        let prices = Prices::read(None).expect("a good table");
        for provider in ["Azure", "AWS", "GCP"] {
            for architecture in [Architecture::X86, Architecture::Arm] {
                let is_there = |node: &NodeType| {
                    node.provider == provider && node.architecture == architecture
                };
                assert!(prices.nodes.iter().any(is_there), "{provider} {architecture}");
            }
        }
    }

    #[test]
    fn each_missing_field_is_named_with_file_and_entry() {
        for field in FIELDS {
            let lines = GOOD.lines().filter(|line| !line.trim_start().starts_with(field));
            let text: Vec<_> = lines.collect();
            let name = if field == "name" { "without name" } else { "small" };
            assert_eq!(why(&text.join("\n")), format!("p.toml: node 1 ({name}): {field}: missing"));
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        let why_of_field = why(&format!("{GOOD}\n spot = true"));
        assert!(
            why_of_field.starts_with("p.toml: node 1 (small): spot: unknown field"),
            "{why_of_field}"
        );
        let why_of_table = why(&format!("currency = \"EUR\"\n{GOOD}"));
        assert!(why_of_table.starts_with("p.toml: currency: unknown field"), "{why_of_table}");
    }

    #[test]
    fn numbers_must_be_greater_than_zero() {
        for (good, field) in [
            ("vcpus = 2", "vcpus"),
            ("memory_gib = 7.5", "memory_gib"),
            ("usd_per_hour = 0.1", "usd_per_hour"),
        ] {
            for bad in ["0", "0.0", "-1", "-0.5", "nan", "inf", "\"2\""] {
                let why = why(&GOOD.replace(good, &format!("{field} = {bad}")));
                let expected =
                    format!("p.toml: node 1 (small): {field}: expected a number greater than zero");
                assert_eq!(why, expected, "{bad}");
            }
        }
        assert!(
            why(&GOOD.replace("vcpus = 2", "vcpus = 1.5"))
                .contains("vcpus: expected a whole number")
        );
    }

    #[test]
    fn texts_dates_and_architectures_are_checked() {
        assert!(why(&GOOD.replace("a page", " ")).contains("source: expected a text"));
        assert!(why(&GOOD.replace("\"arm\"", "\"ARMv8\"")).contains("architecture: expected"));
        for date in ["June 2026", "2026", "2026-13", "2026-6", "2026-06-31"] {
            assert!(
                why(&GOOD.replace("2026-06", date)).contains("as_of: expected a month or a day"),
                "{date}"
            );
        }
        assert!(Prices::parse("p.toml", &GOOD.replace("2026-06", "2026-06-30")).is_ok());
    }

    #[test]
    fn a_name_stands_for_one_node() {
        assert_eq!(
            why(&format!("{GOOD}{GOOD}")),
            "p.toml: node 2 (small): name: another node has it"
        );
    }

    #[test]
    fn an_empty_table_and_an_unknown_name_are_refused() {
        assert_eq!(why(""), "p.toml: expected at least one [[node]]");
        assert!(why("node = []").contains("expected at least one [[node]]"));
        let prices = Prices::parse("p.toml", GOOD).expect("a good table");
        let why = format!("{:#}", prices.node("large").expect_err("no such node"));
        assert_eq!(why, "p.toml: no node is named \"large\", there are small");
    }
}
