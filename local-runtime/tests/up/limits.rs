//! Limits of one instance: memory and time.

use std::time::{Duration, Instant};

use private_redis::RedisServer;

use crate::support::{TestApp, poll_until};

#[test]
fn an_instance_that_asks_for_too_much_memory_is_ended_with_the_name_of_the_limit() {
    let app = TestApp::new()
        .component("memory", "memory", "")
        .http("/...", "memory")
        .flags(&["--max-instance-memory", "64"]);
    let mut running = app.start();
    assert_eq!(running.get("/48").0, 200);
    assert_eq!(running.get("/65").0, 500);
    running.wait_for("the limit's name", |running| {
        running.stderr().contains("more than 64 MiB of memory (--max-instance-memory)")
    });
    assert_eq!(running.get("/48").0, 200);
}

#[test]
fn without_the_flag_the_limit_is_256_mib() {
    let running = TestApp::new().component("memory", "memory", "").http("/...", "memory").start();
    assert_eq!(running.get("/240").0, 200);
    assert_eq!(running.get("/256").0, 500);
}

#[test]
fn a_handler_that_computes_or_waits_too_long_is_ended_and_the_others_go_on() {
    let redis = RedisServer::start().unwrap();
    let app = TestApp::new()
        .component("spins", "spins", "")
        .redis_component("waits", "waits", &redis.url())
        .http("/spins", "spins")
        .http("/waits/...", "waits")
        .flags(&["--invocation-timeout-ms", "300"]);
    let mut running = app.start();
    for path in ["/spins", "/waits/60000"] {
        let begin = Instant::now();
        assert_eq!(running.get(path), (500, String::new()), "{path}");
        assert!(begin.elapsed() >= Duration::from_millis(300), "{path} was ended early");
        running.wait_for("the limit's name", |running| {
            let stderr = running.stderr();
            let line = stderr.lines().find(|line| line.contains(&format!("failed at GET {path}")));
            line.is_some_and(|line| {
                line.contains("longer than 300 ms and was ended (--invocation-timeout-ms)")
            })
        });
        assert_eq!(running.get("/waits/1").0, 200);
    }
}

#[test]
fn copies_share_the_slots_and_a_time_limit_frees_those_of_handlers_that_hang() {
    use std::io::Write;
    use std::net::TcpStream;

    let app = TestApp::new().component("waits", "waits", "").http("/...", "waits");
    let app = app.flags(&["--copies", "2", "--invocation-timeout-ms", "2000"]);
    let running = app.start();
    let [first, second] = &running.addresses()[..] else { panic!("{}", running.stdout()) };
    let mut clients: Vec<_> = (0..512).map(|_| TcpStream::connect(first).unwrap()).collect();
    let begin = Instant::now();
    for client in &mut clients {
        client.write_all(b"GET /60000 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    poll_until("all slots to be taken", || {
        running
            .get("/.well-known/local-runtime/instance-starts")
            .1
            .contains("\"all\":{\"starts\":512,")
    });
    assert_eq!(running.get_at(second, "/1").0, 200);
    assert!(begin.elapsed() >= Duration::from_secs(2), "the second copy had a slot of its own");
}

#[test]
fn more_requests_than_there_are_slots_wait_for_their_turn() {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    let app = TestApp::new().component("waits", "waits", "").http("/...", "waits");
    let running = app.start();
    // More than the 512 slots: the last ones begin when the first are done.
    let mut clients: Vec<_> =
        (0..600).map(|_| TcpStream::connect(running.address()).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"GET /1500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    }
    for mut client in clients {
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }
    let text = running.get("/.well-known/local-runtime/instance-starts").1;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["all"]["starts"], 600);
    assert!(report["all"]["max_us"].as_u64().unwrap() > 500_000, "nobody waited: {report}");
}
