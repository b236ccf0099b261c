//! `loadtest cold-start`: instances, processes, and from no process to the first confirmation.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{assert_a_signal_ends_all, binary, repository};
use crate::versus::{report, run, stand_in};

#[test]
fn every_event_starts_an_instance_and_every_way_of_starting_ends_in_a_confirmation() {
    let (report, text) = report("cold-start", &["--rounds", "2", "--events", "25"]);
    let instances = report["instances"].as_array().unwrap();
    let which = |instances: &Value| {
        let word = |name: &str| instances[name].as_str().unwrap().to_owned();
        (word("component"), word("trigger"))
    };
    let expected = [
        ("orders-api", "http"),
        ("distributor", "http"),
        ("receiver-simple", "http"),
        ("receiver-complex", "http"),
        ("distributor", "redis"),
        ("receiver-simple", "redis"),
        ("receiver-complex", "redis"),
    ];
    let expected = expected.map(|(component, trigger)| (component.to_owned(), trigger.to_owned()));
    assert_eq!(instances.iter().map(which).collect::<Vec<_>>(), expected);
    for instances in instances {
        let us = |name: &str| instances[name].as_u64().unwrap();
        assert_eq!(us("starts"), 25);
        assert!(0 < us("p50_us") && us("p50_us") <= us("p99_us") && us("p99_us") <= us("max_us"));
    }
    let ways: Vec<_> = report["starts"].as_array().unwrap().iter().map(way).collect();
    let expected = [
        ("wasm", "one_process", Some("empty")),
        ("wasm", "one_process", Some("filled")),
        ("wasm", "process_per_worker", Some("filled")),
        ("conventional", "one_process", None),
        ("conventional", "process_per_worker", None),
    ];
    assert_eq!(ways, expected);
    for starts in report["starts"].as_array().unwrap() {
        assert_eq!(starts["rounds"].as_array().unwrap().len(), 2);
        assert_eq!(starts["first_confirmation_ms_p99"], Value::Null, "two rounds do not tell");
        let least = |name: &str| starts[name]["least"].as_f64().unwrap();
        assert!(least("ready_ms") > 0.0 && least("first_confirmation_ms") > 0.0, "{starts}");
    }
    // Compiling takes longer than reading what was compiled, whatever else the machine does.
    let ready = |index: usize| report["starts"][index]["ready_ms"]["median"].as_f64().unwrap();
    assert!(ready(0) > ready(1), "{} {}", ready(0), ready(1));
    assert!(text.contains("Not measured: what a cluster adds"), "{text}");
}

fn way(starts: &Value) -> (&str, &str, Option<&str>) {
    let word = |name: &str| starts[name].as_str();
    (word("side").unwrap(), word("spread").unwrap(), word("cache"))
}

#[test]
fn what_cannot_be_is_refused_by_name_and_a_dead_program_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mute = stand_in(folder.path(), "mute", "exec /bin/sleep 4321.75");
    for (arguments, expected) in [
        (vec!["--rounds", "0"], "--rounds"),
        (vec!["--events", "0"], "--events"),
        (vec!["--manifest", "nowhere/spin.toml"], "--manifest"),
        (vec!["--json", "/nonexistent/report.json"], "--json"),
        (vec!["--runtime-program", "/nonexistent/a"], "cargo build --release -p local-runtime"),
        (vec!["--runtime-program", "/bin/false"], "false ended with"),
        (vec!["--start-limit-s", "1", "--runtime-program", mute.to_str().unwrap()], "within 1 s"),
    ] {
        let output = run("cold-start", &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    assert!(crate::versus::processes_with("4321.75").is_empty(), "the stand-in still runs");
}

#[test]
fn a_run_that_is_stopped_by_a_signal_leaves_no_process_behind() {
    let child = Command::new(binary("loadtest"))
        .args(["cold-start", "--rounds", "10000", "--events", "100000"])
        .current_dir(repository())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_a_signal_ends_all(child, |started| started.len() >= 2);
}
