//! Output and exit codes of the commands that need only a Redis.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use native::RedisConnection;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use private_redis::RedisServer;

use crate::support::{PATIENCE, an_order, binary, wait_until_waiting, waiting};

fn loadtest(server: &RedisServer, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("loadtest"));
    command.args(arguments).args(["--redis-url", &server.url()]).stdin(Stdio::null());
    command
}

/// The exit code, what it printed, and its errors.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    ended(command.output().expect("loadtest is built"))
}

fn ended(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn started(mut command: Command) -> (Child, Pid) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    (child, pid)
}

#[test]
fn a_run_that_nobody_listens_to_says_so_at_once_and_sends_nothing() {
    let server = RedisServer::start().unwrap();
    let started = Instant::now();
    let (code, text, error) = run(&mut loadtest(&server, &["burst", "--orders", "10"]));
    assert!(started.elapsed() < Duration::from_secs(10), "patience is 30 s");
    assert_eq!((code, text.as_str()), (Some(3), ""), "{error}");
    assert!(error.contains("no distributor is subscribed to orders.ingress"), "{error}");
    assert_eq!(waiting(&mut RedisConnection::open(&server.url()).unwrap()), 0);
}

#[test]
fn the_text_is_printed_although_a_file_cannot_be_written() {
    let server = RedisServer::start().unwrap();
    let burst = ["burst", "--orders", "3", "--from-zero", "--patience", "1s"];
    for flag in ["--json", "--html"] {
        let (code, text, error) = run(loadtest(&server, &burst).args([flag, "/dev/full"]));
        assert_eq!(code, Some(3), "{error}");
        assert!(text.contains("late 3") && text.contains("FAILED"), "{flag}: {text}");
        assert!(error.contains(&format!("{flag}: failed to write /dev/full")), "{error}");
    }
}

#[test]
fn stderr_that_cannot_be_written_loses_nothing() {
    let server = RedisServer::start().unwrap();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let burst = ["burst", "--orders", "3", "--from-zero", "--patience", "1s"];
    let (code, text, _) = run(loadtest(&server, &burst).stderr(full()));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("late 3"), "{text}");
    let (code, ..) = run(loadtest(&server, &["burst", "--file", "/nonexistent"]).stderr(full()));
    assert_eq!(code, Some(3));
}

#[test]
fn a_redis_that_stays_away_costs_no_report() {
    let mut server = RedisServer::start().unwrap();
    let arguments = ["steady", "--rate", "100", "--duration", "5h", "--from-zero"];
    let (child, _) = started({
        let mut command = loadtest(&server, &arguments);
        command.args(["--patience", "1s"]);
        command
    });
    // More than are asked for below: the answers to the last ones may be lost.
    wait_until_waiting(&mut RedisConnection::open(&server.url()).unwrap(), 100);
    server.kill().unwrap();
    let (code, text, error) = ended(child.wait_with_output().unwrap());
    assert_eq!(code, Some(3), "{text}\n{error}");
    let late = text.split_once("lost 0  late ").and_then(|(_, rest)| rest.split_once(' '));
    let late: u64 = late.and_then(|(late, _)| late.parse().ok()).expect(&text);
    assert!(late >= 50 && text.contains("not known to be lost"), "{text}");
    let port = server.port();
    assert!(
        error.contains(&format!("redis at 127.0.0.1:{port} was unusable for 1 s: ")),
        "{error}"
    );
    assert_eq!(error.matches("refused").count(), 1, "{error}");
}

#[test]
fn a_file_that_changes_during_a_run_costs_no_report() {
    let server = RedisServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    let orders: Vec<String> = (1..=30).map(an_order).collect();
    std::fs::write(&path, orders.join("\n")).unwrap();
    let arguments = ["burst", "--from-zero", "--patience", "1s", "--file"];
    let (child, _) = started({
        let mut command = loadtest(&server, &arguments[..4]);
        command.arg(arguments[4]).arg(&path);
        command
    });
    wait_until_waiting(&mut RedisConnection::open(&server.url()).unwrap(), 30);
    std::fs::write(&path, "").unwrap();
    let (code, text, error) = ended(child.wait_with_output().unwrap());
    assert_eq!(code, Some(3), "{text}\n{error}");
    assert!(text.contains("30 orders") && text.contains("late 30"), "{text}");
    assert!(error.contains("failed to read") && error.contains("again"), "{error}");
}

#[test]
fn a_redis_that_hangs_before_the_run_is_an_error() {
    let server = RedisServer::start().unwrap();
    let pid = Pid::from_raw(server.pid().cast_signed());
    kill(pid, Signal::SIGSTOP).unwrap();
    let (child, _) = started(loadtest(&server, &["burst", "--orders", "1"]));
    let (code, _, error) = ended(child.wait_with_output().unwrap());
    kill(pid, Signal::SIGCONT).unwrap();
    assert_eq!(code, Some(3), "{error}");
    assert!(error.contains("--redis-url: failed to connect"), "{error}");
}

#[test]
fn a_full_redis_rejects_orders_and_is_watched_anyway() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(redis.inner()).unwrap();
    let burst = ["burst", "--orders", "10", "--from-zero"];
    let (code, text, error) = run(&mut loadtest(&server, &burst));
    assert_eq!((code, error.as_str()), (Some(1), ""), "{text}");
    assert!(text.contains("redis: OOM") && text.contains("all were rejected"), "{text}");
}

#[test]
fn an_api_that_does_not_answer_is_an_error_before_anything_is_sent() {
    let server = RedisServer::start().unwrap();
    let arguments = ["burst", "--via", "http", "--http-url", "http://127.0.0.1:1", "--from-zero"];
    let (code, text, error) = run(&mut loadtest(&server, &arguments));
    assert_eq!((code, text.as_str()), (Some(3), ""), "{error}");
    assert!(error.contains("--http-url: no answer by http://127.0.0.1:1"), "{error}");
}

#[test]
fn a_stopped_and_continued_burst_goes_on() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    // Small batches, so that the process is stopped in a read most likely.
    let arguments = ["burst", "--orders", "20000", "--batch", "20", "--from-zero"];
    let (child, pid) = started({
        let mut command = loadtest(&server, &arguments);
        command.args(["--patience", "1s"]);
        command
    });
    let mut stops = 0;
    wait_until_waiting(&mut redis, 1);
    while waiting(&mut redis) < 18_000 && stops < 200 {
        kill(pid, Signal::SIGSTOP).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        kill(pid, Signal::SIGCONT).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        stops += 1;
    }
    let (code, text, error) = ended(child.wait_with_output().unwrap());
    assert!(stops > 3, "the burst was over after {stops} stops");
    assert_eq!(code, Some(1), "nobody works: {error}");
    assert!(text.contains("lost 0  late 20000  confirmed twice 0  wrong 0"), "{text}");
    assert!(!text.contains("rejected"), "{text}");
}

#[test]
fn an_interrupted_run_reports_and_exits_with_130() {
    let server = RedisServer::start().unwrap();
    let arguments = ["steady", "--rate", "100", "--duration", "5h", "--from-zero"];
    let (child, pid) = started(loadtest(&server, &arguments));
    wait_until_waiting(&mut RedisConnection::open(&server.url()).unwrap(), 20);
    // The first ends the sending, the second the waiting.
    for _ in 0..2 {
        kill(pid, Signal::SIGTERM).unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }
    let (code, text, error) = ended(child.wait_with_output().unwrap());
    assert_eq!(code, Some(130), "{text}\n{error}");
    assert!(
        text.contains("\ninterrupted\n") && text.contains("when the waiting was ended"),
        "{text}"
    );
}

#[test]
fn a_second_signal_ends_a_run_at_once_although_redis_hangs() {
    let server = RedisServer::start().unwrap();
    let arguments = ["steady", "--rate", "100", "--duration", "5h", "--from-zero"];
    let (child, pid) = started(loadtest(&server, &arguments));
    wait_until_waiting(&mut RedisConnection::open(&server.url()).unwrap(), 20);
    let redis = Pid::from_raw(server.pid().cast_signed());
    kill(redis, Signal::SIGSTOP).unwrap();
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(300));
        kill(pid, Signal::SIGINT).unwrap();
    }
    let asked_at = Instant::now();
    let output = child.wait_with_output().unwrap();
    let took = asked_at.elapsed();
    kill(redis, Signal::SIGCONT).unwrap();
    let (code, text, error) = ended(output);
    assert_eq!(code, Some(130), "{text}\n{error}");
    // The time limit of one command is 5 s.
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(text.contains("\ninterrupted\n") && text.contains("lost 0"), "{text}");
    assert!(error.contains("unusable when the waiting was ended: no answer"), "{error}");
}

#[test]
fn a_signal_before_the_release_sends_no_order() {
    let server = RedisServer::start().unwrap();
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let arguments = ["burst", "--from-zero", "--via", "http", "--http-url", &url];
    let (child, pid) = started(loadtest(&server, &arguments));
    // It asks for /healthz before it generates orders.
    let (mut probe, _) = api.accept().unwrap();
    kill(pid, Signal::SIGINT).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    probe.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
    drop(probe);
    let (code, text, error) = ended(child.wait_with_output().unwrap());
    assert_eq!(code, Some(130), "{text}\n{error}");
    api.set_nonblocking(true).unwrap();
    assert!(api.accept().is_err(), "an order was sent: {text}");
}

#[test]
fn a_rejection_has_the_code_of_redis() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let set = ["SET", "min-replicas-to-write", "1"];
    redis::cmd("CONFIG").arg(&set).exec(redis.inner()).unwrap();
    let (code, text, _) = run(&mut loadtest(&server, &["burst", "--orders", "20", "--from-zero"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("rejected 20 (redis: NOREPLICAS), processed anyway 0"), "{text}");
    assert!(text.contains("FAILED: not every order was accepted"), "{text}");
}

#[test]
fn a_file_that_holds_no_orders_is_refused() {
    let server = RedisServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders");
    for (text, expected) in [
        (String::new(), "it is empty"),
        ("\n \n".into(), "it is empty"),
        ("{\n  \"orderId\": 1\n}\n".into(), "none of its 3 lines is a JSON object"),
        ("orderId,items\n1,2\n".into(), "none of its 2 lines is a JSON object"),
        (format!("[\n{}\n]", an_order(1)), ""),
    ] {
        std::fs::write(&path, &text).unwrap();
        let arguments = ["burst", "--from-zero", "--patience", "1s"];
        let (code, _, error) = run(loadtest(&server, &arguments).arg("--file").arg(&path));
        if expected.is_empty() {
            // One line is an order, the brackets are dead-lettered.
            assert_eq!(code, Some(1), "{error}");
        } else {
            assert_eq!(code, Some(3), "{error}");
            assert!(error.contains("--file") && error.contains(expected), "{error}");
        }
    }
}

#[test]
fn a_file_of_orders_is_whole_or_as_it_was_and_a_reader_may_have_enough() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.ndjson");
    std::fs::write(&path, "before").unwrap();
    let generate = |arguments: &[&str]| {
        let mut command = Command::new(binary("loadtest"));
        command.arg("generate").args(arguments);
        command
    };
    let out = path.to_str().unwrap();
    let (child, pid) = started(generate(&["--orders", "100000000", "--out", out]));
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let deadline = Instant::now() + PATIENCE;
    while files() < 2 {
        assert!(Instant::now() < deadline, "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill(pid, Signal::SIGINT).unwrap();
    let (code, _, error) = ended(child.wait_with_output().unwrap());
    assert_eq!((code, files()), (Some(130), 1), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");

    let (mut child, _) = started(generate(&["--orders", "100000"]));
    drop(child.stdout.take());
    let (code, _, error) = ended(child.wait_with_output().unwrap());
    assert_eq!((code, error.as_str()), (Some(0), ""));
}

#[test]
fn wrong_flags_exit_with_2_and_missing_files_and_servers_with_3() {
    for (arguments, code, expected) in [
        (vec!["burst", "--prescriptions", "2"], 2, "--prescriptions"),
        (vec!["burst", "--queue", "a b"], 2, "--queue"),
        (vec!["burst", "--complexity-threshold", "0"], 2, "--complexity-threshold"),
        (vec!["versus", "--complexity-threshold", "1000001"], 2, "--complexity-threshold"),
        (vec!["burst", "--file", "x", "--orders", "3"], 2, "--orders"),
        (vec!["burst", "--via", "http", "--mutated", "0.5"], 2, "--mutated"),
        (vec!["steady", "--rate", "5", "--duration", "30"], 2, "--duration"),
        (vec!["compare", "a.json"], 2, "at least two reports"),
        (vec!["burst", "--orders", "-5"], 2, "'--orders"),
        (vec!["burst", "--connections", "-5"], 2, "'--connections"),
        (vec!["chaos", "--faults", "-1"], 2, "'--faults"),
        (vec!["chaos", "--faults", "0"], 2, "'--faults"),
        (vec!["cost", "--report", "x", "--multiply", "-2"], 2, "'--multiply"),
        (vec!["burst", "--redis-url", "secret"], 2, "--redis-url: expected"),
        (vec!["burst", "--api-token", "secret\n"], 2, "--api-token: expected"),
        (vec!["burst", "--json", "report", "--html", "./report"], 2, "--json and --html"),
        (vec!["burst", "--json", "x", "--file", "x"], 2, "--json and --file"),
        (vec!["curve", "--html", "x", "--curve", "./x"], 2, "--html and --curve"),
        (vec!["replay", "x", "--json", "x"], 2, "--json and FILE"),
        (vec!["versus", "--json", "x", "--b", "x"], 2, "--json and --b"),
        (vec!["chaos", "--json", "x", "--manifest", "x"], 2, "--json and --manifest"),
        (vec!["compare", "/dev/zero", "/dev/zero"], 3, "/dev/zero: expected at most"),
        (vec!["chaos", "--manifest", "/dev/null"], 3, "--manifest: no app in /dev/null"),
        (vec!["chaos", "--manifest", "."], 3, "--manifest: no app in ."),
        (vec!["chaos", "--runtime-program", "."], 3, "--runtime-program: there is no program ."),
        (
            vec!["chaos", "--manifest", "../spin.toml", "--runtime-program", "/bin/false"],
            3,
            "-- orders-api/1\n  ended with exit status: 1",
        ),
        (vec!["burst", "--file", "/dev/null"], 3, "must be a regular file"),
        (vec!["burst", "--file", "/nonexistent/orders"], 3, "--file"),
        (vec!["burst", "--json", "/nonexistent/report.json"], 3, "--json"),
        (vec!["generate", "--out", "/nonexistent/orders"], 3, "--out"),
        (
            vec!["burst", "--redis-url", "redis://user:secret@127.0.0.1:1"],
            3,
            "--redis-url: failed to connect to 127.0.0.1:1: ",
        ),
    ] {
        let output = Command::new(binary("loadtest")).args(&arguments).output().unwrap();
        let (found, _, error) = ended(output);
        assert_eq!(found, Some(code), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
