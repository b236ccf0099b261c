//! Orders are taken in, listed, and followed to their end.

use serde_json::Value;

use crate::support::{TestApi, an_order, id};

#[test]
fn an_order_is_followed_from_the_202_to_its_confirmation() {
    let api = TestApi::start();
    let answer = api.post("/orders", an_order(1));
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.header("location"), Some(&*format!("/orders/{}", id(1))));
    assert_eq!((&answer.body["accepted"], &answer.body["refused"]), (&1.into(), &0.into()));
    assert_eq!((&answer.body["backlog"], &answer.body["ids"][0]), (&1.into(), &id(1).into()));
    let path = format!("/orders/{}", id(1));
    assert_eq!(api.get(&path).body["state"], "queued", "an accepted order is known at once");
    api.route();
    let routed = api.get(&path).body;
    assert_eq!((&routed["state"], &routed["lane"]), (&"routed".into(), &"simple".into()));
    assert_eq!((&routed["score"], &routed["confirmation"]), (&0.into(), &Value::Null));
    api.work();
    let confirmed = api.get(&path).body;
    assert_eq!(confirmed["state"], "confirmed");
    assert_eq!(confirmed["confirmation"]["id"], id(1));
    let times: Vec<&str> = ["queuedAt", "routedAt", "confirmedAt"]
        .map(|field| confirmed[field].as_str().unwrap())
        .into();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(confirmed["history"], Value::Array(Vec::new()));
}

#[test]
fn arrays_and_lines_are_taken_and_each_order_is_checked_alone() {
    let api = TestApi::start();
    let array = format!("[{},{{}},{}]", an_order(1), an_order(2));
    let answer = api.post("/orders", array);
    assert_eq!((answer.status, answer.header("location")), (202, None));
    assert_eq!((&answer.body["accepted"], &answer.body["refused"]), (&2.into(), &1.into()));
    assert_eq!(answer.body["errors"][0]["index"], 1);
    assert!(answer.body["errors"][0].get("line").is_none());
    let lines = format!("{}\n\n7\n{}", an_order(3), an_order(4));
    let answer = api.post("/orders", lines);
    assert_eq!(
        (&answer.body["accepted"], &answer.body["errors"][0]["line"]),
        (&2.into(), &3.into())
    );
    let answer = api.post("/orders", "[{},{}]");
    assert_eq!(answer.outcome(), (422, "all_refused"));
    assert_eq!(
        (&answer.body["refused"], &answer.body["errors"][1]["index"]),
        (&2.into(), &1.into())
    );
    api.work();
    assert_eq!(api.get("/stats").body["totals"]["confirmed_simple"], 4);
}

#[test]
fn a_copy_is_accepted_and_recognised_as_a_duplicate() {
    let api = TestApi::start();
    for _ in 0..2 {
        assert_eq!(api.post("/orders", an_order(1)).status, 202);
    }
    api.work();
    let stats = api.get("/stats").body;
    assert_eq!((&stats["confirmations"], &stats["totals"]["duplicates"]), (&1.into(), &1.into()));
}

#[test]
fn an_order_without_a_guid_is_found_by_its_order_id() {
    let api = TestApi::start();
    let order = |id: &str| {
        an_order(1)
            .replace(r#""orderId":1,"#, &format!(r#""orderId":"{id}","#))
            .replace(&format!(r#""orderGuid":"{}","#, crate::support::id(1)), "")
    };
    // The last three look like a UUID.
    for (id, path) in [
        ("A 17/\u{fc}", "A%2017%2F%C3%BC"),
        ("..", "%2E%2E"),
        ("8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa", "8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa"),
        ("12345678901234567890123456789012", "12345678901234567890123456789012"),
        ("{8D5A5A23-F1C0-4B6E-9D3C-0A4C53F1F0AB}", "%7B8D5A5A23-F1C0-4B6E-9D3C-0A4C53F1F0AB%7D"),
    ] {
        let answer = api.post("/orders", order(id));
        assert_eq!(answer.status, 202, "{}", answer.body);
        let found = api.get(&format!("/orders/{path}"));
        assert_eq!((found.status, &found.body["id"]), (200, &answer.body["ids"][0]), "{id}");
    }
    assert_eq!(api.get("/orders/A").outcome(), (404, "order_not_found"));
    assert_eq!(api.get("/orders/%ff").outcome(), (400, "invalid_id"));
}

#[test]
fn the_limits_of_a_request_and_of_the_backlog_are_kept() {
    let api = TestApi::start_with(&[("max_backlog", "3"), ("max_orders_per_request", "4")]);
    let many = format!("[{}]", ["{}"; 5].join(","));
    assert_eq!(api.post("/orders", many).outcome(), (413, "too_many_orders"));
    let orders = |to| (1..=to).map(an_order).collect::<Vec<_>>().join("\n");
    let answer = api.post("/orders", orders(4));
    assert_eq!(answer.outcome(), (429, "backlog_full"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(api.get("/stats").body["streams"]["ingress"]["messages"], 0, "all or none");
    assert_eq!(api.post("/orders", orders(3)).body["backlog"], 3);
}

#[test]
fn the_newest_50_orders_are_listed_by_their_last_step() {
    let api = TestApi::start();
    let orders = |from, to| (from..=to).map(an_order).collect::<Vec<_>>().join("\n");
    assert_eq!(api.post("/orders", orders(1, 40)).status, 202);
    api.work();
    // Steps are sorted by their time in ms.
    std::thread::sleep(std::time::Duration::from_millis(2));
    api.add("order", "broken");
    api.route();
    assert_eq!(api.post("/orders", orders(41, 60)).status, 202);
    let listed = api.get("/orders").body["orders"].clone();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 50);
    assert!(listed[..20].iter().all(|order| order["state"] == "queued"));
    assert_eq!((&listed[0]["id"], &listed[0]["lane"]), (&id(60).into(), &Value::Null));
    let dead = &listed[20];
    assert_eq!((&dead["state"], &dead["code"]), (&"dead-lettered".into(), &"invalid_json".into()));
    assert!(dead["id"].is_null() && dead["deadLetter"].is_string(), "{dead}");
    let done = &listed[21];
    assert_eq!((&done["state"], &done["lane"]), (&"confirmed".into(), &"simple".into()));
    assert_eq!(done["score"], 0);
    assert!(done["queuedAt"].as_str() <= done["confirmedAt"].as_str(), "{done}");
    assert_eq!(api.get("/orders?limit=5").outcome(), (400, "invalid_query"));
}

#[test]
fn an_order_keeps_the_trace_it_came_with_and_an_invalid_one_begins_another() {
    let api = TestApi::start();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (number, header) in [(1, trace), (2, "nonsense")] {
        api.send("POST", "/orders", &[("traceparent", header)], an_order(number));
    }
    api.post("/orders", an_order(3));
    api.work();
    let found = |number| api.get(&format!("/orders/{}", id(number))).body["traceparent"].clone();
    assert_eq!(found(1), trace);
    let begun = found(2).as_str().unwrap().to_owned();
    assert!(begun.len() == 55 && begun.ends_with("-00"), "{begun}");
    assert_eq!(found(3), Value::Null);
}
