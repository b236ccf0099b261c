//! Copies of an application in one process: each has its own variables, port and channels, and wakes nobody else.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use private_redis::{RedisServer, free_port};

use crate::support::{Look, Running, TestApp};

/// An application whose component `name` records the messages on its own channel.
fn recording(url: &str, flags: &[&str]) -> TestApp {
    TestApp::new()
        .head("[variables]\nqueue = { default = \"q\" }")
        .component(
            "recorder",
            "record",
            &format!(
                "allowed_outbound_hosts = [{url:?}]\nvariables = {{ redis = {url:?}, name = \"{{{{ queue }}}}\" }}"
            ),
        )
        .redis(url, "{{ queue }}.bell", "recorder")
        .redis(url, "{{ queue }}.other", "recorder")
        .flags(flags)
}

fn variables(flags: &[&str]) -> TestApp {
    TestApp::new()
        .head("[variables]\nqueue = { default = \"q\" }\nplain = { default = \"p\" }")
        .component(
            "variables",
            "variables",
            "variables = { queue = \"{{ queue }}\", plain = \"{{ plain }}\" }",
        )
        .http("/...", "variables")
        .flags(flags)
}

/// The first of so many free ports, one after the other.
fn free_ports(count: u16) -> u16 {
    let all_free = |first: u16| {
        let mut ports = first..first.checked_add(count)?;
        ports.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()).then_some(first)
    };
    (0..100).find_map(|_| all_free(free_port().unwrap())).expect("there are free ports")
}

#[test]
fn each_copy_has_its_own_port_and_the_value_of_its_own_number() {
    let app = variables(&["--copies", "3", "--copy-variable", "queue=orders-{copy}"])
        .env("SPIN_VARIABLE_QUEUE", "the flag wins")
        .env("SPIN_VARIABLE_PLAIN", "same");
    let running = app.start();
    let addresses = running.addresses();
    assert_eq!(addresses.len(), 3);
    for (address, copy) in addresses.iter().zip(1..) {
        assert_eq!(running.get_at(address, "/queue").1, format!("value:orders-{copy}"));
        assert_eq!(running.get_at(address, "/plain").1, "value:same");
        assert_eq!(running.get_at(address, "/.well-known/spin/health").1, "OK");
    }
}

#[test]
fn copies_take_the_ports_after_the_one_that_was_asked_for() {
    let first = free_ports(3);
    let running = variables(&["--copies", "3"]).listen(&format!("127.0.0.1:{first}")).start();
    let expected: Vec<_> = (first..first + 3).map(|port| format!("127.0.0.1:{port}")).collect();
    assert_eq!(running.addresses(), expected);
    assert_eq!(running.get_at(&expected[2], "/queue").1, "value:q", "copies may be all alike");
}

#[test]
fn a_message_wakes_the_copy_that_it_is_for_and_no_other() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let _running = recording(&url, &["--copies", "3", "--copy-variable", "queue=q{copy}"]).start();
    let mut look = Look::at(&url);
    assert_eq!(look.publish("q2.bell", "a"), 1);
    assert_eq!(look.wait_for("events", 2), ["q2 begin a", "q2 end a"]);
    // A message that came after has been dealt with: another copy would have been seen by now.
    assert_eq!(look.publish("q3.bell", "b"), 1);
    assert_eq!(look.wait_for("events", 4)[2..], ["q3 begin b", "q3 end b"]);
    assert_eq!(look.publish("q.bell", "c"), 0);
}

#[test]
fn a_channel_that_copies_have_in_common_wakes_all_of_them() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let _running = recording(&url, &["--copies", "3"]).start();
    let mut look = Look::at(&url);
    assert_eq!(look.publish("q.bell", "a"), 1, "they share one connection");
    let mut events = look.wait_for("events", 6);
    events.sort();
    assert_eq!(events, ["q begin a", "q begin a", "q begin a", "q end a", "q end a", "q end a"]);
}

#[test]
fn copies_do_not_wait_for_each_other_and_each_handles_one_message_at_a_time() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let _running = recording(&url, &["--copies", "2", "--copy-variable", "queue=q{copy}"]).start();
    let mut look = Look::at(&url);
    for message in ["wait:400 first", "second"] {
        look.publish("q1.bell", message);
        look.publish("q1.other", message);
    }
    look.publish("q2.bell", "meanwhile");
    let events = look.wait_for("events", 10);
    let place = |event: &str| events.iter().position(|found| found == event).unwrap();
    assert!(place("q2 end meanwhile") < place("q1 end wait:400 first"), "{events:?}");
    let of_one: Vec<_> = events.iter().filter(|event| event.starts_with("q1")).collect();
    for pair in of_one.chunks(2) {
        assert_eq!(pair[0].replace("begin", "end"), *pair[1], "{events:?}");
    }
    assert!(of_one[7].contains("second"), "{events:?}");
}

#[test]
fn copies_share_a_connection_for_each_address_string_and_hear_again_when_it_was_lost() {
    let mut redis = RedisServer::start().unwrap();
    let url = redis.url();
    let mut running =
        recording(&url, &["--copies", "40", "--copy-variable", "queue=q{copy}"]).start();
    running.wait_for("the channels", |running| running.stdout().contains("Active Channels"));
    assert!(
        running.stdout().contains("Active Channels of 40 copies: 80 on 1 connections"),
        "{}",
        running.stdout()
    );
    assert_eq!(Look::at(&url).info("connected_clients"), 2, "theirs and this one");
    redis.kill().unwrap();
    running.wait_for("the loss to be said", |running| running.stderr().contains("lost Redis at"));
    redis.restart(&private_redis::Options::default()).unwrap();
    running.wait_for("the return to be said", |running| running.stderr().contains("is back"));
    let mut look = Look::at(&url);
    for copy in 1..=40 {
        assert_eq!(look.publish(&format!("q{copy}.bell"), "a"), 1, "copy {copy}");
        assert_eq!(look.publish(&format!("q{copy}.other"), "b"), 1, "copy {copy}");
    }
    look.wait_for("events", 160);
}

#[test]
fn copies_with_address_strings_of_their_own_have_connections_of_their_own() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let mut running = TestApp::new()
        .head("[variables]\nn = { default = \"\" }")
        .redis_component("recorder", "record", &url)
        .redis(&format!("{url}/?copy={{{{ n }}}}"), "bell", "recorder")
        .flags(&["--copies", "3", "--copy-variable", "n={copy}"])
        .start();
    running.wait_for("the channels", |running| running.stdout().contains("3 on 3 connections"));
    assert_eq!(Look::at(&url).publish("bell", "a"), 3);
}

#[test]
fn what_is_printed_and_logged_says_which_copy_it_comes_from() {
    let redis = RedisServer::start().unwrap();
    let app = TestApp::new()
        .component("print", "print", "")
        .redis_component("fails", "fails", &redis.url())
        .http("/...", "print")
        .redis(&redis.url(), "ding", "fails")
        .flags(&["--copies", "2"]);
    let mut running = app.start();
    let second = running.addresses().remove(1);
    assert_eq!(running.post_at(&second, "/", "word\n").0, 200);
    running.wait_for("the line", |running| running.stdout().contains("[print/2] word\n"));
    let log = std::fs::read_to_string(app.folder().join(".spin/logs/print_stdout.txt")).unwrap();
    assert_eq!(log, "[print/2] word\n");
    Look::at(&redis.url()).publish("ding", "error");
    running.wait_for("both failures", |running| {
        let stderr = running.stderr();
        (1..=2).all(|copy| {
            stderr.contains(&format!("component \"fails\" of copy {copy} failed at a message"))
        })
    });
}

#[test]
fn more_copies_run_than_the_usual_limit_of_open_files_allows() {
    let app = variables(&["--copies", "200", "--copy-variable", "queue=q{copy}"]);
    std::fs::write(app.folder().join("spin.toml"), app.manifest()).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -n 100 && exec \"$@\"", "sh"]).args(app.arguments());
    let running = Running::start(command);
    let addresses = running.addresses();
    assert_eq!(addresses.len(), 200);
    assert_eq!(running.get_at(&addresses[199], "/queue").1, "value:q200");
}

#[test]
fn copies_that_cannot_be_are_refused_with_the_name_of_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    for (flags, listen, expected) in [
        (vec!["--copies", "0"], None, "--copies"),
        (vec!["--copies", "65536"], None, "--copies"),
        (vec!["--copies", "3"], Some("127.0.0.1:65534"), "--copies: 3 copies have no room"),
        (
            vec!["--copies", "2"],
            Some(address.to_string().as_str()),
            "for copy 1 (--listen, --copies)",
        ),
        (
            vec!["--copies", "2", "--copy-variable", "queue"],
            None,
            "expected name=template with {copy}",
        ),
        (
            vec!["--copies", "2", "--copy-variable", "queue=same"],
            None,
            "expected name=template with {copy}",
        ),
        (
            vec!["--copy-variable", "nobody={copy}"],
            None,
            "--copy-variable names the undeclared variable",
        ),
        (
            vec!["--copy-variable", "queue=a{copy}", "--copy-variable", "queue=b{copy}"],
            None,
            "--copy-variable names the variable \"queue\" twice",
        ),
    ] {
        let app = variables(&flags);
        let app = if let Some(listen) = listen { app.listen(listen) } else { app };
        let said = app.refused();
        assert!(said.contains(expected), "{flags:?}: {said}");
    }
}

#[test]
fn a_value_that_only_a_later_copy_has_is_checked_before_anything_listens() {
    let app = TestApp::new()
        .head("[variables]\nn = { default = \"1\" }")
        .component("recorder", "record", "")
        .redis("redis://127.0.0.1:6553{{ n }}", "bell", "recorder")
        .flags(&["--copies", "6", "--copy-variable", "n={copy}"]);
    // There is no port 65536.
    let said = app.refused();
    assert!(said.contains("copy 6: the address of the Redis channel"), "{said}");
}
