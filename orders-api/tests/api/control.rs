//! Streams are paused and resumed.

use serde_json::{Value, json};

use crate::support::{TestApi, an_order};

#[test]
fn a_paused_stream_keeps_its_orders_and_everyone_sees_why() {
    let api = TestApi::start();
    let none = json!({ "paused": false });
    let answer =
        api.put("/control/ingress", &json!({ "paused": true, "reason": " \u{d6}fen <b> " }));
    assert_eq!((answer.status, &answer.body["reason"]), (200, &"\u{d6}fen <b>".into()));
    let paused = answer.body.clone();
    assert_eq!(paused["paused"], true);
    assert!(paused["since"].as_str().unwrap().ends_with('Z'), "{paused}");
    let again = api.put("/control/ingress", &json!({ "paused": true, "reason": "other" }));
    assert_eq!(again.body["since"], paused["since"], "a pause keeps its first time");
    assert_eq!(api.get("/control/ingress").body, again.body);
    let streams = api.get("/control").body["streams"].clone();
    assert_eq!((&streams["simple"], &streams["ingress"]), (&none, &again.body));
    assert_eq!(api.get("/stats").body["streams"]["ingress"]["paused"], again.body);
    assert_eq!(api.post("/orders", an_order(1)).status, 202, "a paused ingress takes orders");
    api.work();
    assert_eq!(api.get("/stats").body["streams"]["ingress"]["messages"], 1);
    for resume in [true, false] {
        let answer = if resume {
            api.put("/control/ingress", &none)
        } else {
            api.delete("/control/ingress")
        };
        assert_eq!((answer.status, &answer.body), (200, &none));
    }
    api.work();
    let stats = api.get("/stats").body;
    assert_eq!(stats["totals"]["confirmed_simple"], 1);
    assert_eq!(stats["streams"]["ingress"].get("paused"), None);
}

#[test]
fn a_wrong_request_is_refused_and_changes_nothing() {
    let api = TestApi::start();
    for (body, detail) in [
        (json!({}), "missing field `paused`"),
        (json!([]), "invalid"),
        (json!(true), "invalid type"),
        (json!({ "paused": 1 }), "invalid type"),
        (json!({ "paused": true }), "reason: expected"),
        (json!({ "paused": true, "reason": "" }), "reason: expected"),
        (json!({ "paused": true, "reason": " \t" }), "reason: expected"),
        (json!({ "paused": true, "reason": "a\u{1b}[2Jb" }), "reason: expected"),
        (json!({ "paused": true, "reason": "x".repeat(201) }), "reason: expected"),
        (json!({ "paused": true, "reason": 7 }), "invalid type"),
        (json!({ "paused": true, "reason": "x", "forS": 60 }), "unknown field `forS`"),
        (json!({ "paused": true, "reason": "x", "by": "Ada" }), "unknown field `by`"),
        (json!({ "paused": false, "reason": "x" }), "reason: only"),
    ] {
        let answer = api.put("/control/simple", &body);
        assert_eq!(answer.outcome(), (422, "invalid_control"), "{body}");
        let found = answer.body["detail"].as_str().unwrap();
        assert!(found.starts_with(detail), "{body}: {found}");
    }
    for body in ["", "{", "paused", "{\"paused\":true}x", "\u{feff}{}"] {
        let answer = api.send("PUT", "/control/simple", &[], body);
        assert_eq!(answer.outcome(), (400, "invalid_json"), "{body}");
    }
    for path in ["/control/medium", "/control/SIMPLE", "/control/%73imple"] {
        for answer in [api.get(path), api.delete(path), api.put(path, &json!({ "paused": false }))]
        {
            assert_eq!(answer.outcome(), (404, "stream_not_found"), "{path}");
        }
    }
    let streams = api.get("/control").body["streams"].clone();
    assert!(streams.as_object().unwrap().values().all(|it| it["paused"] == Value::Bool(false)));
}
