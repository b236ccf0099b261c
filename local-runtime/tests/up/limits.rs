//! Limits of one instance: memory and time.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use private_redis::RedisServer;

use crate::support::{TestApp, poll_until};

#[test]
fn an_instance_that_asks_for_too_much_memory_is_ended_with_the_name_of_the_limit() {
    let app = || TestApp::new().component("memory", "memory", "").http("/...", "memory");
    for app in [
        app().flags(&["--max-instance-memory", "67108864"]),
        app().env("SPIN_MAX_INSTANCE_MEMORY", "67108864"),
    ] {
        let mut running = app.start();
        assert_eq!(running.get("/48").0, 200);
        assert_eq!(running.get("/65").0, 500);
        running.wait_for("the limit's name", |running| {
            let limit = "more than 67108864 bytes of memory (--max-instance-memory)";
            running.stderr().contains(limit)
        });
        assert_eq!(running.get("/48").0, 200);
    }
}

#[test]
fn without_a_limit_an_instance_takes_what_it_needs() {
    let running = TestApp::new().component("memory", "memory", "").http("/...", "memory").start();
    assert_eq!(running.get("/300").0, 200);
}

#[test]
fn a_component_of_more_parts_than_spin_takes_is_refused_at_the_start() {
    let app = TestApp::new().table("[component.many]\nsource = \"many.wasm\"").http("/", "many");
    // A component whose only module has a memory and is instantiated 33 times.
    let module = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01";
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend([1, module.len() as u8]);
    component.extend(module);
    component.extend([2, 1 + 33 * 3, 33]);
    component.extend([0; 33 * 3]);
    std::fs::write(app.folder().join("many.wasm"), component).unwrap();
    let said = app.refused();
    assert!(said.contains("component \"many\"") && said.contains("33"), "{said}");
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
fn an_event_beyond_a_thousand_instances_fails_at_once_and_says_why() {
    const INSTANCES: usize = 1000;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let app = TestApp::new().component("waits", "waits", "").http("/...", "waits");
    let mut running = app.start();
    let mut clients: Vec<_> =
        (0..INSTANCES).map(|_| TcpStream::connect(running.address()).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"GET /60000 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    poll_until("all instances to run", || {
        let figures = running.get("/.well-known/local-runtime/instance-starts").1;
        figures.contains(&format!("\"all\":{{\"starts\":{INSTANCES},"))
    });
    assert_eq!(running.get("/1").0, 500);
    assert_eq!(running.get("/.well-known/spin/health").0, 200);
    running.wait_for("the reason", |running| {
        running.stderr().contains("failed at GET /1: too many instances run at once")
    });
}
