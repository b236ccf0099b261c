//! The HTTP trigger.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use private_redis::RedisServer;

use crate::support::{Look, TestApp};

#[test]
fn headers_say_how_a_component_was_reached_and_a_client_cant_forge_them() {
    let running = TestApp::new()
        .component("headers", "headers", "")
        .http("/seen/:my_key/...", "headers")
        .start();
    let forged = [("spin-path-info", "/forged"), ("host", "shop.example")];
    let (status, _, text) = running.request("GET", "/seen/7/a/b?q=1", &forged, "");
    assert_eq!(status, 200);
    let lines: Vec<_> = text.lines().collect();
    for line in [
        "path /seen/7/a/b?q=1",
        "spin-full-url: http://shop.example/seen/7/a/b?q=1",
        "spin-path-info: /a/b",
        "spin-component-route: /seen/:my_key",
        "spin-raw-component-route: /seen/:my_key/...",
        "spin-matched-route: /seen/:my_key/...",
        "spin-base-path: /",
        "spin-path-match-my-key: 7",
    ] {
        assert!(lines.contains(&line), "no {line:?} in\n{text}");
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("spin-path-info")).count(), 1, "{text}");
    assert!(lines.iter().any(|line| line.starts_with("spin-client-addr: 127.0.0.1:")), "{text}");
}

#[test]
fn the_most_specific_route_answers_and_no_route_is_a_404_with_an_empty_body() {
    let app = TestApp::new()
        .component("any", "headers", "")
        .component("one", "fails", "")
        .http("/a/...", "any")
        .http("/a/one", "one");
    let running = app.start();
    assert_eq!(running.get("/a/one"), (200, "call 1".to_owned()));
    assert!(running.get("/a/one/more").1.contains("spin-matched-route: /a/..."));
    assert!(running.get("/a").1.contains("spin-path-info: \n"));
    assert!(running.get("/a/").1.contains("spin-path-info: /\n"));
    assert_eq!(running.get("/.well-known/spin/other"), (404, String::new()));
    assert_eq!(running.get("/b"), (404, String::new()));
}

#[test]
fn each_request_has_a_fresh_instance() {
    let running = TestApp::new().component("fails", "fails", "").http("/...", "fails").start();
    for _ in 0..20 {
        assert_eq!(running.get("/x"), (200, "call 1".to_owned()));
    }
}

#[test]
fn requests_run_at_the_same_time() {
    let redis = RedisServer::start().unwrap();
    let running = TestApp::new()
        .redis_component("waits", "waits", &redis.url())
        .http("/...", "waits")
        .start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(running.get("/700").0, 200));
        }
    });
    let events = Look::at(&redis.url()).list("events");
    let first_end = events.iter().position(|event| event.starts_with("end")).unwrap();
    assert_eq!((first_end, events.len()), (8, 16), "{events:?}");
}

#[test]
fn a_trap_is_a_500_with_an_empty_body_and_a_log_line_and_the_next_request_works() {
    let app = TestApp::new().component("my-fails", "fails", "").http("/...", "my-fails");
    let mut running = app.start();
    for (path, reason) in [
        ("/trap", "wasm trap: wasm `unreachable` instruction executed"),
        ("/error", "it answered with the error"),
        ("/silence", "it returned without an answer"),
    ] {
        assert_eq!(running.get(path), (500, String::new()), "{path}");
        running.wait_for(reason, |running| {
            let stderr = running.stderr();
            stderr.contains(&format!("component \"my-fails\" failed at GET {path}"))
                && stderr.contains(reason)
        });
        assert_eq!(running.get("/works"), (200, "call 1".to_owned()));
    }
    assert!(running.stderr().contains("[my-fails] "), "the guest's own words are missing");
}

#[test]
fn a_request_whose_client_has_gone_is_carried_out_to_its_end() {
    let redis = RedisServer::start().unwrap();
    let app = TestApp::new().redis_component("waits", "waits", &redis.url()).http("/...", "waits");
    let running = app.start();
    let mut look = Look::at(&redis.url());
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(b"GET /400 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(look.wait_for("events", 1), ["begin 400"]);
    drop(client);
    assert_eq!(look.wait_for("events", 2), ["begin 400", "end 400"]);
}

#[test]
fn a_connection_is_kept_alive_and_a_request_without_a_host_is_a_500_as_in_spin() {
    let running = TestApp::new().component("fails", "fails", "").http("/...", "fails").start();
    let mut client = TcpStream::connect(running.address()).unwrap();
    for _ in 0..2 {
        client.write_all(b"GET /.well-known/spin/health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut reply = Vec::new();
        while !reply.ends_with(b"\r\n\r\nOK") {
            let mut bytes = [0; 256];
            let length = client.read(&mut bytes).unwrap();
            assert!(length > 0, "the connection was closed");
            reply.extend(&bytes[..length]);
        }
    }
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(b"GET /x HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.0 500"), "{reply}");
}

#[test]
fn a_static_response_needs_no_component_and_health_and_info_need_no_route() {
    let app = TestApp::new().table(
        "[[trigger.http]]\nroute = \"/fixed\"\n\
         static_response = { status_code = 302, headers = { location = \"/there\" }, body = \"moved\" }",
    );
    let running = app.start();
    let (status, headers, body) = running.request("POST", "/.well-known/spin/health", &[], "");
    assert_eq!((status, body.as_str()), (200, "OK"));
    assert!(headers.contains_key("date"));
    let info = running.get("/.well-known/spin/info").1;
    assert!(info.contains("\"name\":\"test\"") && info.contains("\"version\":\"1.2.3\""), "{info}");
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(b"GET /fixed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 302") && reply.ends_with("\r\n\r\nmoved"), "{reply}");
    assert!(reply.contains("location: /there\r\n"), "{reply}");
}

#[test]
fn bodies_of_several_megabytes_pass_both_ways() {
    let running =
        TestApp::new().component("headers", "headers", "").http("/...", "headers").start();
    let body = "0123456789abcdef".repeat(3 * 65_536);
    let (status, text) = running.post("/", &body);
    assert_eq!(status, 200);
    assert!(text.ends_with(&body), "{} bytes came back", text.len());
}

#[test]
fn a_listed_server_is_reached_over_http() {
    let app = TestApp::new()
        .component("outgoing", "outgoing", "allowed_outbound_hosts = [\"http://127.0.0.1:*\"]")
        .http("/...", "outgoing");
    let running = app.start();
    let url = |path: &str| format!("http://{}{path}", running.address());
    assert_eq!(running.post("/", &url("/.well-known/spin/health")).1, "status 200");
}

#[test]
fn a_body_whose_next_part_takes_longer_than_the_component_allows_breaks_off() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let answer = std::thread::spawn(move || {
        let (mut client, _) = server.accept().unwrap();
        // To a client, a reply that arrives before its request is an error.
        let lines = BufReader::new(client.try_clone().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.is_empty()));
        client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf ").unwrap();
        // Until the other side closes the connection.
        let _ = client.read_to_end(&mut Vec::new());
    });
    let app = TestApp::new()
        .component("outgoing", "outgoing", "allowed_outbound_hosts = [\"http://127.0.0.1:*\"]")
        .http("/...", "outgoing");
    let running = app.start();
    assert_eq!(running.post("/200", &url).1, "status 200, the body broke off");
    answer.join().unwrap();
}

#[test]
fn a_server_is_not_reached_over_http_no_permission() {
    let app = TestApp::new()
        .component(
            "outgoing",
            "outgoing",
            "allowed_outbound_hosts = [\"redis://127.0.0.1:*\", \"http://other\"]",
        )
        .http("/...", "outgoing");
    let running = app.start();
    let url = format!("http://{}/.well-known/spin/health", running.address());
    let (status, text) = running.post("/", &url);
    assert_eq!((status, text.as_str()), (200, "error ErrorCode::HttpRequestDenied"));
}

#[test]
fn an_app_with_http_triggers_only_stays_up_when_redis_is_unavailable() {
    let mut redis = RedisServer::start().unwrap();
    let app = TestApp::new()
        .component("commands", "commands", &format!("allowed_outbound_hosts = [{:?}]", redis.url()))
        .http("/...", "commands");
    let running = app.start();
    let ping = format!("{}\nPING", redis.url());
    assert_eq!(running.post("/", &ping).1, "status:PONG");
    redis.kill().unwrap();
    assert_eq!(running.post("/", &ping).1, "open:other:Connection refused (os error 111)");
    redis.restart().unwrap();
    assert_eq!(running.post("/", &ping).1, "status:PONG");
}
