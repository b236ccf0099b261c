//! Limits of one instance: memory and time.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use private_redis::RedisServer;

use crate::support::{TestApp, component, poll_until};

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
fn a_limit_below_the_first_memory_of_a_component_is_refused_with_what_it_needs() {
    let app = || TestApp::new().component("memory", "memory", "").http("/...", "memory");
    let said = app().flags(&["--max-instance-memory", "1000000"]).refused();
    let needed = said.split(' ').find_map(|word| word.parse::<u64>().ok()).unwrap();
    assert_eq!(needed % 65_536, 0, "{said}");
    let app = app().env("SPIN_MAX_INSTANCE_MEMORY", &needed.to_string());
    assert_eq!(app.start().get("/0").0, 200);
    // Now its code is in the cache.
    let limit = needed - 1;
    let said = app.env("SPIN_MAX_INSTANCE_MEMORY", &limit.to_string()).refused();
    let expected = format!(
        "Error: component \"memory\": it needs at least {needed} bytes of memory, and the limit is \
         {limit} bytes (--max-instance-memory or SPIN_MAX_INSTANCE_MEMORY)\n"
    );
    assert_eq!(said, expected);
}

#[test]
fn a_negative_limit_is_refused_with_the_name_of_its_flag() {
    for flag in ["--max-instance-memory", "--invocation-timeout-ms"] {
        let said = TestApp::new().flags(&[flag, "-1"]).refused();
        assert!(said.contains(&format!("invalid value '-1' for '{flag} <")), "{said}");
    }
}

#[test]
fn a_component_has_as_many_parts_as_spin_takes_and_is_refused_with_one_more() {
    let guest = component("headers");
    for (part, limit, module) in [
        ("core module instances", 200, &b"\0asm\x01\0\0\0"[..]),
        ("Wasm linear memories", 32, b"\0asm\x01\0\0\0\x05\x03\x01\0\x01"),
        ("tables", 64, b"\0asm\x01\0\0\0\x04\x04\x01\x70\0\x01"),
    ] {
        let app =
            TestApp::new().table("[component.many]\nsource = \"many.wasm\"").http("/", "many");
        let add = |count| {
            let bytes = with_instances(&guest, module, count);
            std::fs::write(app.folder().join("many.wasm"), bytes).unwrap();
        };
        let refused = |count| {
            add(count);
            let said = app.refused();
            let limit = format!(" {part}, which exceeds the configured maximum of {limit} in");
            let text = said.strip_prefix("Error: component \"many\": ");
            let found = text.and_then(|text| text.split_once(&limit)?.0.rsplit(' ').next());
            found.unwrap_or_else(|| panic!("{said}")).parse::<usize>().unwrap()
        };
        let own = refused(limit) - limit;
        add(limit - own);
        assert_eq!(app.start().get("/").0, 200, "{limit} {part}");
        assert_eq!(refused(limit - own + 1), limit + 1);
    }
}

/// A component with one further module, which has this number of instances.
fn with_instances(component: &[u8], module: &[u8], count: usize) -> Vec<u8> {
    const MODULE: u8 = 1;
    const INSTANCES: u8 = 2;
    let mut modules = 0;
    let mut rest = &component[8..];
    while let [id, content @ ..] = rest {
        modules += usize::from(*id == MODULE);
        let digits = content.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let size = content[..digits].iter().rev();
        let size = size.fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        rest = &content[digits + size..];
    }
    let mut instances = leb128(count);
    for _ in 0..count {
        // An instance of a module by its index, without imports.
        instances.push(0);
        instances.extend(leb128(modules));
        instances.push(0);
    }
    let mut bytes = component.to_vec();
    for (id, content) in [(MODULE, module), (INSTANCES, &instances)] {
        bytes.push(id);
        bytes.extend(leb128(content.len()));
        bytes.extend(content);
    }
    bytes
}

/// A number as Wasm encodes it.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
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
