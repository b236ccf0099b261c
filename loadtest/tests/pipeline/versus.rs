//! `loadtest versus`: both sides as often as asked, every order verified, and nothing left running.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{binary, repository};

/// Runs a command of loadtest; the answer is its output.
pub(crate) fn run(command: &str, arguments: &[&str]) -> Output {
    let mut loadtest = Command::new(binary("loadtest"));
    loadtest.arg(command).args(arguments).current_dir(repository()).stdin(Stdio::null());
    loadtest.output().expect("loadtest is built")
}

/// As [`run`], with success; the answer is its JSON and what it printed.
pub(crate) fn report(command: &str, arguments: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output = run(command, &[arguments, &["--json", json.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}\n{said}");
    (
        serde_json::from_slice(&std::fs::read(json).expect("it was written")).expect("it is JSON"),
        text,
    )
}

/// A program that replaces another.
pub(crate) fn stand_in(folder: &Path, name: &str, script: &str) -> PathBuf {
    let program = folder.join(name);
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// The processes whose command line has this text.
pub(crate) fn processes_with(text: &str) -> Vec<i32> {
    let all = procfs::process::all_processes().expect("/proc can be read").filter_map(Result::ok);
    all.filter(|process| process.cmdline().is_ok_and(|words| words.join(" ").contains(text)))
        .map(|process| process.pid)
        .collect()
}

/// Short, but with everything in it.
const SHORT: [&str; 4] = ["--orders", "300", "--idle", "1s"];

#[test]
fn both_sides_run_as_often_as_asked_and_each_goes_first_in_its_turn() {
    let arguments = [&SHORT[..], &["--rounds", "2"]].concat();
    let (report, text) = report("versus", &arguments);
    let rounds = report["rounds"].as_array().unwrap();
    let first: Vec<_> = rounds.iter().map(|round| round["first"].as_str().unwrap()).collect();
    assert_eq!(first, ["wasm", "conventional"]);
    for side in rounds.iter().flat_map(|round| [&round["wasm"], &round["conventional"]]) {
        assert_eq!(side["burst"]["confirmed"], 300);
        let figure = |pointer: &str| side.pointer(pointer).and_then(Value::as_f64).unwrap();
        assert!(0.0 < figure("/start_to_ready_ms"), "{side}");
        assert!(0.0 < figure("/start_to_first_confirmation_ms"), "{side}");
        assert!(0.0 < figure("/idle_pss_mib"), "{side}");
        assert!(figure("/idle_pss_mib") <= figure("/burst/rss_mib/app") * 1.01, "{side}");
    }
    // Only one of the two starts instances.
    assert!(rounds[0]["wasm"]["burst"]["instance_starts"].as_u64().unwrap() > 0);
    assert_eq!(rounds[0]["conventional"]["burst"]["instance_starts"], Value::Null);
    for figure in report["figures"].as_array().unwrap() {
        let of = |pointer: &str| figure.pointer(pointer).and_then(Value::as_f64);
        let wasm = of("/wasm/median").unwrap();
        let Some(conventional) = of("/conventional/median") else {
            assert!(figure["name"].as_str().unwrap().starts_with("instance start"), "{figure}");
            continue;
        };
        match of("/ratio") {
            Some(ratio) => assert!((ratio - wasm / conventional).abs() < 1e-9, "{figure}"),
            None => assert_eq!(conventional, 0.0, "{figure}"),
        }
        assert_eq!(figure["wasm"]["runs"], 2);
    }
    assert_eq!(report["settings"]["redis_settings"].as_array().unwrap().len(), 4);
    assert!(text.contains("every order of every round was found exactly once"), "{text}");
}

#[test]
fn spin_on_the_path_takes_the_place_of_local_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let local = binary("local-runtime").display().to_string();
    let spin = stand_in(folder.path(), "spin", &format!("exec {local} \"$@\""));
    let arguments =
        [&SHORT[..], &["--rounds", "1", "--runtime", "spin", "--runtime-program"]].concat();
    let (report, text) = report("versus", &[&arguments[..], &[spin.to_str().unwrap()]].concat());
    assert_eq!(report["settings"]["runtime"], "spin");
    // Spin does not tell how long its instances take.
    assert_eq!(report["rounds"][0]["wasm"]["burst"]["instance_starts"], Value::Null);
    assert!(text.starts_with("Wasm on spin"), "{text}");
    assert!(!text.contains("not Spin"), "{text}");
}

#[test]
fn a_service_that_confirms_nothing_fails_the_command_and_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo 'conventional: ready as nothing'\nexec sleep 4321.25";
    let idle = stand_in(folder.path(), "idle", script);
    let json = folder.path().join("report.json");
    let arguments =
        ["--start-limit", "2s", "--conventional-program", idle.to_str().unwrap(), "--json"];
    let output = run("versus", &[&arguments[..], &[json.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("conventional: the waiting order was not confirmed"), "{said}");
    assert!(!json.exists(), "there are no figures");
    assert!(processes_with("4321.25").is_empty(), "the stand-in still runs");
}

#[test]
fn a_service_that_dies_in_the_burst_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let conventional = binary("conventional").display().to_string();
    // The kernel ends it after a second of CPU time: the starts take none to speak of, the burst
    // takes more.
    let script = format!("ulimit -t 1\nexec {conventional} \"$@\"");
    let mortal = stand_in(folder.path(), "mortal", &script);
    let burst = ["--rounds", "1", "--orders", "60000", "--prescriptions", "1"];
    let rest =
        ["--idle", "1s", "--patience", "5s", "--conventional-program", mortal.to_str().unwrap()];
    let output = run("versus", &[&burst[..], &rest].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("round 1 of conventional: not every order ended as expected"), "{said}");
}

#[test]
fn what_cannot_be_is_refused_with_the_name_of_the_flag() {
    for (arguments, expected) in [
        (vec!["--rounds", "0"], "--rounds"),
        (vec!["--orders", "0"], "--orders"),
        (vec!["--idle", "0s"], "--idle"),
        (vec!["--prescriptions", "2"], "--prescriptions"),
        (vec!["--runtime", "docker"], "--runtime"),
        (vec!["--manifest", "nowhere/spin.toml"], "--manifest"),
        (vec!["--json", "/nonexistent/report.json"], "--json"),
        (vec!["--runtime-program", "/nonexistent/a"], "cargo build --release -p local-runtime"),
        (vec!["--conventional-program", "/nonexistent/b"], "cargo build --release -p conventional"),
        (vec!["--start-limit", "0s"], "--start-limit"),
        (vec!["--patience", "0s"], "--patience"),
        (vec!["--runtime-program", "/bin/false"], "first start of Wasm: "),
        (vec!["--conventional-program", "/bin/false"], "conventional ended with"),
    ] {
        let output = run("versus", &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
