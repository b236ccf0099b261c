//! Tables of measured figures are written from the reports in `docs/figures`, by the templates in
//! `docs/figures/tables.toml`. `cargo xtask figures` runs this test with `UPDATE_FIGURES` set.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

const BEGIN: &str = "<!--figures:";
const END: &str = "<!--/figures-->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn files(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).map(|name| format!("{folder}/{name}")).collect()
}

/// One step of a path. In a list: the element with this `key` or index, or this field of all.
fn step(value: &Value, name: &str) -> Option<Value> {
    let Value::Array(all) = value else { return value.get(name).cloned() };
    let index = name.parse().unwrap_or(usize::MAX);
    let keyed = all.iter().find(|one| one["key"] == name).or_else(|| all.get(index)).cloned();
    keyed.or_else(|| all.iter().map(|element| step(element, name)).collect())
}

/// Several runs of one figure become their median and range.
fn spread(value: Value) -> Value {
    let Value::Array(all) = &value else { return value };
    let mut runs: Vec<f64> = all.iter().map(|run| run.as_f64().unwrap()).collect();
    runs.sort_by(f64::total_cmp);
    let (low, high) = (runs[(runs.len() - 1) / 2], runs[runs.len() / 2]);
    json!({ "min": runs[0], "median": low.midpoint(high), "max": runs[runs.len() - 1] })
}

/// What a path such as `burst.runs.total_s` names, a `.median` at its end included.
fn look_up(path: &str, reports: &mut BTreeSet<String>) -> Value {
    let (path, is_median) = path.strip_suffix(".median").map_or((path, false), |path| (path, true));
    let (report, rest) = path.split_once('.').unwrap();
    reports.insert(format!("docs/figures/{report}.json"));
    let whole = serde_json::from_str(&read(&format!("docs/figures/{report}.json"))).unwrap();
    let found = rest.split('.').try_fold(whole, |value: Value, name| step(&value, name));
    let value = spread(found.unwrap_or_else(|| panic!("{report}.json has no {rest}")));
    if is_median { value["median"].clone() } else { value }
}

fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let whole = text.find('.').unwrap_or(text.len());
    let comma = |(at, digit): (usize, char)| {
        let is_group = at > 0 && at < whole && (whole - at) % 3 == 0;
        if is_group { format!(",{digit}") } else { digit.to_string() }
    };
    text.chars().enumerate().map(comma).collect()
}

/// A placeholder `path`, `path:decimals`, `path*factor:decimals` or `path/path:decimals`; the last
/// one is the ratio of the medians.
fn shown(placeholder: &str, reports: &mut BTreeSet<String>) -> String {
    let (path, decimals) = placeholder.split_once(':').unwrap_or((placeholder, "0"));
    let decimals = decimals.parse().unwrap();
    if let Some((path, of)) = path.split_once('/') {
        let mut median = |path: &str| look_up(&format!("{path}.median"), reports).as_f64().unwrap();
        return number(median(path) / median(of), decimals);
    }
    let (path, factor) = path.split_once('*').unwrap_or((path, "1"));
    let factor: f64 = factor.parse().unwrap();
    let scaled = |value: &Value| number(value.as_f64().unwrap() * factor, decimals);
    match look_up(path, reports) {
        Value::Null => "-".to_owned(),
        Value::String(text) => text,
        one @ Value::Number(_) => scaled(&one),
        many if many["min"] == many["max"] => scaled(&many["median"]),
        many => {
            let [min, median, max] = ["min", "median", "max"].map(|name| scaled(&many[name]));
            format!("{median} [{min}..{max}]")
        }
    }
}

fn filled(template: &str, reports: &mut BTreeSet<String>) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (placeholder, rest) = part.split_once('}').unwrap();
        text += &shown(placeholder, reports);
        text += rest;
    }
    text
}

#[test]
fn tables_of_figures_are_written_from_their_reports() {
    let mut reports = BTreeSet::new();
    let templates: toml::Table = read("docs/figures/tables.toml").parse().unwrap();
    let mut unused: BTreeSet<&String> = templates.keys().collect();
    for page in files("docs", ".md").into_iter().chain(["README.md".to_owned()]) {
        let old = read(&page);
        let mut parts = old.split(BEGIN);
        let mut new = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("-->").unwrap();
            let (_, rest) = rest.split_once(END).unwrap_or_else(|| panic!("{page}: no {END}"));
            let template = templates.get(name).and_then(toml::Value::as_str);
            let template = template.unwrap_or_else(|| panic!("{page}: no template {name}"));
            let table = filled(template, &mut reports);
            new += &[BEGIN, name, "-->\n", &table, END, rest].concat();
            unused.remove(&name.to_owned());
        }
        if new != old && std::env::var_os("UPDATE_FIGURES").is_some() {
            std::fs::write(root().join(&page), &new).unwrap();
        }
        assert_eq!(read(&page), new, "{page}: `cargo xtask figures` writes its tables again");
    }
    assert!(unused.is_empty(), "no page has the tables {unused:?}");
    assert_eq!(BTreeSet::from_iter(files("docs/figures", ".json")), reports, "used reports");
}

#[test]
fn several_runs_are_shown_as_median_and_range() {
    let runs = step(&json!([{ "s": 4.0 }, { "s": 1000.0 }, { "s": 1.0 }, { "s": 2.0 }]), "s");
    let expected = json!({ "min": 1.0, "median": 3.0, "max": 1000.0 });
    assert_eq!(spread(runs.unwrap()), expected);
    assert_eq!(step(&json!([{ "key": "a", "x": 1 }]), "a"), Some(json!({ "key": "a", "x": 1 })));
    let shown = [number(999.6, 0), number(1_234_567.891, 2), number(0.004, 2)];
    assert_eq!(shown, ["1,000", "1,234,567.89", "0.00"]);
}
