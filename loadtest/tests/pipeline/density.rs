//! Density: what idle copies cost, and that only those wake up that have something to do.

use std::process::{Command, Output, Stdio};

use conventional::connection::RedisConnection;
use loadtest::density::app::App;
use loadtest::density::orders::send_to_some;
use private_redis::RedisServer;
use redis::Commands;
use serde_json::Value;

use crate::support::{assert_a_signal_ends_all, binary, repository};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("loadtest"));
    command.arg("density").args(arguments).current_dir(repository()).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("loadtest is built")
}

fn report(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let output = run(&[arguments, &["--json", json.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}\n{said}");
    assert!(text.contains("no other copy was touched"), "{text}");
    serde_json::from_slice(&std::fs::read(json).expect("the report was written"))
        .expect("it is JSON")
}

#[test]
fn copies_share_a_process_and_its_connections_and_only_those_with_an_order_wake_up() {
    let report =
        report(&["--copies", "1,30", "--processes", "0", "--idle-s", "1", "--orders", "4"]);
    let copies = report["copies"].as_array().unwrap();
    assert_eq!((&copies[0]["copies"], &copies[1]["copies"]), (&1.into(), &30.into()));
    assert_eq!(copies[0]["copy_kib"], Value::Null);
    for (step, orders) in copies.iter().zip([1, 4]) {
        assert_eq!(step["redis"]["connections"], 3, "one for each address string");
        let found = &step["orders"];
        assert_eq!((&found["sent"], &found["confirmed"]), (&orders.into(), &orders.into()));
        assert_eq!(found["woken_by_mistake"], 0);
        assert_eq!(found["ms"].as_array().unwrap().len(), orders);
        let mib = |name: &str| step["memory"][name].as_f64().unwrap();
        assert!(0.0 < mib("pss_mib") && mib("pss_mib") <= mib("rss_mib"), "{step}");
    }
    // A copy that had its own code, engine or thread would take megabytes.
    let copy_kib = copies[1]["copy_kib"].as_f64().unwrap();
    assert!(copy_kib < 100.0, "{copy_kib}");
    assert!(report["processes"].as_array().unwrap().is_empty());
}

#[test]
fn processes_run_at_the_same_time_up_to_the_number_asked_for() {
    let report = report(&["--copies", "1", "--processes", "3", "--idle-s", "1"]);
    let parts = report["processes"].as_array().unwrap();
    let programs: Vec<_> = parts.iter().map(|part| part["program"].as_str().unwrap()).collect();
    assert_eq!(programs, ["local-runtime", "conventional"]);
    for part in parts {
        assert_eq!(part["ended"], "number");
        let steps = part["steps"].as_array().unwrap();
        let counts: Vec<_> = steps.iter().map(|step| step["processes"].as_u64().unwrap()).collect();
        assert_eq!(counts, [1, 3]);
        let connections = |step: &Value| step["redis"]["connections"].as_u64().unwrap();
        assert_eq!(connections(&steps[1]), 3 * connections(&steps[0]));
        assert!(part["process_mib"].as_f64().unwrap() > 0.0, "{part}");
    }
    assert_eq!(parts[0]["orders"]["confirmed"], 3);
}

#[test]
fn no_further_processes_are_started_when_the_share_of_memory_is_used_up() {
    let report = report(&[
        "--copies",
        "1",
        "--processes",
        "3000",
        "--memory-share",
        "0.0001",
        "--idle-s",
        "1",
    ]);
    for part in report["processes"].as_array().unwrap() {
        let last = part["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(part["ended"], "memory");
        assert!(last["processes"].as_u64().unwrap() <= 10, "{part}");
    }
}

#[test]
fn a_copy_that_left_a_trace_without_an_order_is_noticed() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let manifest = repository().join("spin.toml");
    let mut app = App::runtime(&binary("local-runtime"), &manifest, &server.url(), 2, 1).unwrap();
    let urls = app.wait_until_serving().unwrap();
    let clean = send_to_some(&mut redis, 2, &urls, 1, 42).unwrap();
    assert!(clean.is_clean(), "{clean:?}");
    let _: () = redis.inner().set("{density-7}:totals", "1").unwrap();
    let found = send_to_some(&mut redis, 2, &urls, 2, 43).unwrap();
    assert_eq!(found.woken_by_mistake, 1, "{found:?}");
    assert!(!found.is_clean());
}

#[test]
fn a_run_that_is_stopped_by_a_signal_leaves_no_process_behind() {
    let child = command(&["--copies", "5", "--processes", "0", "--idle-s", "3600"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first start, which only fills the cache, has no copies.
    assert_a_signal_ends_all(child, |started| {
        started.len() == 2 && started.iter().any(|pid| arguments_of(*pid).contains("--copies"))
    });
}

fn arguments_of(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

#[test]
fn what_cannot_be_is_refused_with_the_name_of_the_flag() {
    for (arguments, expected) in [
        (vec!["--copies", "0"], "--copies"),
        (vec!["--copies", "1,x"], "--copies"),
        (vec!["--memory-share", "1.5"], "--memory-share"),
        (vec!["--idle-s", "0"], "--idle-s"),
        (vec!["--manifest", "nowhere/spin.toml"], "--manifest"),
        (vec!["--json", "/nonexistent/report.json"], "--json"),
        (vec!["--runtime-program", "/nonexistent/program"], "/nonexistent/program"),
        (vec!["--runtime-program", "/bin/false"], "false ended with"),
        (vec!["--conventional-program", "/nonexistent/program"], "--conventional-program"),
    ] {
        let output = run(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
