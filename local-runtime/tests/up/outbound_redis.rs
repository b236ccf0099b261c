//! What a component does with Redis.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use private_redis::{RedisServer, free_port};

use crate::support::{Look, Running, TestApp, poll_until};

/// A server, and a component that executes the command of a request. The component may or may not
/// have the permission to reach the server.
fn commands(listed: bool) -> (RedisServer, Running) {
    let redis = RedisServer::start().unwrap();
    let hosts = if listed {
        format!("allowed_outbound_hosts = [{:?}]", redis.url())
    } else {
        String::new()
    };
    let running =
        TestApp::new().component("commands", "commands", &hosts).http("/...", "commands").start();
    (redis, running)
}

fn execute(redis: &RedisServer, running: &Running, command: &[&str]) -> String {
    let (status, text) = running.post("/", &format!("{}\n{}", redis.url(), command.join("\n")));
    assert_eq!(status, 200);
    text
}

#[test]
fn replies_are_flattened_into_one_list_and_empty_arrays_vanish() {
    let (redis, running) = commands(true);
    for (command, expected) in [
        (vec!["SET", "key", "text"], "status:OK"),
        (vec!["GET", "key"], "bytes:text"),
        (vec!["GET", "missing"], "nil"),
        (vec!["INCRBY", "counter", "int:-7"], "int:-7"),
        (vec!["LRANGE", "missing", "0", "-1"], ""),
        (
            vec!["EVAL", "return {1, {}, {'a', {2, false}}, redis.status_reply('FINE')}", "0"],
            "int:1 bytes:a int:2 nil status:FINE",
        ),
        (vec!["EVAL", "return false", "0"], "nil"),
        (vec!["EVAL", "return {{}, {{}}}", "0"], ""),
    ] {
        assert_eq!(execute(&redis, &running, &command), expected, "{command:?}");
    }
}

#[test]
fn a_stream_is_read_inside_a_script_as_a_list_of_fixed_stride() {
    let (redis, running) = commands(true);
    execute(&redis, &running, &["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"]);
    execute(&redis, &running, &["XADD", "s", "1-1", "order", "one"]);
    execute(&redis, &running, &["XADD", "s", "1-2", "order", "two"]);
    let script = "return redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 10, 'STREAMS', 's', '>')[1][2]";
    let expected = "bytes:1-1 bytes:order bytes:one bytes:1-2 bytes:order bytes:two";
    assert_eq!(execute(&redis, &running, &["EVAL", script, "0"]), expected);
}

#[test]
fn errors_of_the_server_have_the_texts_that_spin_gives() {
    let (redis, running) = commands(true);
    execute(&redis, &running, &["SET", "key", "text"]);
    let sha = "0123456789012345678901234567890123456789";
    for (command, expected) in [
        (
            vec!["EVALSHA", sha, "0"],
            "other:An error was signalled by the server - NoScriptError: No matching script. \
             Please use EVAL.",
        ),
        (
            vec!["EVAL", "return redis.error_reply('MYCODE some text')", "0"],
            "other:MYCODE: some text",
        ),
        (
            vec!["LPUSH", "key", "x"],
            "other:WRONGTYPE: Operation against a key holding the wrong kind of value",
        ),
        (
            vec!["INCR", "key"],
            "other:An error was signalled by the server - ResponseError: \
             value is not an integer or out of range",
        ),
    ] {
        assert_eq!(execute(&redis, &running, &command), expected, "{command:?}");
    }
}

#[test]
fn a_map_in_a_reply_is_an_error() {
    let (redis, running) = commands(true);
    let text = execute(&redis, &running, &["HELLO", "3"]);
    assert_eq!(
        text,
        "other:Could not convert Redis response - TypeError: Redis Map type is not supported"
    );
}

#[test]
fn each_method_answers_as_it_says() {
    let redis = RedisServer::start().unwrap();
    let app =
        TestApp::new().redis_component("methods", "methods", &redis.url()).http("/...", "methods");
    let text = app.start().get("/").1;
    let expected = [
        "get-missing none",
        "set ok",
        "get a\0b",
        "incr 1",
        "incr-again 2",
        "incr-text other:An error was signalled by the server - ResponseError: \
         value is not an integer or out of range",
        "sadd 2",
        "smembers a,b",
        "srem 1",
        "get-set other:WRONGTYPE: Operation against a key holding the wrong kind of value",
        "del 2",
        "publish ok",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_address_that_is_not_listed_is_invalid_no_permission() {
    let (redis, running) = commands(false);
    assert_eq!(execute(&redis, &running, &["PING"]), "open:invalid-address");
    assert_eq!(Look::at(&redis.url()).info("total_connections_received"), 1, "only the test's own");
}

#[test]
fn another_port_another_host_and_what_is_no_address_are_invalid() {
    let (redis, running) = commands(true);
    let port = redis.port();
    for address in [
        format!("redis://127.0.0.1:{}", port ^ 1),
        format!("redis://localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("rediss://127.0.0.1:{port}"),
        format!("127.0.0.1:{port}"),
        "nonsense".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            running.post("/", &format!("{address}\nPING")).1,
            "open:invalid-address",
            "{address}"
        );
    }
    assert_eq!(running.post("/", &format!("{}/?any=query\nPING", redis.url())).1, "status:PONG");
}

#[test]
fn a_listed_host_may_come_from_a_template() {
    let redis = RedisServer::start().unwrap();
    let app = TestApp::new()
        .head("[variables]\nserver = { required = true }")
        .component("commands", "commands", "allowed_outbound_hosts = [\"redis://{{ server }}\"]")
        .http("/...", "commands")
        .env("SPIN_VARIABLE_SERVER", &format!("127.0.0.1:{}", redis.port()));
    assert_eq!(execute(&redis, &app.start(), &["PING"]), "status:PONG");
}

#[test]
fn a_listed_server_that_is_down_refuses_the_connection_in_the_words_of_the_system() {
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let app = TestApp::new()
        .component("commands", "commands", &format!("allowed_outbound_hosts = [{url:?}]"))
        .http("/...", "commands");
    let text = app.start().post("/", &format!("{url}\nPING")).1;
    assert_eq!(text, "open:other:Connection refused (os error 111)");
}

#[test]
fn each_open_is_a_separate_connection_that_is_closed_with_its_instance() {
    let (redis, running) = commands(true);
    let mut look = Look::at(&redis.url());
    let before = look.info("total_connections_received");
    for number in 1..=5 {
        execute(&redis, &running, &["PING"]);
        assert_eq!(look.info("total_connections_received"), before + number);
        poll_until("the instance's connection to be closed", || {
            look.info("connected_clients") == 1
        });
    }
}

#[test]
fn a_reply_may_take_longer_than_any_usual_timeout() {
    let (redis, running) = commands(true);
    let begin = Instant::now();
    assert_eq!(execute(&redis, &running, &["BLPOP", "nothing", "2.5"]), "nil");
    assert!(begin.elapsed() >= Duration::from_millis(2500));
}

#[test]
fn megabytes_pass_both_ways() {
    let (redis, running) = commands(true);
    let text = "0123456789abcdef".repeat(4 * 65_536);
    assert_eq!(execute(&redis, &running, &["SET", "big", &text]), "status:OK");
    assert_eq!(execute(&redis, &running, &["STRLEN", "big"]), format!("int:{}", text.len()));
    assert!(execute(&redis, &running, &["GET", "big"]) == format!("bytes:{text}"));
}

#[test]
fn each_connection_is_named_to_the_server_as_spin_does() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let running = TestApp::new()
        .component("commands", "commands", &format!("allowed_outbound_hosts = [{url:?}]"))
        .http("/...", "commands")
        .start();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    // The server hangs up after the first commands, which ends the request too.
    running.post("/", &format!("{url}\nPING"));
    let asked = server.join().unwrap();
    assert!(asked.contains("SETINFO") && asked.contains("LIB-NAME"), "{asked}");
}
