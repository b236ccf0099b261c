//! Dead letters over the API: looked at, redriven to a confirmation, discarded.

use queue::Stream;
use redis::Commands;
use serde_json::Value;

use e2e::{TestApp, an_order};

/// One death is enough to be dead-lettered, and no slow instance is taken for dead.
const VARIABLES: [(&str, &str); 2] = [("max_deliveries", "1"), ("claim_idle_ms", "60000")];

/// Adds an order that a consumer takes at once and holds for longer than `claim_idle_ms`. In one
/// step, for a distributor that is awake would take it first.
const DIE: &str = "
    local id = redis.call('XADD', KEYS[1], '*', 'order', ARGV[2])
    redis.call('XREADGROUP', 'GROUP', ARGV[1], 'drain', 'COUNT', 1, 'STREAMS', KEYS[1], '>')
    return redis.call('XCLAIM', KEYS[1], ARGV[1], 'drain', 0, id, 'IDLE', 60001, 'JUSTID')
";

/// Adds orders to ingress, lets a consumer crash with them, and waits until the distributor has
/// dead-lettered them.
fn let_die(app: &mut TestApp, orders: &[String]) {
    let (mut redis, keys) = (app.redis(), app.keys());
    let (key, group) = (keys.stream(Stream::Ingress), queue::GROUP);
    let before = app.get("/stats").body["deadLetters"].as_u64().expect("a number");
    // The distributor makes the group when it is first rung; either may be first.
    let _: redis::RedisResult<()> = redis.inner().xgroup_create_mkstream(key, group, "0");
    for order in orders {
        let _: redis::Value = redis::cmd("EVAL")
            .arg(&[DIE, "1", key, group, order])
            .query(redis.inner())
            .expect("the script works");
    }
    app.poll_until("the orders are dead letters", |app| {
        let found = app.get("/stats").body["deadLetters"].as_u64();
        (found == Some(before + orders.len() as u64)).then_some(())
    });
}

fn story_once(app: &mut TestApp, number: u32, state: &str) -> Value {
    app.poll_until(&format!("order {number} is {state}"), |app| {
        let story = app.get(&format!("/orders/00000000-0000-4000-8000-{number:012x}")).body;
        (story["state"] == state).then_some(story)
    })
}

#[test]
fn a_dead_letter_is_redriven_over_the_api_and_its_order_confirmed_with_its_history() {
    let mut app = TestApp::start_with(&VARIABLES);
    let_die(&mut app, &[an_order(1)]);
    let page = app.get("/dead-letters").body;
    assert_eq!(page["next"], Value::Null);
    let letter = &page["deadLetters"][0];
    assert_eq!((&letter["code"], &letter["stream"]), (&"max_deliveries".into(), &"ingress".into()));
    assert_eq!(letter["orderId"], "00000000-0000-4000-8000-000000000001");
    assert_eq!(letter.get("order"), None);
    let path = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
    let shown = app.get(&path);
    assert_eq!((shown.status, &shown.body["order"]), (200, &an_order(1).into()));
    assert_eq!(shown.body["errors"][0]["code"], "max_deliveries");
    assert_eq!(story_once(&mut app, 1, "dead-lettered")["deadLetter"], letter["id"]);

    let redriven = app.post(&format!("{path}/redrive"), "");
    assert_eq!((redriven.status, &redriven.body["outcome"]), (200, &"redriven".into()));
    assert_eq!(
        (&redriven.body["stream"], &redriven.body["redrives"]),
        (&"ingress".into(), &1.into())
    );
    for answer in [app.post(&format!("{path}/redrive"), ""), app.get(&path), app.delete(&path)] {
        assert_eq!(answer.outcome(), (404, "dead_letter_not_found"), "once is enough");
    }
    let story = story_once(&mut app, 1, "confirmed");
    assert_eq!(story["redrives"], 1);
    assert_eq!(story["history"][0]["deadLetter"], letter["id"]);
    assert_eq!(story["history"][0]["deadLetteredAt"], letter["deadLetteredAt"]);
    let stats = app.get("/stats").body;
    assert_eq!(
        (&stats["deadLetters"], &stats["totals"]["confirmed_simple"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn the_api_lists_by_filter_and_page_and_discards() {
    let mut app = TestApp::start_with(&VARIABLES);
    let_die(&mut app, &[an_order(1), an_order(2), an_order(3)]);
    let_die(&mut app, &["not json".into()]);
    let ids = |query: &str| -> Vec<String> {
        let answer = app.get(&format!("/dead-letters?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let letters = answer.body["deadLetters"].as_array().unwrap();
        letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids("");
    assert_eq!(all.len(), 4);
    assert_eq!(ids("code=max_deliveries").len(), 4);
    assert_eq!(ids("code=invalid_json").len(), 0);
    assert_eq!(ids("order=00000000-0000-4000-8000-000000000002"), all[1..2]);
    assert_eq!(ids("older_than_s=3600").len(), 0);
    assert_eq!(ids("older_than_s=0"), all);
    assert_eq!(ids("limit=3"), all[..3]);
    assert_eq!(ids(&format!("limit=3&cursor={}", all[2])), all[3..]);
    let next = app.get("/dead-letters?limit=3").body["next"].clone();
    assert_eq!(next, Value::from(all[2].clone()));

    let gone = app.delete(&format!("/dead-letters/{}", all[0]));
    assert_eq!((gone.status, &gone.body["outcome"]), (200, &"discarded".into()));
    assert_eq!(story_once(&mut app, 1, "discarded")["history"][0]["event"], "discarded");
}

#[test]
fn what_cannot_be_done_with_a_dead_letter_is_said_with_a_code() {
    let mut app = TestApp::start();
    let key = app.keys().stream(Stream::Ingress).to_owned();
    let _: String = app.redis().inner().xadd(key, "*", &[("colour", "blue")]).unwrap();
    let id = app.poll_until("the entry is a dead letter", |app| {
        app.get("/stats");
        let page = app.get("/dead-letters").body;
        page["deadLetters"][0]["id"].as_str().map(str::to_owned)
    });
    assert_eq!(app.post(&format!("/dead-letters/{id}/redrive"), "").outcome(), (409, "no_order"));
    assert_eq!(
        app.get(&format!("/dead-letters/{id}")).body["fields"],
        serde_json::json!(["colour", "blue"])
    );
    assert_eq!(app.get("/dead-letters/1-1").outcome(), (404, "dead_letter_not_found"));
    for bad in ["x", "1", "(1-1", "-", "+", "1-1%0d%0aFLUSHALL"] {
        assert_eq!(
            app.get(&format!("/dead-letters/{bad}")).outcome(),
            (400, "invalid_id"),
            "{bad}"
        );
    }
    for bad in ["limit=0", "limit=1001", "limit=x", "cursor=x", "older_than_s=-1", "colour=blue"] {
        assert_eq!(
            app.get(&format!("/dead-letters?{bad}")).outcome(),
            (400, "invalid_query"),
            "{bad}"
        );
    }
    for path in ["/dead-letters/1-1/x", "/dead-letters/1-1/redrive/x"] {
        assert_eq!(app.get(path).outcome(), (404, "not_found"), "{path}");
    }
    for (answer, allowed) in [
        (app.delete("/dead-letters"), "GET, HEAD, OPTIONS"),
        (app.post("/dead-letters/1-1", ""), "GET, HEAD, DELETE, OPTIONS"),
        (app.get("/dead-letters/1-1/redrive"), "POST, OPTIONS"),
    ] {
        assert_eq!(answer.outcome(), (405, "method_not_allowed"));
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    app.server.kill().unwrap();
    for answer in [
        app.get("/dead-letters"),
        app.get(&format!("/dead-letters/{id}")),
        app.post(&format!("/dead-letters/{id}/redrive"), ""),
        app.delete(&format!("/dead-letters/{id}")),
    ] {
        assert_eq!(answer.outcome(), (503, "queue_unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}
