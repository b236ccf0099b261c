//! Ctrl-C and SIGTERM while `loadtest` runs: it gets every Ctrl-C and says when it is done; the app
//! and Redis stay for as long.

use std::fs;
use std::net::TcpStream;

use crate::fixture::{self, Fixture, Xtask, is_alive};

/// What `loadtest` ends with in these tests: not a code that `xtask` has for anything.
const CODE: i32 = 17;

/// A `loadtest` under `xtask` that has begun to count Ctrl-C, with these arguments.
fn start(fixture: &Fixture, arguments: &[&str]) -> Xtask {
    let mut command = fixture.command(arguments);
    command.env("STAND_IN_EXIT_OF_LOADTEST", CODE.to_string());
    let mut xtask = Xtask::spawn(&mut command);
    xtask.wait_for("loadtest listens");
    xtask
}

/// The app and the private Redis of a run.
struct Stage {
    app: u32,
    redis_port: u16,
}

impl Stage {
    fn of(xtask: &Xtask) -> Self {
        let said = xtask.text();
        let value = |flag: &str| {
            let mut words = said.split_whitespace().skip_while(|word| *word != flag).skip(1);
            words.next().unwrap().to_owned()
        };
        let redis_port = value("--redis-url").rsplit(':').next().unwrap().parse().unwrap();
        Self { app: value("--app-pid").parse().unwrap(), redis_port }
    }

    #[track_caller]
    fn assert_runs(&self) {
        assert!(is_alive(self.app), "the app has gone");
        assert_eq!(fixture::redis_command(self.redis_port, "PING"), "+PONG\r\n");
    }

    #[track_caller]
    fn assert_is_gone(&self) {
        assert!(!is_alive(self.app), "the app still runs");
        assert!(TcpStream::connect(("127.0.0.1", self.redis_port)).is_err(), "redis still runs");
    }
}

#[test]
fn after_a_ctrl_c_loadtest_takes_its_time_with_app_and_redis_and_its_exit_code_is_handed_on() {
    let fixture = Fixture::new();
    let done = fixture.root().join("done");
    let until = done.to_str().unwrap();
    let mut load = start(&fixture, &["load", "soak", "--interrupts", "1", "--until", until]);
    let stage = Stage::of(&load);
    load.signal(libc::SIGINT);
    load.wait_for("loadtest interrupt 1");
    stage.assert_runs();
    assert!(!load.text().contains("loadtest reports"), "{}", load.text());
    fs::write(&done, "").unwrap();
    assert_eq!(load.exit_code(), CODE, "{}", load.text());
    assert!(load.text().contains("loadtest reports"), "{}", load.text());
    stage.assert_is_gone();
}

#[test]
fn the_second_and_the_third_ctrl_c_reach_loadtest_as_well() {
    for last in [2, 3] {
        let fixture = Fixture::new();
        let mut burst = start(&fixture, &["burst", "--interrupts", &last.to_string()]);
        let stage = Stage::of(&burst);
        for number in 1..=last {
            stage.assert_runs();
            burst.signal(libc::SIGINT);
            burst.wait_for(&format!("loadtest interrupt {number}"));
        }
        assert_eq!(burst.exit_code(), CODE, "{}", burst.text());
        assert!(burst.text().contains("loadtest reports"), "{}", burst.text());
        stage.assert_is_gone();
    }
}

#[test]
fn a_fourth_ctrl_c_ends_all_at_once() {
    let fixture = Fixture::new();
    let mut burst = start(&fixture, &["burst", "--interrupts", "9"]);
    let stage = Stage::of(&burst);
    for number in 1..=3 {
        burst.signal(libc::SIGINT);
        burst.wait_for(&format!("loadtest interrupt {number}"));
    }
    burst.signal(libc::SIGINT);
    assert_eq!(burst.exit_code(), 130, "{}", burst.text());
    fixture::poll_until("the app and redis end", || {
        !is_alive(stage.app) && TcpStream::connect(("127.0.0.1", stage.redis_port)).is_err()
    });
}

#[test]
fn a_loadtest_that_a_ctrl_c_ends_leaves_nothing_running() {
    let fixture = Fixture::new();
    let mut burst = fixture.spawn(&["burst", "--hang"]);
    burst.wait_for("loadtest folder");
    let stage = Stage::of(&burst);
    stage.assert_runs();
    burst.signal(libc::SIGINT);
    assert_eq!(burst.exit_code(), 130, "{}", burst.text());
    stage.assert_is_gone();
}

#[test]
fn sigterm_stops_everything_also_while_loadtest_takes_its_time() {
    for interrupts in [0, 1] {
        let fixture = Fixture::new();
        let mut burst = start(&fixture, &["burst", "--interrupts", "9"]);
        let stage = Stage::of(&burst);
        for number in 1..=interrupts {
            burst.signal(libc::SIGINT);
            burst.wait_for(&format!("loadtest interrupt {number}"));
        }
        burst.signal(libc::SIGTERM);
        assert_eq!(burst.exit_code(), 1, "{}", burst.text());
        assert!(burst.text().contains("loadtest was interrupted"), "{}", burst.text());
        stage.assert_is_gone();
    }
}

#[test]
fn any_command_of_loadtest_gets_every_ctrl_c() {
    let fixture = Fixture::new();
    let mut versus = start(&fixture, &["loadtest", "versus", "--interrupts", "2"]);
    for number in 1..=2 {
        versus.signal(libc::SIGINT);
        versus.wait_for(&format!("loadtest interrupt {number}"));
    }
    assert_eq!(versus.exit_code(), CODE, "{}", versus.text());
}
