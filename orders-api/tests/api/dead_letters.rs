//! Dead letters are listed, shown, put back and discarded.

use serde_json::{Value, json};

use crate::support::{TestApi, an_order, id};

/// An API on which one delivery is too many.
fn start() -> TestApi {
    let mut api = TestApi::start();
    (api.queue.max_deliveries, api.queue.claim_idle_ms) = (1, 10);
    api
}

/// Lets a consumer crash with orders of ingress, and the next drain dead-letter them.
fn let_die(api: &TestApi, orders: &[String]) {
    for order in orders {
        api.add("order", order);
    }
    let _: redis::RedisResult<()> = redis::cmd("XGROUP")
        .arg(&["CREATE", "{orders}:ingress", "workers", "0", "MKSTREAM"])
        .query(api.redis().inner());
    let _: redis::Value =
        api.command("XREADGROUP GROUP workers dead COUNT 100 STREAMS {orders}:ingress >");
    std::thread::sleep(std::time::Duration::from_millis(20));
    api.route();
}

#[test]
fn a_dead_letter_is_redriven_once_and_its_order_keeps_its_history() {
    let api = start();
    let_die(&api, &[an_order(1)]);
    let page = api.get("/dead-letters").body;
    assert_eq!(page["next"], Value::Null);
    let letter = &page["deadLetters"][0];
    assert_eq!((&letter["code"], &letter["stream"]), (&"max_deliveries".into(), &"ingress".into()));
    assert_eq!((&letter["orderId"], letter.get("order")), (&id(1).into(), None));
    let path = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
    let shown = api.get(&path);
    assert_eq!((shown.status, &shown.body["order"]), (200, &an_order(1).into()));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.body["errors"][0]["code"], "max_deliveries");
    let order = format!("/orders/{}", id(1));
    let dead = api.get(&order).body;
    assert_eq!((&dead["state"], &dead["deadLetter"]), (&"dead-lettered".into(), &letter["id"]));
    assert_eq!(dead["code"], "max_deliveries");

    let redriven = api.post(&format!("{path}/redrive"), "");
    assert_eq!((redriven.status, &redriven.body["outcome"]), (200, &"redriven".into()));
    assert_eq!(
        (&redriven.body["stream"], &redriven.body["redrives"]),
        (&"ingress".into(), &1.into())
    );
    for answer in [api.post(&format!("{path}/redrive"), ""), api.get(&path), api.delete(&path)] {
        assert_eq!(answer.outcome(), (404, "dead_letter_not_found"), "once is enough");
    }
    api.work();
    let confirmed = api.get(&order).body;
    assert_eq!((&confirmed["state"], &confirmed["redrives"]), (&"confirmed".into(), &1.into()));
    let past = &confirmed["history"][0];
    assert_eq!((&past["event"], &past["deadLetter"]), (&"redriven".into(), &letter["id"]));
    assert_eq!(past["deadLetteredAt"], letter["deadLetteredAt"]);
    assert!(past["at"].is_string(), "{past}");
}

#[test]
fn letters_are_listed_by_filter_and_page_and_discarded() {
    let api = start();
    let uuid = "8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa";
    let by_order_id = format!(r#"{{"orderId":"{uuid}","delivery":"Soon","items":[]}}"#);
    let_die(&api, &[an_order(1), an_order(2), by_order_id, "not json".into()]);
    let ids = |query: &str| -> Vec<String> {
        let answer = api.get(&format!("/dead-letters?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let letters = answer.body["deadLetters"].as_array().unwrap();
        letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids("");
    assert_eq!(all.len(), 4);
    assert_eq!(ids("code=max_deliveries").len(), 4);
    assert_eq!(ids("code=invalid_json").len(), 0);
    assert_eq!(ids(&format!("order={}", id(2))), all[1..2]);
    assert_eq!(ids("order=1").len(), 0, "the order has a guid");
    assert_eq!(ids(&format!("order={uuid}")), all[2..3], "an orderId that looks like a UUID");
    assert_eq!(ids("older_than_s=3600").len(), 0);
    assert_eq!(ids("older_than_s=0&cursor="), all);
    assert_eq!(ids("limit=3"), all[..3]);
    assert_eq!(ids(&format!("limit=3&cursor={}", all[2])), all[3..]);
    assert_eq!(api.get("/dead-letters?limit=3").body["next"], all[2]);
    for (bad, name) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=", "limit"),
        ("older_than_s=-1", "older_than_s"),
        ("cursor=x", "cursor"),
        ("code=", "code"),
        ("colour=blue", "expected code"),
        ("limit=1&limit=2", "expected each parameter once"),
    ] {
        let answer = api.get(&format!("/dead-letters?{bad}"));
        assert_eq!(answer.outcome(), (400, "invalid_query"), "{bad}");
        assert!(answer.body["detail"].as_str().unwrap().starts_with(name), "{}", answer.body);
    }
    let gone = api.delete(&format!("/dead-letters/{}", all[0]));
    assert_eq!((gone.status, gone.body), (200, json!({ "outcome": "discarded" })));
    let order = api.get(&format!("/orders/{}", id(1))).body;
    assert_eq!(order["state"], "discarded");
    assert_eq!(order["history"][0]["event"], "discarded");
}

#[test]
fn what_cannot_be_done_with_a_letter_has_a_code() {
    let api = TestApi::start();
    api.add("colour", "blue");
    api.route();
    let letter = api.get("/dead-letters").body["deadLetters"][0].clone();
    let path = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
    assert_eq!(api.post(&format!("{path}/redrive"), "").outcome(), (409, "no_order"));
    assert_eq!(api.get(&path).body["fields"], json!(["colour", "blue"]));
    let foreign: String = api.command("XADD {orders}:dead-letters * order x errors y order_id z");
    let path = format!("/dead-letters/{foreign}");
    assert_eq!(api.post(&format!("{path}/redrive"), "").outcome(), (409, "unknown_stream"));
    let shown = api.get(&path).body;
    assert_eq!((&shown["errors"], &shown["orderId"]), (&Value::Null, &Value::Null));
    for bad in ["x", "1", "(1-1", "-", "+", "1-1%0d%0aFLUSHALL", "9007199254740992-0"] {
        let path = format!("/dead-letters/{bad}");
        for answer in [api.get(&path), api.delete(&path), api.post(&format!("{path}/redrive"), "")]
        {
            assert_eq!(answer.outcome(), (400, "invalid_id"), "{bad}");
        }
    }
    // The id in Redis is built from the two parsed numbers.
    assert_eq!(api.delete(&format!("/dead-letters/0{foreign}")).status, 200);
}
