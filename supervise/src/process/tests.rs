use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;

use nix::unistd::getpgid;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_ctrl_c_of_the_terminal_does_not_reach_a_process() {
    let process = Process::start("the shell", shell("exec sleep 60")).unwrap();
    assert_eq!(getpgid(Some(process.pid())).unwrap(), process.pid(), "its own group");
}

#[test]
fn stopping_a_process_stops_its_whole_group() {
    // The shell's own child would outlive it; it holds the pipe open, so the end of the pipe
    // proves its end.
    let mut command = shell("sleep 60 & echo ready; wait");
    command.stdout(Stdio::piped());
    let mut process = Process::start("the shell", command).unwrap();
    let mut output = BufReader::new(process.child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let started = Instant::now();
    drop(process);
    output.read_to_string(&mut line).unwrap();
    assert!(started.elapsed() < LIMIT);
}

#[test]
fn a_process_outlives_the_thread_that_started_it() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped());
    let process = std::thread::spawn(move || Process::start("cat", command)).join();
    let mut process = process.unwrap().unwrap();
    assert_eq!(process.ends_within(Duration::from_millis(200)), None);
    process.child.stdin.take();
    assert!(process.ends_within(LIMIT).unwrap().success());
}

#[test]
fn an_end_is_seen_with_its_status_and_last_lines_and_before_it_is_reaped() {
    let script = "echo out; echo error >&2; exit 7";
    let process = Process::start_reading("the shell", shell(script), |_| {}).unwrap();
    let ended = process.wait_for("value", LIMIT, || Ok(None::<()>)).unwrap_err().to_string();
    assert!(ended.starts_with("the shell ended with exit status: 7\n"), "{ended}");
    assert!(ended.contains("  out\n") && ended.contains("  error\n"), "{ended}");
    let left = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    assert!(left.contains(") Z "), "{left}");
}

#[test]
fn every_line_is_heard_by_the_time_a_process_is_killed() {
    let (sender, lines) = mpsc::channel();
    let on_line = move |line: &str| {
        // The second line is still to be heard when the process is killed.
        std::thread::sleep(Duration::from_millis(if line == "two" { 100 } else { 0 }));
        sender.send(line.to_owned()).unwrap();
    };
    let script = "echo two >&2; echo one; exec sleep 60";
    let mut process = Process::start_reading("the shell", shell(script), on_line).unwrap();
    let first = || Ok(process.last_lines().contains("one").then_some(()));
    process.wait_for("first line", LIMIT, first).unwrap();
    assert_eq!(process.kill().unwrap().signal(), Some(Signal::SIGKILL as i32));
    assert_eq!(process.kill().unwrap(), process.ended().unwrap());
    let mut heard: Vec<String> = lines.try_iter().collect();
    heard.sort();
    assert_eq!(heard, ["one", "two"]);
}

#[test]
fn a_wait_ends_at_its_limit_with_what_it_waited_for() {
    let process = Process::start("the shell", shell("exec sleep 60")).unwrap();
    let error = process.wait_for("answer", Duration::ZERO, || Ok(None::<()>)).unwrap_err();
    assert!(error.to_string().contains("no answer within 0 s"), "{error:#}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = Process::start("the app", Command::new("/nowhere/app")).unwrap_err();
    assert!(error.to_string().contains("failed to start the app (/nowhere/app)"), "{error:#}");
}
