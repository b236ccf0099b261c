//! Bodies that are too long, too late, broken, encoded, or of another type.

use std::io::ErrorKind;

use crate::support::{Broken, TestApi, an_order};

#[test]
fn a_body_that_is_late_or_broken_is_refused_and_writes_nothing() {
    let api = TestApi::start();
    for (method, path) in [("POST", "/orders"), ("PUT", "/control/simple")] {
        for (kind, expected) in [
            (ErrorKind::TimedOut, (408, "request_timeout")),
            (ErrorKind::UnexpectedEof, (400, "broken_body")),
        ] {
            let order = an_order(1);
            let answer = api.send_from(method, path, &[], &mut Broken(order.as_bytes(), kind));
            assert_eq!(answer.outcome(), expected, "{method} {path}");
        }
    }
    assert_eq!(api.get("/stats").body["streams"]["ingress"]["messages"], 0);
}

#[test]
fn a_body_is_read_up_to_its_limit_and_not_at_all_when_it_announces_more() {
    let api = TestApi::start_with(&[("max_body_bytes", "2000")]);
    assert_eq!(api.post("/orders", " ".repeat(2_000)).outcome(), (400, "empty_body"));
    assert_eq!(api.post("/orders", " ".repeat(2_001)).outcome(), (413, "body_too_large"));
    for length in ["2001", "4294967296", "99999999999"] {
        let mut unread = Broken(b"", ErrorKind::Other);
        let answer = api.send_from("POST", "/orders", &[("content-length", length)], &mut unread);
        assert_eq!(answer.outcome(), (413, "body_too_large"));
        assert!(answer.body["detail"].as_str().unwrap().contains(length), "{}", answer.body);
    }
    let long = format!(r#"{{"paused":true,"reason":"{}"}}"#, "x".repeat(9_000));
    let answer = api.send("PUT", "/control/simple", &[], long);
    assert_eq!(answer.outcome(), (413, "body_too_large"));
}

#[test]
fn other_types_and_encodings_are_refused_with_what_is_supported() {
    let api = TestApi::start();
    let answer = api.send("POST", "/orders", &[("content-type", "text/plain")], an_order(1));
    assert_eq!(answer.outcome(), (415, "unsupported_media_type"));
    assert_eq!(answer.header("accept-post"), Some("application/json, application/x-ndjson"));
    for (method, path) in [("POST", "/orders"), ("PUT", "/control/simple")] {
        let answer = api.send(method, path, &[("content-encoding", "gzip")], "not looked at");
        assert_eq!(answer.outcome(), (415, "unsupported_media_type"), "{path}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"), "{path}");
    }
    let identity = [("content-encoding", "Identity")];
    assert_eq!(api.send("POST", "/orders", &identity, an_order(1)).status, 202);
}

#[test]
fn text_that_is_not_utf8_is_the_same_fault_in_json_and_in_ndjson() {
    let api = TestApi::start();
    let order = an_order(1).replace("FRM-1", "FRM-\u{fc}");
    let latin: Vec<u8> = order.chars().map(|char| char as u8).collect();
    for content_type in ["application/json", "application/x-ndjson"] {
        let answer = api.send("POST", "/orders", &[("content-type", content_type)], &latin);
        assert_eq!(answer.outcome(), (422, "all_refused"), "{content_type}");
        assert_eq!(answer.body["errors"][0]["code"], "invalid_utf8", "{content_type}");
    }
    let array = [b"[", &latin[..], b",", an_order(2).as_bytes(), b"]"].concat();
    let answer = api.post("/orders", array);
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &1.into()));
    assert_eq!(answer.body["errors"][0]["code"], "invalid_utf8");
}
