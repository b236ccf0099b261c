//! Chaos: everything is killed under load, and orders that are lost or confirmed twice are
//! detected.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use native::RedisConnection;
use queue::{Keys, Stream};
use redis::Commands;
use redis::streams::StreamRangeReply;

use crate::support::{PATIENCE, assert_all_ended, binary, children_of, repository};

/// A run of the command, killed when a test ends before it does.
struct Run(Option<Child>);

impl Run {
    fn start(arguments: &[&str]) -> Self {
        let child = Command::new(binary("loadtest"))
            .arg("chaos")
            .args(arguments)
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("loadtest is built");
        Self(Some(child))
    }

    /// The address of its Redis: the first thing it says.
    fn redis(&mut self) -> RedisConnection {
        let stderr =
            self.0.as_mut().and_then(|child| child.stderr.take()).expect("stderr is piped");
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        stderr.read_line(&mut line).expect("it says something");
        // Read on, or the command would wait for room to write.
        std::thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        let url =
            line.trim().strip_prefix("redis on ").unwrap_or_else(|| panic!("it said {line:?}"));
        RedisConnection::open(url).expect("its redis answers")
    }

    fn end(mut self) -> Output {
        self.0.take().and_then(|child| child.wait_with_output().ok()).expect("it ends")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // SIGTERM, so that it stops what it has started.
        if let Some(child) = &mut self.0 {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
    }
}

fn read(json: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(json).expect("the report was written"))
        .expect("it is JSON")
}

#[test]
fn after_twenty_faults_of_every_kind_each_order_is_found_once() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let run = Run::start(&["--faults", "20", "--seed", "42", "--json", json.to_str().unwrap()]);
    let output = run.end();
    let text = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}\n{log}");
    assert!(text.contains("lost 0  late 0  confirmed twice 0  wrong 0"), "{text}");
    let report = read(&json);
    assert_eq!((&report["faults"], &report["seed"]), (&20.into(), &42.into()));
    let injected: Vec<&str> = report["by_kind"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["kind"].as_str().unwrap())
        .collect();
    let all =
        ["kill_app", "kill_worker", "kill_redis", "cut", "pause", "script_flush", "lose_bells"];
    assert_eq!(injected, all);
    assert!(report["restarts"].as_u64() > Some(0), "who loses Redis is restarted: {text}");
    let count = |name: &str| report[name].as_u64().unwrap();
    let existing = count("acknowledged") + count("uncertain_found");
    assert!(existing > 500, "there was load: {text}");
    assert_eq!(count("confirmed") + count("dead_lettered"), existing);
    assert!(count("dead_lettered") > 0, "broken orders were among them: {text}");
}

#[test]
fn an_order_that_vanishes_and_one_that_is_confirmed_twice_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let mut run = Run::start(&[
        "--faults",
        "1",
        "--seed",
        SCRIPT_FLUSH_SEED,
        "--orders",
        "1500",
        "--json",
        json.to_str().unwrap(),
    ]);
    let (mut redis, keys) = (run.redis(), Keys::new(&orders::pipeline::settings()));
    let deadline = Instant::now() + PATIENCE;
    let stolen: String = loop {
        let stolen: Option<String> = redis::cmd("EVAL")
            .arg(STEAL)
            .arg(&["1", keys.stream(Stream::Ingress), queue::GROUP])
            .query(redis.inner())
            .unwrap();
        if let Some(stolen) = stolen {
            break stolen;
        }
        assert!(Instant::now() < deadline, "no order was seen in ingress");
    };
    let stolen = orders::order::Order::parse(stolen.as_bytes()).unwrap().id.to_string();
    let twice = loop {
        let entries: StreamRangeReply =
            redis.inner().xrange_count(keys.results(), "-", "+", 1).unwrap();
        if let Some(entry) = entries.ids.first() {
            let field = |name: &str| (name.to_owned(), entry.get::<String>(name).unwrap());
            let fields = [field("order_id"), field("confirmation")];
            let _: String = redis.inner().xadd(keys.results(), "*", &fields).unwrap();
            break fields[0].1.clone();
        }
        assert!(Instant::now() < deadline, "no order was confirmed");
    };
    let output = run.end();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("lost 1  late 0  confirmed twice 1  wrong 0") && text.contains("FAILED"),
        "{text}"
    );
    let report = read(&json);
    assert_eq!(report["by_kind"][0]["kind"], "script_flush");
    let failures = &report["failures"];
    assert_eq!(failures["lost"][0], stolen);
    assert_eq!(failures["confirmed_twice"][0], twice);
}

#[test]
fn a_run_that_is_stopped_by_a_signal_leaves_no_process_behind() {
    let mut run = Run::start(&["--faults", "1000"]);
    let mut redis = run.redis();
    let pid = run.0.as_ref().expect("it runs").id();
    let deadline = Instant::now() + PATIENCE;
    // Once orders come, everything has been started.
    while !redis
        .inner()
        .exists::<_, bool>(Keys::new(&orders::pipeline::settings()).results())
        .unwrap_or_default()
    {
        assert!(Instant::now() < deadline, "no order was confirmed");
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = children_of(pid);
    assert!(started.len() >= 7, "redis and at least six of the seven processes: {started:?}");
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    assert_eq!(run.end().status.code(), Some(130));
    assert_all_ended(&started);
}

/// Takes the first good order out of ingress, acked, so that the drain that holds it cannot route
/// it.
const STEAL: &str = r#"
    local entry = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
    if not entry or not string.find(entry[2][2], '"delivery":"[SE]') then return false end
    redis.pcall('XACK', KEYS[1], ARGV[1], entry[1])
    redis.call('XDEL', KEYS[1], entry[1])
    return entry[2][2]
"#;

/// A seed whose first card is a flush of the scripts, which leaves connections alone.
const SCRIPT_FLUSH_SEED: &str = "6";

#[test]
fn a_fault_that_cannot_be_injected_and_a_wrong_flag_end_the_run_with_their_names() {
    for (arguments, expected) in [
        (vec!["--faults", "0"], "--faults"),
        (vec!["--manifest", "nowhere/spin.toml"], "--manifest"),
        (vec!["--json", "/nonexistent/report.json"], "--json"),
        (vec!["--runtime-program", "/nonexistent/program"], "/nonexistent/program"),
        (vec!["--runtime-program", "/bin/false"], "-- orders-api/1\n  ended with exit status: 1"),
    ] {
        let output = Run::start(&arguments).end();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}
