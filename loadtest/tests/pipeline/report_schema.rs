//! `docs/report.schema.json` says what a report is.

use jsonschema::Validator;
use loadtest::report::Report;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::a_report::a_report;
use crate::report_text::all_reports;

fn validator() -> Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn json_of(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

#[test]
fn the_schema_of_a_report_is_current() {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>().to_value();
    schema["$id"] = "https://example.com/schemas/report.schema.json".into();
    schema_file::check("loadtest", "report.schema.json", schema);
}

#[test]
fn reports_of_every_kind_are_valid() {
    let validator = validator();
    for (name, report) in all_reports() {
        let errors: Vec<String> =
            validator.iter_errors(&json_of(&report)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

/// Every object of a report, as a pointer to it.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            fields
                .iter()
                .for_each(|(name, value)| objects(value, &format!("{pointer}/{name}"), found));
        }
        // One of each kind is enough, the first.
        Value::Array(values) => {
            values.iter().take(1).for_each(|value| objects(value, &format!("{pointer}/0"), found));
        }
        _ => {}
    }
}

#[test]
fn a_field_that_is_missing_or_unknown_is_refused_wherever_it_is() {
    let validator = validator();
    for report in [a_report().with_failures().shared().build(), a_report().waves().build()] {
        let report = json_of(&report);
        let mut pointers = Vec::new();
        objects(&report, "", &mut pointers);
        assert!(pointers.len() > 12, "{pointers:?}");
        for pointer in pointers {
            let fields = report.pointer(&pointer).unwrap().as_object().unwrap();
            for name in fields.keys() {
                let mut less = report.clone();
                less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(name);
                assert!(!validator.is_valid(&less), "without {pointer}/{name}");
            }
            let mut more = report.clone();
            more.pointer_mut(&pointer).unwrap()["surplus"] = json!(1);
            assert!(!validator.is_valid(&more), "with {pointer}/surplus");
        }
    }
}

#[test]
fn a_report_that_was_written_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    for (name, report) in all_reports() {
        std::fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
        assert!(Report::read(&path).unwrap() == report, "{name}");
    }
}

#[test]
fn what_is_no_report_is_refused_by_file_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.json");
    let report = json_of(&a_report().build());
    let with = |pointer: &str, value: Value| {
        let mut report = report.clone();
        *report.pointer_mut(pointer).unwrap() = value;
        report.to_string()
    };
    let mut surplus = report.clone();
    surplus["surplus"] = json!(1);
    for (text, expected) in [
        (with("/report_version", json!(1)), "report_version is 1, this program reads 3"),
        (json!({"orders": 1}).to_string(), "missing field `report_version`"),
        (with("/latency_ms/p99", json!("slow")), "latency_ms.p99"),
        (with("/samples/3/at_s", json!(null)), "samples[3].at_s"),
        (with("/samples/3/at_s", json!(-1)), "samples[3].at_s: expected a number, zero or more"),
        (with("/rss_mib/app", json!(-0.5)), "rss_mib.app: expected a number, zero or more"),
        (surplus.to_string(), "unknown field `surplus`"),
        (with("/shape/kind", json!("flood")), "shape"),
        (format!("{report} and more"), "trailing characters"),
        (String::new(), "EOF"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let error = format!("{:#}", Report::read(&path).unwrap_err());
        assert!(error.contains("broken.json") && error.contains(expected), "{expected}: {error}");
    }
}
