//! A process ends when the program that started it is killed.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_process_dies_with_the_program_that_started_it() {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples/hold");
    let mut parent = Command::new(program).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let process = Path::new("/proc").join(line.trim());
    assert!(process.join("stat").exists(), "{line:?} runs");
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_alive(&process) {
        assert!(Instant::now() < deadline, "{line:?} still runs");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A dead process that its new parent has not reaped yet is a zombie.
fn is_alive(process: &Path) -> bool {
    let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
