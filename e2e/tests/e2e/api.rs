//! The HTTP API, from the request to the confirmed order.

use e2e::{TestApp, an_order};

#[test]
fn an_order_is_taken_in_and_its_status_can_be_followed_to_the_confirmation() {
    let mut app = TestApp::start();
    let answer = app.post("/orders", an_order(1));
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!((&answer.body["accepted"], &answer.body["refused"]), (&1.into(), &0.into()));
    let id = answer.body["ids"][0].as_str().unwrap().to_owned();
    assert_eq!(id, "00000000-0000-4000-8000-000000000001");
    let status = app.poll_until("the order is confirmed", |app| {
        let answer = app.get(&format!("/orders/{id}"));
        assert_eq!(answer.status, 200, "an accepted order is known at once");
        (answer.body["state"] == "confirmed").then_some(answer.body)
    });
    assert_eq!(status["lane"], "simple");
    assert_eq!(status["score"], 0);
    assert_eq!(status["confirmation"]["id"], id);
    let times: Vec<&str> = ["queuedAt", "routedAt", "confirmedAt"]
        .iter()
        .map(|field| status[field].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn an_array_and_lines_of_orders_are_all_confirmed() {
    let mut app = TestApp::start();
    let array = format!("[{}]", (1..=50).map(an_order).collect::<Vec<_>>().join(","));
    let lines = (51..=100).map(an_order).collect::<Vec<_>>().join("\n");
    assert_eq!(app.post("/orders", array).body["accepted"], 50);
    assert_eq!(app.post("/orders", lines).body["accepted"], 50);
    app.poll_until("all orders are confirmed", |app| {
        let stats = app.get("/stats").body;
        (stats["totals"]["confirmed_simple"] == 100).then_some(())
    });
}

#[test]
fn an_order_without_a_guid_is_found_by_its_order_id() {
    let mut app = TestApp::start();
    let order = r#"{"orderId":"A 17/ü","delivery":"Express",
        "items":[{"orderItemId":1,"sku":"A","quantity":0}]}"#;
    assert_eq!(app.post("/orders", order).status, 202);
    app.poll_until("the order is confirmed", |app| {
        (app.get("/orders/A%2017%2F%C3%BC").body["state"] == "confirmed").then_some(())
    });
}

#[test]
fn a_refusal_is_reported_as_problem_details() {
    let app = TestApp::start();
    let answer = app.get("/orders/00000000-0000-4000-8000-00000000dead");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let expected = serde_json::json!({
        "type": "/openapi.json#/components/examples/order_not_found",
        "title": "Order not found",
        "status": 404,
        "code": "order_not_found",
        "detail": "an order added with XADD is known once it is routed",
    });
    assert_eq!(answer.body, expected);
}

#[test]
fn the_newest_orders_are_listed_and_nothing_can_be_asked_for() {
    let mut app = TestApp::start();
    for number in 1..=60 {
        assert_eq!(app.post("/orders", an_order(number)).status, 202);
    }
    app.poll_until("all are confirmed", |app| {
        (app.get("/stats").body["totals"]["confirmed_simple"] == 60).then_some(())
    });
    let orders = app.get("/orders").body["orders"].clone();
    assert_eq!(orders.as_array().unwrap().len(), 50);
    for order in orders.as_array().unwrap() {
        let step = (&order["state"], &order["lane"], &order["score"]);
        assert_eq!(step, (&"confirmed".into(), &"simple".into(), &0.into()), "{order}");
        assert!(order["id"].as_str().unwrap().starts_with("00000000-0000-4000-8000-"), "{order}");
    }
    assert_eq!(app.get("/orders?limit=2").outcome(), (400, "invalid_query"));
}

#[test]
fn one_order_taken_in_has_a_location_and_several_have_none() {
    let app = TestApp::start();
    let location = "/orders/00000000-0000-4000-8000-000000000001";
    assert_eq!(app.post("/orders", an_order(1)).header("location"), Some(location));
    assert_eq!(app.get(location).status, 200);
    for several in [format!("[{},{}]", an_order(2), an_order(3)), format!("[{},{{}}]", an_order(4))]
    {
        let answer = app.post("/orders", several);
        assert_eq!((answer.status, answer.header("location")), (202, None));
    }
}

#[test]
fn head_answers_as_get_without_a_body_and_options_says_what_is_allowed() {
    let app = TestApp::start();
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    for (path, allowed) in [
        ("/orders/00000000-0000-4000-8000-000000000001", "GET, HEAD, OPTIONS"),
        ("/stats", "GET, HEAD, OPTIONS"),
        ("/dead-letters/1-0", "GET, HEAD, DELETE, OPTIONS"),
        ("/dead-letters/1-0/redrive", "POST, OPTIONS"),
    ] {
        let request = |method| {
            app.raw(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        };
        let options = request("OPTIONS").to_lowercase();
        assert!(options.starts_with("http/1.1 204 "), "{path}: {options}");
        assert!(
            options.contains(&format!("\r\nallow: {}\r\n", allowed.to_lowercase())),
            "{path}: {options}"
        );
        let (get, head) = (request("GET"), request("HEAD"));
        assert_eq!(get.lines().next(), head.lines().next(), "{path}");
        assert!(head.ends_with("\r\n\r\n"), "{path}: {head}");
    }
}

#[test]
fn limits_of_a_request_and_of_the_backlog_are_kept() {
    let app = TestApp::start_with(&[
        ("max_backlog", "3"),
        ("max_orders_per_request", "4"),
        ("max_body_bytes", "2000"),
    ]);
    let many = format!("[{}]", ["{}"; 5].join(","));
    assert_eq!(app.post("/orders", many).outcome(), (413, "too_many_orders"));
    assert_eq!(app.post("/orders", " ".repeat(2_001)).outcome(), (413, "body_too_large"));
    assert_eq!(app.post_in_chunks("/orders", " ".repeat(2_001)).outcome(), (413, "body_too_large"));
    assert_eq!(app.post_in_chunks("/orders", " ".repeat(2_000)).outcome(), (400, "empty_body"));
    for length in ["2001", "4294967296", "99999999999"] {
        let head = format!("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let answer = app.raw(head);
        assert!(
            answer.starts_with("HTTP/1.1 413 ") && answer.contains(length),
            "{length}: {answer}"
        );
    }
    let four = (1..=4).map(an_order).collect::<Vec<_>>().join("\n");
    let answer = app.post("/orders", four);
    assert_eq!(answer.outcome(), (429, "backlog_full"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(
        app.get("/stats").body["totals"],
        serde_json::json!({}),
        "nothing of the four was written"
    );
    let three = (1..=3).map(an_order).collect::<Vec<_>>().join("\n");
    assert_eq!(app.post("/orders", three).status, 202);
}

#[test]
fn a_tick_finds_and_rings_for_work_that_no_bell_announced() {
    use redis::Commands;
    let mut app = TestApp::start();
    for (component, stream) in
        [("distributor", "ingress"), ("receiver-simple", "simple"), ("receiver-complex", "complex")]
    {
        // An entry in the stream and no ring.
        let _: String = app
            .redis()
            .inner()
            .xadd(format!("{{orders}}:{stream}"), "*", &[("order", "broken")])
            .unwrap();
        let path = format!("/{component}/tick");
        let refused = app.post(&path, "");
        assert_eq!(refused.outcome(), (405, "method_not_allowed"), "{component}");
        assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        let tick = app.get(&path);
        assert_eq!((tick.status, tick.header("content-type")), (200, Some("application/json")));
        assert_eq!(
            (&tick.body["waiting"], &tick.body["rung"]),
            (&1.into(), &true.into()),
            "{component}"
        );
        app.poll_until("the component has drained its stream", |app| {
            (app.get("/stats").body["streams"][stream]["length"] == 0).then_some(())
        });
        let tick = app.get(&path);
        assert_eq!(
            (&tick.body["waiting"], &tick.body["rung"]),
            (&0.into(), &false.into()),
            "{component}"
        );
        let head = app.raw(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 200 "), "{component}: {head}");
    }
    assert_eq!(app.get("/stats").body["deadLetters"], 3);
}

#[test]
fn a_wrong_variable_is_named_in_the_log_and_nothing_is_taken_in() {
    let mut app = TestApp::listen_with(&[("batch_size", "lots")]);
    for answer in
        [app.get("/readyz"), app.get("/distributor/tick"), app.post("/orders", an_order(1))]
    {
        assert_eq!(answer.outcome(), (500, "misconfigured"));
    }
    app.poll_until("the log names the variable", |app| {
        app.said()
            .contains("variable batch_size: expected a whole number from 1 to 1000, found \"lots\"")
            .then_some(())
    });
}

#[test]
fn the_tick_of_a_worker_that_cannot_drain_names_its_variable() {
    for (variable, value) in [("log_level", "loud"), ("complexity_threshold", "0")] {
        let mut app = TestApp::listen_with(&[(variable, value)]);
        assert_eq!(app.get("/distributor/tick").outcome(), (500, "misconfigured"), "{variable}");
        app.poll_until("the log names the variable", |app| {
            app.said().contains(&format!("variable {variable}: expected")).then_some(())
        });
    }
    let app = TestApp::listen_with(&[("log_level", " info ")]);
    assert_eq!(app.get("/distributor/tick").status, 200);
}

#[test]
fn an_order_id_that_looks_like_a_uuid_is_found() {
    let mut app = TestApp::start();
    let id = "8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa";
    let order = |delivery: &str| {
        format!(
            r#"{{"orderId":"{id}","delivery":"{delivery}",
                "items":[{{"orderItemId":1,"sku":"A","quantity":1}}]}}"#
        )
    };
    app.xadd(order("Soon"));
    let letters = app.poll_until("the broken one is dead-lettered", |app| {
        app.get("/stats");
        let letters = app.get(&format!("/dead-letters?order={id}")).body["deadLetters"].clone();
        (letters[0]["code"] == "unknown_value").then_some(letters)
    });
    assert_eq!(letters.as_array().unwrap().len(), 1);
    assert_eq!(app.post("/orders", order("Standard")).status, 202);
    let found = app.poll_until("the order is confirmed", |app| {
        let found = app.get(&format!("/orders/{id}")).body;
        (found["state"] == "confirmed").then_some(found)
    });
    assert_eq!(found["confirmation"]["orderId"], id);
}

#[test]
fn an_order_that_waited_for_days_gets_a_promise_that_can_be_kept() {
    use redis::Commands;
    let mut app = TestApp::start();
    // Queued 30 days ago, by the time in the entry ID.
    let order = r#"{"orderId":1,"placedAt":"2020-11-25T09:00:00Z","delivery":"Express",
        "items":[{"orderItemId":1,"sku":"A","quantity":1}]}"#;
    let (now_s, _): (u64, u64) = redis::cmd("TIME").query(app.redis().inner()).unwrap();
    let ingress = app.keys().stream(queue::Stream::Ingress).to_owned();
    let entry_id = format!("{}-0", (now_s - 30 * 86_400) * 1_000);
    let _: String = app.redis().inner().xadd(ingress, entry_id, &[("order", order)]).unwrap();
    let found = app.poll_until("the order is confirmed", |app| {
        app.get("/stats");
        let found = app.get("/orders/1").body;
        (found["state"] == "confirmed").then_some(found)
    });
    let promise = &found["confirmation"]["promise"];
    let day = |field: &str| promise[field].as_str().unwrap()[..10].to_owned();
    assert!(*day("decidedAt") > found["queuedAt"].as_str().unwrap()[..10], "{found}");
    assert!(day("startsOn") >= day("decidedAt"), "{found}");
    assert!(day("shipsOn") >= day("startsOn"), "{found}");
}

#[test]
fn a_body_that_does_not_arrive_is_answered_408_and_holds_up_nobody() {
    use std::io::{Read, Write};
    let app = TestApp::start();
    let address = app.base_url.trim_start_matches("http://").to_owned();
    let mut clients: Vec<std::net::TcpStream> = (0..20)
        .map(|_| {
            let mut client = std::net::TcpStream::connect(&address).unwrap();
            let head = format!(
                "POST /orders HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n{{\"ord"
            );
            client.write_all(head.as_bytes()).unwrap();
            client.set_read_timeout(Some(e2e::PATIENCE)).unwrap();
            client
        })
        .collect();
    let began = std::time::Instant::now();
    assert_eq!(app.get("/healthz").status, 200);
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    // A body may take 10 s.
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    for client in &mut clients {
        let mut answer = vec![0; 4_096];
        let length = client.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}
