//! Chaos: everything is killed under load, and orders that are lost or confirmed twice are
//! detected.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use native::RedisConnection;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use procfs::process::Process;
use queue::{Keys, Stream};
use redis::Commands;
use redis::streams::StreamRangeReply;

use crate::support::{PATIENCE, assert_all_ended, children_of, loadtest};

/// How long an interrupted run may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

fn chaos(arguments: &[&str]) -> Command {
    loadtest("chaos", arguments)
}

/// A run of the command, stopped when a test ends before it does.
struct Run {
    child: Option<Child>,
    pid: Pid,
    lines: Receiver<String>,
    said: String,
}

impl Run {
    fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("loadtest is built");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (sender, lines) = mpsc::channel();
        // Read to the end, or the command would wait for room to write.
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let pid = Pid::from_raw(child.id().cast_signed());
        Self { child: Some(child), pid, lines, said: String::new() }
    }

    /// Waits for a line that has this text, and returns what follows it.
    fn says(&mut self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {text:?} within {}", self.said));
            self.said.push_str(&line);
            self.said.push('\n');
            if let Some((_, rest)) = line.split_once(text) {
                return rest.trim().to_owned();
            }
        }
    }

    fn redis(&mut self) -> RedisConnection {
        RedisConnection::open(&self.says("redis on ")).expect("its redis answers")
    }

    /// Waits for the first confirmation, and returns what was started until then: everything.
    fn processes(&mut self, redis: &mut RedisConnection) -> Vec<i32> {
        let keys = Keys::new(&orders::pipeline::settings());
        wait_until("an order is confirmed", || {
            redis.inner().exists(keys.results()).unwrap_or_default()
        });
        let started = children_of(self.pid.as_raw().cast_unsigned());
        assert!(started.len() >= 7, "redis and at least six of the seven processes: {started:?}");
        started
    }

    fn end(mut self) -> Output {
        let child = self.child.take().expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        let rest = self.lines.iter().collect::<Vec<_>>().join("\n");
        Output { stderr: (std::mem::take(&mut self.said) + &rest).into_bytes(), ..output }
    }

    /// Waits for the end of an interrupted run, and returns its text.
    fn ends_soon(self, asked: Instant) -> String {
        let output = self.end();
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(asked.elapsed() < END_LIMIT, "{said}");
        assert_eq!(output.status.code(), Some(130), "{text}\n{said}");
        assert!(text.contains("\ninterrupted\n"), "{text}");
        text
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // SIGTERM, so that it stops what it has started.
        if let Some(child) = &mut self.child {
            let _ = kill(self.pid, Signal::SIGTERM);
            let _ = child.wait();
        }
    }
}

fn wait_until(what: &str, mut look: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !look() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// `Z` of a process that has ended and is not reaped.
fn state(pid: i32) -> Option<char> {
    Some(Process::new(pid).ok()?.stat().ok()?.state)
}

/// Of a Redis.
fn pid_of(redis: &mut RedisConnection) -> Pid {
    let info: redis::InfoDict = redis::cmd("INFO").arg("server").query(redis.inner()).unwrap();
    Pid::from_raw(info.get("process_id").unwrap())
}

fn read(json: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(json).expect("the report was written"))
        .expect("it is JSON")
}

#[test]
fn after_twenty_faults_of_every_kind_each_order_is_found_once() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let arguments = ["--faults", "20", "--seed", "42", "--json", json.to_str().unwrap()];
    let output = Run::start(chaos(&arguments)).end();
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
    let rest = ["--orders", "1500", "--json", json.to_str().unwrap()];
    let mut run = Run::start(chaos(&[&SCRIPT_FLUSH[..], &rest].concat()));
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
fn a_ctrl_c_during_the_faults_reports_what_was_seen_and_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let arguments = ["--faults", "1000", "--seed", KILL_REDIS_SEED, "--json"];
    let mut command = chaos(&[&arguments[..], &[json.to_str().unwrap()]].concat());
    command.process_group(0);
    let mut run = Run::start(command);
    let mut redis = run.redis();
    let server = pid_of(&mut redis).as_raw();
    let started = run.processes(&mut redis);
    run.says("fault 1:");
    wait_until("the second fault has killed redis", || state(server).is_none());
    let asked = Instant::now();
    // As a terminal does, to the whole group.
    killpg(run.pid, Signal::SIGINT).unwrap();
    let text = run.ends_soon(asked);
    assert_all_ended(&started);
    assert!(text.contains("lost 0") && !text.contains(" 0 acknowledged"), "{text}");
    let report = read(&json);
    assert_eq!(report["interrupted"], true);
    assert!((1..1_000).contains(&report["faults"].as_u64().unwrap()), "{text}");
}

#[test]
fn a_signal_ends_the_wait_for_the_rest_and_what_is_still_in_the_queue_is_late() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let rest = ["--orders", "2000", "--orders-per-s", "1000", "--json", json.to_str().unwrap()];
    let mut run = Run::start(chaos(&[&SCRIPT_FLUSH[..], &rest].concat()));
    run.says("fault 1:");
    let is_worker = |pid: &i32| {
        let words = Process::new(*pid).and_then(|process| process.cmdline()).unwrap();
        words.contains(&"--component-id".into()) && !words.contains(&"orders-api".into())
    };
    let mut workers = children_of(run.pid.as_raw().cast_unsigned());
    workers.retain(is_worker);
    let signal = |signal| {
        for pid in &workers {
            // The second time it may have ended.
            let _ = kill(Pid::from_raw(*pid), signal);
        }
    };
    signal(Signal::SIGSTOP);
    run.says("waiting until all are done");
    let asked = Instant::now();
    kill(run.pid, Signal::SIGTERM).unwrap();
    // They could go on, but are killed first.
    signal(Signal::SIGCONT);
    let text = run.ends_soon(asked);
    assert!(text.contains("lost 0") && text.contains("that had left the queue"), "{text}");
    assert!(read(&json)["late"].as_u64() > Some(0), "{text}");
}

#[test]
fn no_process_outlives_a_run_that_is_killed() {
    let mut run = Run::start(chaos(&["--faults", "1000"]));
    let mut redis = run.redis();
    let started = run.processes(&mut redis);
    // With a new parent in the same session, the kernel does not continue what is stopped.
    set_child_subreaper(true).unwrap();
    // As in the fault that pauses it.
    kill(pid_of(&mut redis), Signal::SIGSTOP).unwrap();
    kill(run.pid, Signal::SIGKILL).unwrap();
    run.end();
    // The new parent may not have reaped them.
    let has_ended = |pid: &i32| matches!(state(*pid), None | Some('Z'));
    wait_until("all have ended", || started.iter().all(has_ended));
    set_child_subreaper(false).unwrap();
}

/// Entries that were ever added to ingress.
fn added(redis: &mut RedisConnection) -> u64 {
    let keys = Keys::new(&orders::pipeline::settings());
    let info: HashMap<String, redis::Value> = redis::cmd("XINFO")
        .arg(&["STREAM", keys.stream(Stream::Ingress)])
        .query(redis.inner())
        .unwrap();
    redis::from_redis_value(info["entries-added"].clone()).unwrap()
}

#[test]
fn an_outage_does_not_delay_a_schedule_that_is_caught_up_with() {
    let load = ["--catch-up", "--orders", "1600", "--orders-per-s", "200"];
    let arguments = [&SCRIPT_FLUSH[..], &load, &["--json", "/dev/full"]].concat();
    let mut run = Run::start(chaos(&arguments));
    let mut redis = run.redis();
    run.processes(&mut redis);
    let server = pid_of(&mut redis);
    let before = added(&mut redis);
    kill(server, Signal::SIGSTOP).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    kill(server, Signal::SIGCONT).unwrap();
    // 600 were due meanwhile. At their pace alone, orders would never be so far ahead of it.
    let continued = Instant::now();
    wait_until("orders are caught up with", || {
        (added(&mut redis) - before) as f64 >= 300.0 + 200.0 * continued.elapsed().as_secs_f64()
    });
    let output = run.end();
    let said = String::from_utf8_lossy(&output.stderr);
    // The text comes before the file.
    assert_eq!(output.status.code(), Some(3), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("every acknowledged order was found exactly once"), "{text}");
    assert!(said.contains("--json: failed to write /dev/full"), "{said}");
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

/// A seed whose second card kills Redis for 1.5 s.
const KILL_REDIS_SEED: &str = "2046";

/// One fault, by a seed whose first card is a flush of the scripts, which leaves connections alone.
const SCRIPT_FLUSH: [&str; 4] = ["--faults", "1", "--seed", "6"];
