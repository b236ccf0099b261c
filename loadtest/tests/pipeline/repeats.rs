//! Requests that are repeated: `Idempotency-Key` and `If-None-Match`.

use redis::Commands;
use shared::queue::Stream;

use crate::support::{TestApp, an_order};

fn post(app: &TestApp, key: &str, body: &str) -> (u16, serde_json::Value) {
    let answer = app.send("POST", "/orders", &[("idempotency-key", key)], body);
    (answer.status, answer.body)
}

#[test]
fn a_repeated_request_gets_the_same_answer_and_writes_nothing() {
    let app = TestApp::start();
    let batch = format!("{}\n{{}}\n{}", an_order(1), an_order(2));
    let first = post(&app, "\"k-1\"", &batch);
    assert_eq!((first.0, &first.1["accepted"]), (202, &2.into()), "{}", first.1);
    for _ in 0..3 {
        assert_eq!(post(&app, "k-1", &batch), first);
    }
    assert_eq!(app.get("/stats").body["totals"].get("duplicates"), None, "no order came twice");
    let (status, body) = post(&app, "k-1", &an_order(3));
    assert_eq!((status, &body["code"]), (422, &"idempotency_key_reuse".into()));
    assert_eq!(app.get("/orders/00000000-0000-4000-8000-000000000003").status, 404);
    for bad in ["", "\"", "a b", &"x".repeat(256)] {
        let (status, body) = post(&app, bad, &an_order(3));
        assert_eq!((status, &body["code"]), (400, &"invalid_idempotency_key".into()), "{bad:?}");
    }
}

#[test]
fn one_of_two_requests_at_once_is_carried_out_and_what_wrote_nothing_leaves_its_key_free() {
    let app = TestApp::start_with(&[("max_backlog", "1")]);
    let two = format!("[{},{}]", an_order(1), an_order(2));
    let (status, body) = post(&app, "k", &two);
    assert_eq!((status, &body["code"]), (429, &"backlog_full".into()));
    let (status, body) = post(&app, "k", "[{}]");
    assert_eq!((status, &body["code"]), (422, &"all_refused".into()));
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| post(&app, "k", &an_order(1)).0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(
        answers.contains(&202) && answers.iter().all(|status| [202, 409].contains(status)),
        "{answers:?}"
    );
    assert_eq!(app.get("/stats").body["totals"].get("duplicates"), None, "no order came twice");
}

#[test]
fn a_request_whose_instance_died_is_told_to_come_again() {
    let app = TestApp::start();
    // What an instance that dies after its note leaves behind.
    let key = shared::queue::RepeatKey::parse("k").unwrap();
    let body = an_order(1);
    let request = shared::queue::Fingerprint::of("application/json", body.as_bytes());
    let settings = shared::settings::QueueSettings::default();
    let mut redis = app.redis();
    shared::queue::Queue::new(&mut redis, &settings).begin(key, request).unwrap();
    let answer = app.send(
        "POST",
        "/orders",
        &[("idempotency-key", "k"), ("content-type", "application/json")],
        &body,
    );
    assert_eq!(answer.outcome(), (409, "idempotency_key_in_use"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let length: u64 = redis.inner().xlen(app.keys().stream(Stream::Ingress)).unwrap();
    assert_eq!(length, 0);
}

#[test]
fn a_story_is_sent_again_only_when_it_has_gone_on() {
    let mut app = TestApp::start();
    let path = "/orders/00000000-0000-4000-8000-000000000001";
    app.post("/orders", an_order(1));
    app.poll_until("the order is confirmed", |app| {
        (app.get(path).body["state"] == "confirmed").then_some(())
    });
    let tag = app.get(path).header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = app.send("GET", path, &[("if-none-match", &known)], "");
        assert_eq!((answer.status, answer.header("etag")), (304, Some(tag.as_str())), "{known}");
        assert_eq!(answer.body, "", "{known}");
    }
    let answer = app.send("GET", path, &[("if-none-match", "\"other\"")], "");
    assert_eq!((answer.status, answer.body["state"].as_str()), (200, Some("confirmed")));
}
