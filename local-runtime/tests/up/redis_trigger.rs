//! The Redis trigger.

use std::net::TcpListener;

use private_redis::{Options, RedisServer, free_port};

use crate::support::{Look, TestApp};

#[test]
fn channels_under_one_address_string_wait_for_each_other() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("one", "record", &url)
        .redis_component("two", "record", &url)
        .redis(&url, "first", "one")
        .redis(&url, "second", "two");
    let _running = app.start();
    let mut look = Look::at(&url);
    for number in 0..3 {
        assert_eq!(look.publish("first", &format!("wait:50 {number}")), 1);
        assert_eq!(look.publish("second", &format!("wait:50 {number}")), 1);
    }
    let events = look.wait_for("events", 12);
    for pair in events.chunks(2) {
        assert_eq!(pair[0].replace("begin", "end"), pair[1], "{events:?}");
    }
    assert_eq!(events[0], "one begin wait:50 0");
    assert_eq!(events[11], "two end wait:50 2");
}

#[test]
fn two_address_strings_of_one_server_run_at_the_same_time() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("one", "record", &url)
        .redis_component("two", "record", &url)
        .redis(&format!("{url}/?trigger=one"), "first", "one")
        .redis(&format!("{url}/?trigger=two"), "second", "two");
    let _running = app.start();
    let mut look = Look::at(&url);
    look.publish("first", "wait:500");
    look.publish("second", "wait:500");
    let mut events = look.wait_for("events", 4);
    events[..2].sort();
    assert_eq!(events[..2], ["one begin wait:500", "two begin wait:500"]);
}

#[test]
fn components_that_share_a_channel_run_at_the_same_time_for_one_message_and_the_next_one_waits() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("one", "record", &url)
        .redis_component("two", "record", &url)
        .redis(&url, "shared", "one")
        .redis(&url, "shared", "two");
    let _running = app.start();
    let mut look = Look::at(&url);
    assert_eq!(look.publish("shared", "wait:400"), 1);
    look.publish("shared", "next");
    let mut events = look.wait_for("events", 8);
    events[..2].sort();
    events[2..4].sort();
    let expected =
        ["one begin wait:400", "two begin wait:400", "one end wait:400", "two end wait:400"];
    assert_eq!(events[..4], expected);
    assert!(events[4..].iter().all(|event| event.ends_with("next")), "{events:?}");
}

#[test]
fn each_message_has_a_fresh_instance_and_one_component_may_have_both_triggers() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("fails", "fails", &url)
        .redis(&url, "ding", "fails")
        .http("/fails", "fails");
    let running = app.start();
    let mut look = Look::at(&url);
    for message in ["a", "b", "c"] {
        look.publish("ding", message);
    }
    assert_eq!(look.wait_for("handled", 3), ["a call 1", "b call 1", "c call 1"]);
    assert_eq!(running.get("/fails").1, "call 1");
}

#[test]
fn an_error_and_a_trap_are_logged_with_the_component_and_dropped_and_the_next_message_works() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app =
        TestApp::new().redis_component("my-fails", "fails", &url).redis(&url, "ding", "my-fails");
    let mut running = app.start();
    let mut look = Look::at(&url);
    for message in ["trap", "error", "a"] {
        look.publish("ding", message);
    }
    assert_eq!(look.wait_for("handled", 1), ["a call 1"]);
    running.wait_for("the second failure", |running| {
        running.stderr().contains("its handler returned an error")
    });
    let stderr = running.stderr();
    let failures: Vec<_> =
        stderr.lines().filter(|line| line.contains("failed at a message on \"ding\"")).collect();
    assert_eq!(failures.len(), 2, "{stderr}");
    assert!(failures.iter().all(|line| line.contains("component \"my-fails\"")), "{stderr}");
    assert!(failures[1].contains("its handler returned an error"), "{stderr}");
    look.publish("ding", "b");
    assert_eq!(look.wait_for("handled", 2), ["a call 1", "b call 1"], "nothing is delivered again");
}

#[test]
fn a_message_that_nobody_listened_for_is_lost() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new().redis_component("fails", "fails", &url).redis(&url, "ding", "fails");
    let mut look = Look::at(&url);
    assert_eq!(look.publish("ding", "early"), 0);
    let _running = app.start();
    assert_eq!(
        look.publish("ding", "late"),
        1,
        "the channel is subscribed to before the program is ready"
    );
    assert_eq!(look.wait_for("handled", 1), ["late call 1"]);
}

#[test]
fn address_and_channel_take_templates_and_the_application_has_a_default_address() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .head("[application.trigger.redis]\naddress = \"redis://127.0.0.1:{{ port }}\"")
        .head(&format!(
            "[variables]\nport = {{ default = \"{}\" }}\nqueue = {{ default = \"orders\" }}",
            redis.port()
        ))
        .redis_component("fails", "fails", &url)
        .table("[[trigger.redis]]\nchannel = \"{{ queue }}.ingress\"\ncomponent = \"fails\"");
    let running = app.start();
    let mut look = Look::at(&url);
    assert_eq!(look.publish("orders.ingress", "a"), 1);
    assert_eq!(look.wait_for("handled", 1), ["a call 1"]);
    let stdout = running.stdout();
    let banner = format!("Active Channels on {url}:\n\torders.ingress: [fails]\n");
    assert!(stdout.contains(&banner), "{stdout}");
}

#[test]
fn a_lost_connection_is_made_again_and_said_once_each_way() {
    let mut redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new().redis_component("fails", "fails", &url).redis(&url, "ding", "fails");
    let mut running = app.start();
    redis.kill().unwrap();
    running.wait_for("the loss to be said", |running| running.stderr().contains("lost Redis at"));
    // Another server takes the port and accepts the attempts.
    let listener = TcpListener::bind(("127.0.0.1", redis.port())).unwrap();
    for _ in 0..4 {
        drop(listener.accept().unwrap());
    }
    drop(listener);
    redis.restart().unwrap();
    running.wait_for("the return to be said", |running| running.stderr().contains("is back"));
    let mut look = Look::at(&url);
    assert_eq!(look.publish("ding", "after"), 1);
    assert_eq!(look.wait_for("handled", 1), ["after call 1"]);
    assert_eq!(running.stderr().matches("local-runtime: ").count(), 2, "{}", running.stderr());
}

#[test]
fn redis_may_come_after_the_program() {
    let port = free_port().unwrap();
    let url = format!("redis://127.0.0.1:{port}");
    let app = TestApp::new().redis_component("fails", "fails", &url).redis(&url, "ding", "fails");
    let mut running = app.start();
    running.wait_for("the absence to be said", |running| {
        running.stderr().contains("can't be reached")
    });
    assert_eq!(running.stderr().matches("Connection refused").count(), 1, "{}", running.stderr());
    assert_eq!(running.get("/.well-known/spin/health").1, "OK");
    let redis =
        RedisServer::start_with(&Options { port: Some(port), ..Options::default() }).unwrap();
    running.wait_for("Redis to be found", |running| running.stderr().contains("is back"));
    let mut look = Look::at(&redis.url());
    assert_eq!(look.publish("ding", "a"), 1);
    assert_eq!(look.wait_for("handled", 1), ["a call 1"]);
}

#[test]
fn without_reconnecting_a_lost_connection_ends_the_whole_process_as_in_spin() {
    let mut redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("fails", "fails", &url)
        .redis(&url, "ding", "fails")
        .http("/...", "fails")
        .flags(&["--no-reconnect"]);
    let mut running = app.start();
    assert_eq!(running.get("/x").0, 200);
    redis.kill().unwrap();
    let status = running.wait_for_end();
    assert_eq!(status.code(), Some(1));
    assert!(
        running.stderr().contains("A trigger exited unexpectedly. Terminating."),
        "{}",
        running.stderr()
    );
}

#[test]
fn without_reconnecting_an_absent_redis_fails_the_start_as_in_spin() {
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let app = TestApp::new()
        .redis_component("fails", "fails", &url)
        .redis(&url, "ding", "fails")
        .flags(&["--no-reconnect"]);
    let said = app.refused();
    assert!(said.contains("can't be reached"), "{said}");
    assert_eq!(said.matches("Connection refused").count(), 1, "{said}");
}

#[test]
fn a_password_works_and_is_never_printed() {
    let options = Options {
        arguments: vec!["--requirepass".into(), "hush-hush".into()],
        ..Options::default()
    };
    let mut redis = RedisServer::start_with(&options).unwrap();
    let plain = format!("redis://:hush-hush@127.0.0.1:{}", redis.port());
    let app = TestApp::new()
        .head("[variables]\npassword = { required = true, secret = true }")
        .component(
            "fails",
            "fails",
            &format!(
                "allowed_outbound_hosts = [{:?}]\n\
                 variables = {{ redis = \"redis://:{{{{ password }}}}@127.0.0.1:{}\" }}",
                redis.url(),
                redis.port()
            ),
        )
        .redis(&plain, "plain", "fails")
        .redis(
            &format!("redis://:{{{{ password }}}}@127.0.0.1:{}", redis.port()),
            "secret",
            "fails",
        )
        .env("SPIN_VARIABLE_PASSWORD", "hush-hush");
    let mut running = app.start();
    let mut look = Look::at(&plain);
    assert_eq!(look.publish("plain", "a"), 1);
    assert_eq!(look.publish("secret", "b"), 1);
    look.wait_for("handled", 2);
    redis.kill().unwrap();
    running.wait_for("the loss to be said", |running| running.stderr().contains("lost Redis at"));
    let said = running.stdout() + &running.stderr();
    assert!(!said.contains("hush"), "{said}");
    assert!(said.contains(&format!("Active Channels on {}:", redis.url())), "{said}");
}
