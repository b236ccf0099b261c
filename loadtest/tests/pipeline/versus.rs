//! `loadtest versus`: both sides as often as asked, every order verified, and nothing left running.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{binary, loadtest, repository};

fn run(arguments: &[&str]) -> Output {
    loadtest("versus", arguments).output().expect("loadtest is built")
}

/// As [`run`], with success; the answer is its JSON and what it printed.
fn report(arguments: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output = run(&[arguments, &["--json", json.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}\n{said}");
    (
        serde_json::from_slice(&std::fs::read(json).expect("it was written")).expect("it is JSON"),
        text,
    )
}

/// A program that replaces another.
fn replacement(folder: &Path, name: &str, script: &str) -> PathBuf {
    let program = folder.join(name);
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// The processes whose command line has this text.
fn processes_with(text: &str) -> Vec<i32> {
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
    let (report, text) = report(&arguments);
    let rounds = report["rounds"].as_array().unwrap();
    let first: Vec<_> = rounds.iter().map(|round| round["first"].as_str().unwrap()).collect();
    assert_eq!(first, ["a", "b"]);
    for side in rounds.iter().flat_map(|round| [&round["a"], &round["b"]]) {
        assert_eq!(side["burst"]["confirmed"], 300);
        let figure = |pointer: &str| side.pointer(pointer).and_then(Value::as_f64).unwrap();
        assert!(0.0 < figure("/start_to_ready_ms"), "{side}");
        assert!(0.0 < figure("/start_to_first_confirmation_ms"), "{side}");
        assert!(0.0 < figure("/idle_pss_mib"), "{side}");
        assert!(figure("/idle_pss_mib") <= figure("/burst/rss_mib/app") * 1.01, "{side}");
        assert!(1.0 < figure("/files_mib"), "{side}");
    }
    // Only one of the two starts instances.
    let of_all = rounds[0]["b"]["burst"]["instance_starts"].as_u64().unwrap();
    let of_one = rounds[0]["b"]["receiver_simple_starts"]["starts"].as_u64().unwrap();
    assert!(0 < of_one && of_one < of_all, "{of_one} of {of_all}");
    assert_eq!(rounds[0]["a"]["burst"]["instance_starts"], Value::Null);
    for figure in report["figures"].as_array().unwrap() {
        let of = |pointer: &str| figure.pointer(pointer).and_then(Value::as_f64);
        let wasm = of("/b/median").unwrap();
        let Some(conventional) = of("/a/median") else {
            assert!(figure["key"].as_str().unwrap().contains("start"), "{figure}");
            continue;
        };
        match of("/ratio") {
            Some(ratio) => assert!((ratio - wasm / conventional).abs() < 1e-9, "{figure}"),
            None => assert_eq!(conventional, 0.0, "{figure}"),
        }
        assert_eq!(figure["b"]["runs"], 2);
    }
    assert_eq!(report["settings"]["redis_settings"].as_array().unwrap().len(), 4);
    assert!(text.contains("every order of every round was found exactly once"), "{text}");
}

#[test]
fn two_manifests_are_compared_under_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(repository().join("spin.toml")).unwrap();
    let source = format!("source = \"{}/", repository().canonicalize().unwrap().display());
    let other = folder.path().join("spin.other-variant.toml");
    std::fs::write(&other, text.replace("source = \"", &source)).unwrap();
    let sides = ["--rounds", "1", "--a", "spin.toml", "--b", other.to_str().unwrap()];
    let (report, text) = report(&[&SHORT[..], &sides].concat());
    assert_eq!(report["settings"]["a"], "spin.toml");
    assert_eq!(report["settings"]["b"], "spin.other-variant.toml");
    for side in ["a", "b"] {
        assert!(report["rounds"][0][side]["burst"]["instance_starts"].as_u64().unwrap() > 0);
    }
    assert!(text.starts_with("spin.toml and spin.other-variant.toml"), "{text}");
    assert!(!text.contains("The service has no HTTP"), "{text}");
}

#[test]
fn spin_on_the_path_takes_the_place_of_local_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let local = binary("local-runtime").display().to_string();
    // It fails when a setting comes through the environment.
    let script = format!("! env | grep -E 'API_TOKEN|QUEUE' && exec {local} \"$@\"");
    let spin = replacement(folder.path(), "spin", &script);
    let arguments =
        [&SHORT[..], &["--rounds", "1", "--runtime", "spin", "--runtime-program"]].concat();
    let (report, text) = report(&[&arguments[..], &[spin.to_str().unwrap()]].concat());
    assert_eq!(report["settings"]["runtime"], "spin");
    // Spin does not tell how long its instances take.
    assert_eq!(report["rounds"][0]["b"]["burst"]["instance_starts"], Value::Null);
    assert!(text.starts_with("conventional and spin.toml, Wasm on spin"), "{text}");
    assert!(!text.contains("not Spin"), "{text}");
}

#[test]
fn the_text_is_printed_although_its_file_cannot_be_written() {
    let sides = ["--a", "conventional", "--b", "conventional"];
    let rest = ["--rounds", "1", "--orders", "1", "--idle", "100ms", "--json", "/dev/full"];
    let output = run(&[&sides[..], &rest].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("every order of every round was found exactly once"), "{text}");
    assert!(said.contains("--json: failed to write /dev/full"), "{said}");
}

#[test]
fn a_service_that_confirms_nothing_fails_the_command_and_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo 'conventional: ready as nothing'\nexec sleep 4321.25";
    let idle = replacement(folder.path(), "idle", script);
    let json = folder.path().join("report.json");
    let arguments =
        ["--start-limit", "2s", "--conventional-program", idle.to_str().unwrap(), "--json"];
    let output = run(&[&arguments[..], &[json.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("conventional: the waiting order was not confirmed"), "{said}");
    assert!(!json.exists(), "there are no figures");
    assert!(processes_with("4321.25").is_empty(), "the stand-in still runs");
}

#[test]
fn an_interrupted_comparison_reports_the_rounds_that_were_complete() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let mut command =
        loadtest("versus", &[&SHORT[..], &["--json", json.to_str().unwrap()]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "round 2 of 5"), "the first round ends");
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert!(lines.any(|line| line == "interrupted after round 1"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 round of 300 orders"));
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(report["settings"]["rounds"], 1);
    assert_eq!(report["rounds"].as_array().unwrap().len(), 1);
}

#[test]
fn a_service_that_dies_in_the_burst_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let conventional = binary("conventional").display().to_string();
    // The first confirmation is that of the start, the next one of the burst.
    let wait = "redis-cli -u \"$2\" XREAD BLOCK 0 STREAMS '{orders}:confirmations' $id";
    let script = format!("{conventional} \"$@\" &\nfor id in 0 '$'; do {wait}; done\nkill -9 $!");
    let mortal = replacement(folder.path(), "mortal", &script);
    let burst = ["--rounds", "1", "--orders", "20000"];
    let rest =
        ["--idle", "1s", "--patience", "5s", "--conventional-program", mortal.to_str().unwrap()];
    let output = run(&[&burst[..], &rest].concat());
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
        (vec!["--a", "nowhere/spin.toml"], "--a: no app in nowhere/spin.toml"),
        (vec!["--b", "convetional"], "--b: no app in convetional"),
        (vec!["--json", "/nonexistent/report.json"], "--json"),
        (vec!["--runtime-program", "/nonexistent/a"], "cargo build --release -p local-runtime"),
        (vec!["--conventional-program", "/nonexistent/b"], "cargo build --release -p conventional"),
        (vec!["--start-limit", "0s"], "--start-limit"),
        (vec!["--patience", "0s"], "--patience"),
        (vec!["--runtime-program", "/bin/false"], "first start of spin.toml: "),
        (vec!["--conventional-program", "/bin/false"], "conventional ended with"),
    ] {
        let output = run(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
