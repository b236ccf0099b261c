//! What workers log, and the trace that a request is followed by.

use queue::{Stream, TraceParent};
use redis::Commands;
use serde_json::Value;

use e2e::{TestApp, an_order};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The lines of JSON about this event.
pub(crate) fn lines(app: &TestApp, event: &str) -> Vec<Value> {
    let said = app.said();
    let json = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.get(line.find('{')?..)?).ok());
    json.filter(|line| line["event"] == event).collect()
}

/// Posts an order with a header `traceparent`; its id.
fn post_traced(app: &TestApp, number: u32, trace: &str) -> String {
    let (order, length) = (an_order(number), an_order(number).len());
    let answer = app.raw(format!(
        "POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\ntraceparent: {trace}\r\n\r\n{order}"
    ));
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// The status of a confirmed order.
fn confirmed(app: &mut TestApp, id: &str) -> Value {
    app.poll_until("the order is confirmed", |app| {
        let status = app.get(&format!("/orders/{id}")).body;
        (status["state"] == "confirmed").then_some(status)
    })
}

#[test]
fn a_trace_joins_the_request_the_drains_and_the_order() {
    let mut app = TestApp::start_with(&[("log_level", "debug")]);
    let id = post_traced(&app, 1, TRACE);
    assert_eq!(confirmed(&mut app, &id)["traceparent"], TRACE);
    app.poll_until("both workers have logged", |app| {
        (lines(app, "drained").len() >= 2).then_some(())
    });
    for (event, component) in [("routed", "distributor"), ("confirmed", "receiver-simple")] {
        let found = lines(&app, event);
        assert_eq!(found.len(), 1, "{event}");
        let line = found[0].as_object().unwrap();
        let names: Vec<&str> = line.keys().map(String::as_str).collect();
        let named = ["component", "entry_id", "event", "id", "lane", "level", "stream"];
        assert_eq!(names, [&named[..], &["traceparent", "wait_ms"]].concat());
        assert_eq!((&line["traceparent"], &line["lane"]), (&TRACE.into(), &"simple".into()));
        assert_eq!((&line["component"], &line["id"]), (&component.into(), &id.clone().into()));
        let drained = lines(&app, "drained");
        let of_it = |line: &&Value| line["component"] == component && line["tally"]["applied"] == 1;
        let drain = drained.iter().find(of_it).unwrap();
        assert_eq!(drain["trace_ids"], serde_json::json!(["4bf92f3577b34da6a3ce929d0e0e4736"]));
    }
}

#[test]
fn a_header_that_is_not_valid_begins_a_new_trace_and_no_header_begins_none() {
    let mut app = TestApp::start();
    let bad = TRACE.to_uppercase();
    let ids = [post_traced(&app, 1, &bad), post_traced(&app, 2, "nonsense")];
    let begun: Vec<String> = ids
        .iter()
        .map(|id| confirmed(&mut app, id)["traceparent"].as_str().unwrap().to_owned())
        .collect();
    for trace in &begun {
        assert!(TraceParent::parse(trace.as_bytes()).is_some(), "{trace}");
        assert!(
            !trace.contains("4bf92f3577b34da6a3ce929d0e0e4736") && trace.ends_with("-00"),
            "{trace}"
        );
    }
    assert_ne!(begun[0], begun[1]);
    assert_eq!(app.post("/orders", an_order(3)).status, 202);
    let status = confirmed(&mut app, "00000000-0000-4000-8000-000000000003");
    assert!(status.get("traceparent").is_none(), "{status}");
}

/// Lets the app drain in vain, confirm one order and dead-letter one.
fn run_at(level: &str) -> TestApp {
    let mut app = TestApp::start_with(&[("log_level", level)]);
    let (mut redis, keys) = (app.redis(), app.keys());
    // A claim deletes this key.
    let unanswered = keys.unanswered(Stream::Ingress);
    let () = redis.inner().set(unanswered, "").unwrap();
    let _: u64 = redis.inner().publish(keys.channel(Stream::Ingress), "").unwrap();
    app.poll_until("a drain has found nothing", |_| {
        (!redis.inner().exists::<_, bool>(unanswered).unwrap()).then_some(())
    });
    let broken = an_order(2).replace("\"Standard\"", "\"Soon\"").replace("Ada", "Augusta");
    app.xadd(&broken);
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    confirmed(&mut app, "00000000-0000-4000-8000-000000000001");
    app.poll_until("the broken one is dead-lettered", |app| {
        (app.get("/stats").body["deadLetters"] == 1).then_some(())
    });
    app
}

#[test]
fn a_dead_letter_is_logged_in_one_line_without_anything_of_the_order_but_its_id() {
    let mut app = run_at("warn");
    let found = app.poll_until("it is logged", |app| {
        Some(lines(app, "dead_lettered")).filter(|found| !found.is_empty())
    });
    assert_eq!(found.len(), 1);
    let line = &found[0];
    assert_eq!((&line["level"], &line["code"]), (&"warn".into(), &"unknown_value".into()));
    assert_eq!((&line["stream"], &line["delivery_count"]), (&"ingress".into(), &1.into()));
    assert_eq!(line["id"], "00000000-0000-4000-8000-000000000002");
    assert!(line["entry_id"].as_str().unwrap().contains('-') && line["trace_id"].is_null());
    let said = app.said();
    for word in ["Ada", "Augusta", "Soon", "0b1c2d3e", "drained"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

#[test]
fn each_level_logs_what_it_promises() {
    for level in ["debug", "info"] {
        let mut app = run_at(level);
        let found = app.poll_until("both drains are logged", |app| {
            Some(lines(app, "drained")).filter(|found| {
                let at_work = found.iter().filter(|line| line["level"] == "info");
                at_work.count() >= 2 && !lines(app, "dead_lettered").is_empty()
            })
        });
        let is_idle = |line: &Value| line["tally"]["batches"] == 0;
        assert_eq!(found.iter().any(is_idle), level == "debug", "{found:?}");
        for line in &found {
            assert_eq!(line["level"], if is_idle(line) { "debug" } else { "info" });
            assert!(line["oldest_wait_ms"].is_u64() && line["elapsed_ms"].is_u64(), "{line}");
            assert!(line["stream"].is_string(), "{line}");
        }
    }
    let mut app = run_at("error");
    // By the time a later drain has failed, the earlier ones have written their lines.
    let (mut redis, keys) = (app.redis(), app.keys());
    let () = redis.inner().set(keys.stream(Stream::Ingress), "somebody else's").unwrap();
    let _: u64 = redis.inner().publish(keys.channel(Stream::Ingress), "").unwrap();
    app.poll_until("an error is logged", |app| app.said().contains("WRONGTYPE").then_some(()));
    assert!(
        lines(&app, "drained").is_empty() && lines(&app, "dead_lettered").is_empty(),
        "{}",
        app.said()
    );
    let mut app = TestApp::listen_with(&[("log_level", "loud")]);
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    app.poll_until("the log names the variable", |app| {
        let fault = "variable log_level: expected error, warn, info or debug, found \"loud\"";
        app.said().contains(fault).then_some(())
    });
}
