//! Runs the real `xtask` in a made-up repository, in which a stand-in plays cargo, spin and
//! loadtest; Redis is a real one.
//!
//! What must hold: everything that was started is gone afterwards, however `xtask` ends, and the
//! messages say what to do.

// The lint spares functions marked as tests only, and all of this is test code.
#![allow(clippy::unwrap_used, clippy::format_push_string)]

mod fixture;
mod interrupts;
mod publish;
mod tools;

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use fixture::{Fixture, Xtask, is_alive, poll_until};

#[test]
fn up_runs_the_app_with_a_private_redis_and_stops_both_at_sigterm() {
    let fixture = Fixture::new();
    let mut up =
        fixture.spawn(&["up", "--runtime", "spin", "--listen", &fixture.listen(), "--", "--quiet"]);
    let redis_port = up.redis_port();
    let app = up.app_pid();
    up.wait_for("ready");
    assert!(
        up.text().contains(&format!("redis://127.0.0.1:{redis_port} arguments up -f")),
        "{}",
        up.text()
    );
    assert!(up.text().contains("--quiet"), "{}", up.text());
    assert!(TcpStream::connect(("127.0.0.1", redis_port)).is_ok());
    up.signal(libc::SIGTERM);
    assert_eq!(up.exit_code(), 0, "{}", up.text());
    assert!(!is_alive(app), "the app is gone");
    assert!(TcpStream::connect(("127.0.0.1", redis_port)).is_err(), "redis is gone");
}

#[test]
fn a_ctrl_c_of_the_terminal_stops_redis_after_the_app_and_in_order() {
    let fixture = Fixture::new();
    let mut command = fixture.command(&["up", "--listen", &fixture.listen()]);
    // The terminal sends SIGINT to a whole group: to xtask, and to what has no group of its own.
    let mut up = Xtask::spawn(std::os::unix::process::CommandExt::process_group(&mut command, 0));
    up.wait_for("ready");
    up.signal_group(libc::SIGINT);
    assert_eq!(up.exit_code(), 0, "{}", up.text());
    let log = fs::read_to_string(fixture.root().join(".data/redis/redis.log")).unwrap();
    assert!(log.contains("User requested shutdown"), "{log}");
    assert!(!log.contains("Received SIGINT"), "{log}");
}

#[test]
fn up_uses_local_runtime_where_spin_is_not_installed() {
    let fixture = Fixture::new();
    fixture.remove_program("spin");
    let mut up = fixture.spawn(&["up", "--listen", &fixture.listen()]);
    up.wait_for("ready");
    assert!(up.text().contains("local-runtime pid"), "{}", up.text());
    up.signal(libc::SIGINT);
    assert_eq!(up.exit_code(), 0, "{}", up.text());
}

#[test]
fn asking_for_spin_where_it_is_not_installed_says_so() {
    let fixture = Fixture::new();
    fixture.remove_program("spin");
    let (code, text) = fixture.run(&["up", "--runtime", "spin"]);
    assert_eq!(code, 1);
    assert!(text.contains("--runtime spin: `spin` is not on the PATH"), "{text}");
}

#[test]
fn a_second_up_is_refused_while_the_first_one_holds_the_data() {
    let fixture = Fixture::new();
    let mut first = fixture.spawn(&["up", "--listen", &fixture.listen()]);
    first.wait_for("ready");
    let (code, text) = fixture.run(&["up", "--listen", &fixture.listen()]);
    assert_eq!(code, 1);
    assert!(text.contains(".data/redis is in use by another"), "{text}");
    let (code, text) = fixture.run(&["clean"]);
    assert_eq!(code, 1, "clean is refused as well: {text}");
    assert!(fixture.root().join(".data/redis").is_dir());

    first.signal(libc::SIGTERM);
    assert_eq!(first.exit_code(), 0);
    let (code, text) = fixture.run(&["clean"]);
    assert_eq!(code, 0, "{text}");
    assert!(!fixture.root().join(".data").exists());
}

#[test]
fn up_fails_and_stops_redis_when_the_app_ends_by_itself() {
    let fixture = Fixture::new();
    let listen = fixture.listen();
    let mut up = fixture.spawn(&["up", "--listen", &listen]);
    let redis_port = up.redis_port();
    up.wait_for("ready");
    let mut stream = TcpStream::connect(&listen).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /die HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(up.exit_code(), 1);
    assert!(up.text().contains("the app (spin) ended by itself"), "{}", up.text());
    assert!(TcpStream::connect(("127.0.0.1", redis_port)).is_err(), "redis is gone");
}

#[test]
fn up_fails_and_stops_the_app_when_redis_ends_by_itself() {
    let fixture = Fixture::new();
    let mut up = fixture.spawn(&["up", "--listen", &fixture.listen()]);
    let redis_port = up.redis_port();
    let app = up.app_pid();
    up.wait_for("ready");
    fixture::redis_command(redis_port, "SHUTDOWN NOSAVE");
    assert_eq!(up.exit_code(), 1);
    assert!(up.text().contains("the private Redis ended by itself"), "{}", up.text());
    assert!(!is_alive(app), "the app is gone");
}

#[test]
fn nothing_outlives_a_killed_xtask_and_the_data_is_kept() {
    let fixture = Fixture::new();
    let mut up = fixture.spawn(&["up", "--listen", &fixture.listen()]);
    let redis_port = up.redis_port();
    let app = up.app_pid();
    up.wait_for("ready");
    assert_eq!(fixture::redis_command(redis_port, "SET answer 42"), "+OK\r\n");
    up.signal(libc::SIGKILL);
    poll_until("the app is gone", || !is_alive(app));
    poll_until("redis is gone", || TcpStream::connect(("127.0.0.1", redis_port)).is_err());

    // The lock is free once Redis has written everything out.
    let mut last = String::new();
    poll_until("the data folder is free", || {
        let mut again = fixture.spawn(&["up", "--listen", &fixture.listen()]);
        let started = again.becomes("ready");
        last = again.text();
        if started {
            let port = again.redis_port();
            assert_eq!(fixture::redis_command(port, "GET answer"), "$2\r\n42\r\n");
            again.signal(libc::SIGTERM);
            assert_eq!(again.exit_code(), 0);
        }
        started
    });
    assert!(last.contains("ready"), "{last}");
}

#[test]
fn the_keeper_of_redis_stops_it_in_order_however_often_it_is_signalled() {
    let fixture = Fixture::new();
    let folder = fixture.root().join(".data/redis");
    let mut command = fixture.command(&["keep-redis", "--folder", folder.to_str().unwrap()]);
    let mut keeper = Xtask::spawn(command.stdin(std::process::Stdio::piped()));
    keeper.wait_for("redis://127.0.0.1:");
    // Both are sent before the first one can have been carried out; a stopped process takes them
    // together.
    for signal in [libc::SIGSTOP, libc::SIGTERM, libc::SIGINT, libc::SIGCONT] {
        keeper.signal(signal);
    }
    assert_eq!(keeper.exit_code(), 0, "{}", keeper.text());
    let log = fs::read_to_string(folder.join("redis.log")).unwrap();
    assert!(log.contains("ready to exit"), "{log}");
}

#[test]
fn a_redis_whose_keeper_was_killed_still_keeps_others_from_its_data() {
    let fixture = Fixture::new();
    let folder = fixture.root().join(".data/redis");
    let mut command = fixture.command(&["keep-redis", "--folder", folder.to_str().unwrap()]);
    let mut keeper = Xtask::spawn(command.stdin(std::process::Stdio::piped()));
    keeper.wait_for("redis://127.0.0.1:");
    let redis_port = keeper.number_after("redis://127.0.0.1:");
    keeper.signal(libc::SIGKILL);
    assert_eq!(keeper.exit_code(), -1);
    let (code, text) = fixture.run(&["up", "--listen", &fixture.listen()]);
    fixture::redis_command(redis_port, "SHUTDOWN NOSAVE");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("is in use by another"), "{text}");
    poll_until("the data folder is free", || fixture.run(&["clean"]).0 == 0);
}

#[test]
fn a_given_redis_is_used_and_left_running() {
    let fixture = Fixture::new();
    let redis = private_redis::RedisServer::start().unwrap();
    let mut up = fixture.spawn(&["up", "--listen", &fixture.listen(), "--redis-url", &redis.url()]);
    up.wait_for("ready");
    assert!(up.text().contains(&format!("redis {} arguments", redis.url())), "{}", up.text());
    up.signal(libc::SIGTERM);
    assert_eq!(up.exit_code(), 0);
    assert_eq!(fixture::redis_command(redis.port(), "PING"), "+PONG\r\n");
    assert!(!fixture.root().join(".data").exists());
}

#[test]
fn a_source_of_spin_toml_that_the_build_did_not_make_is_named() {
    let fixture = Fixture::new();
    let source = "target/wasm32-wasip1/release/receiver_simple.wasm";
    fs::remove_file(fixture.root().join(source)).unwrap();
    let (code, text) = fixture.run(&["build"]);
    assert_eq!(code, 1);
    assert!(text.contains(source) && text.contains("receiver-simple"), "{text}");
}

#[test]
fn build_compiles_the_components_in_one_call_and_prints_the_sizes() {
    let fixture = Fixture::new();
    let (code, text) = fixture.run(&["build"]);
    assert_eq!(code, 0, "{text}");
    let calls: Vec<&str> =
        text.lines().filter(|line| line.starts_with("cargo arguments")).collect();
    assert_eq!(calls.len(), 1, "{text}");
    for part in [
        "build",
        "--release --target wasm32-wasip1 --config .cargo/components.toml -p distributor -p receiver-simple -p receiver-complex -p orders-api",
    ] {
        assert!(calls[0].contains(part), "{text}");
    }
    assert!(text.contains("receiver_complex.wasm  2 KB"), "{text}");
}

#[test]
fn burst_hands_the_other_flags_on_and_returns_the_exit_code_of_loadtest() {
    let fixture = Fixture::new();
    let folder = tempfile::tempdir().unwrap();
    let mut burst =
        fixture.command(&["burst", "--orders", "9", "--runtime", "local", "--json", "r.json"]);
    burst.current_dir(folder.path()).env("STAND_IN_EXIT_OF_LOADTEST", "17");
    let (code, text) = fixture::finish(&mut burst);
    assert_eq!(code, 17, "{text}");
    let line = text.lines().find(|line| line.starts_with("loadtest arguments")).unwrap();
    assert!(line.starts_with("loadtest arguments burst --redis-url redis://127.0.0.1:"), "{line}");
    assert!(line.contains(" --app-pid "), "{line}");
    assert!(
        line.contains("/.well-known/local-runtime/instance-starts --orders 9 --json r.json"),
        "{line}"
    );
    assert!(folder.path().join("r.json").is_file(), "the report lies in the user's folder");
    assert_eq!(logs(&fixture.root()).len(), 1, "the app's output is kept after a failure: {text}");
}

#[test]
fn load_hands_its_shape_and_flags_on() {
    let fixture = Fixture::new();
    let (code, text) = fixture.run(&["load", "steady", "--rate", "9", "--runtime", "local"]);
    assert_eq!(code, 0, "{text}");
    let line = text.lines().find(|line| line.starts_with("loadtest arguments")).unwrap();
    assert!(line.starts_with("loadtest arguments steady --redis-url redis://127.0.0.1:"), "{line}");
    assert!(
        line.contains(" --http-url http://127.0.0.1:") && line.ends_with(" --rate 9"),
        "{line}"
    );
}

#[test]
fn load_without_a_known_shape_names_the_shapes_and_builds_nothing() {
    let fixture = Fixture::new();
    for arguments in [&["load"][..], &["load", "flood"], &["load", "--rate", "9"]] {
        let (code, text) = fixture.run(arguments);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("burst, steady, wave, spikes, soak, replay"), "{text}");
        assert!(!text.contains("cargo arguments"), "{text}");
    }
}

#[test]
fn loadtest_is_run_with_the_very_arguments_and_all_programs_built() {
    let fixture = Fixture::new();
    let mut command = fixture.command(&["loadtest", "versus", "--rounds", "3", "--json", "v.json"]);
    command.env("STAND_IN_EXIT_OF_LOADTEST", "17");
    let (code, text) = fixture::finish(&mut command);
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("loadtest arguments versus --rounds 3 --json v.json"), "{text}");
    assert!(text.contains("-p loadtest -p local-runtime -p conventional"), "{text}");
}

#[test]
fn burst_with_spin_gives_no_address_that_only_local_runtime_has() {
    let fixture = Fixture::new();
    let (code, text) = fixture.run(&["burst", "--runtime=spin"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("instance-starts"), "{text}");
    assert!(logs(&fixture.root()).is_empty());
}

#[test]
fn burst_shows_the_output_of_an_app_that_does_not_start() {
    let fixture = Fixture::new();
    let mut burst = fixture.command(&["burst"]);
    burst.env("STAND_IN_APP_FAILS", "1");
    let (code, text) = fixture::finish(&mut burst);
    assert_eq!(code, 1);
    assert!(text.contains("the app (spin) ended before it was ready"), "{text}");
    assert!(text.contains("no such component") && text.contains("target/xtask/burst-"), "{text}");
}

#[test]
fn burst_ends_when_the_app_dies_in_the_middle() {
    let fixture = Fixture::new();
    let (code, text) = fixture.run(&["burst", "--kill-app"]);
    assert_eq!(code, 1);
    assert!(text.contains("ended by itself during the run"), "{text}");
}

#[test]
fn test_sums_the_results_and_its_last_line_is_the_tally() {
    let fixture = Fixture::new();
    let mut test = fixture.command(&["test", "--", "--nocapture"]);
    test.env(
        "STAND_IN_TEST_OUTPUT",
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
         test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
    );
    let (code, text) = fixture::finish(&mut test);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.lines().last(), Some("7 passed, 0 failed, 1 skipped"));
    assert!(text.contains("--exclude guests -- --nocapture"), "arguments are handed on: {text}");
    assert!(text.contains("-p guests --examples"), "{text}");
    // What is quick and often wrong comes first.
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    let places = [
        "cargo arguments fmt --all --check",
        "cargo arguments clippy --target-dir ",
        "-p orders-api --lib -p distributor",
        "cargo arguments build ",
        "cargo arguments test ",
    ];
    assert!(places.map(place).is_sorted(), "{text}");
}

#[test]
fn what_is_not_formatted_is_neither_built_nor_tested() {
    let fixture = Fixture::new();
    let mut test = fixture.command(&["test"]);
    test.env("STAND_IN_FMT_EXIT", "1");
    let (code, text) = fixture::finish(&mut test);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("cargo fmt failed"), "{text}");
    assert!(
        !text.contains("clippy --target-dir") && !text.contains("cargo arguments build"),
        "{text}"
    );
}

#[test]
fn a_failed_test_run_fails_and_still_ends_with_the_tally() {
    let fixture = Fixture::new();
    let result = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
    for (output, exit, last) in [
        (result, "101", "3 passed, 2 failed"),
        ("", "101", "0 passed, 0 failed"),
        ("", "0", "0 passed, 0 failed"),
    ] {
        let mut test = fixture.command(&["test"]);
        test.env("STAND_IN_TEST_OUTPUT", output).env("STAND_IN_TEST_EXIT", exit);
        let (code, text) = fixture::finish(&mut test);
        assert_eq!(code, 1, "{text}");
        assert_eq!(text.lines().last(), Some(last), "{text}");
    }
}

#[test]
fn setup_prints_one_line_for_each_part_that_is_there() {
    let fixture = Fixture::new();
    let (code, text) = fixture.run(&["setup"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("setup: redis-server ") && text.contains("wasm32-wasip1"), "{text}");
}

#[test]
fn setup_says_what_to_install_where_it_can_not_help() {
    let fixture = Fixture::new();
    let mut setup = fixture.command(&["setup", "--wasm-toolchain", "rustup"]);
    setup.env("STAND_IN_TARGET_MISSING", "1").env("PATH", fixture.programs());
    let (code, text) = fixture::finish(&mut setup);
    assert_eq!(code, 1);
    assert!(text.contains("install Redis 7.0 or later"), "{text}");
    assert!(text.contains("rustup failed with exit status: 1"), "{text}");
    assert!(text.contains("install rustup and run `rustup target add wasm32-wasip1`"), "{text}");
}

#[test]
fn setup_installs_a_missing_redis_and_tries_again_after_an_update() {
    let fixture = Fixture::new();
    fixture.add_program("apt-get");
    fixture.add_program("sudo");
    let mut setup = fixture.command(&["setup"]);
    setup.env("PATH", fixture.programs()).env("STAND_IN_EXIT", "100");
    let (code, text) = fixture::finish(&mut setup);
    assert_eq!(code, 1);
    let steps: Vec<usize> = [
        "setup: apt-get install -y redis-server",
        "setup: apt-get update",
        "apt-get install -y redis-server` failed",
    ]
    .map(|step| text.find(step).unwrap_or_else(|| panic!("{step} is missing in {text}")))
    .to_vec();
    assert!(steps.is_sorted(), "{text}");
}

fn logs(root: &Path) -> Vec<String> {
    let Ok(folder) = fs::read_dir(root.join("target/xtask")) else { return Vec::new() };
    folder.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Long enough for a loaded machine; every wait ends as soon as its condition holds.
const LIMIT: Duration = Duration::from_secs(30);
