//! Dead letters over the API: looked at and redriven to a confirmation.

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

fn status_once(app: &mut TestApp, number: u32, state: &str) -> Value {
    app.poll_until(&format!("order {number} is {state}"), |app| {
        let status = app.get(&format!("/orders/00000000-0000-4000-8000-{number:012x}")).body;
        (status["state"] == state).then_some(status)
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
    assert_eq!(status_once(&mut app, 1, "dead-lettered")["deadLetter"], letter["id"]);

    let redriven = app.post(&format!("{path}/redrive"), "");
    assert_eq!((redriven.status, &redriven.body["outcome"]), (200, &"redriven".into()));
    assert_eq!(
        (&redriven.body["stream"], &redriven.body["redrives"]),
        (&"ingress".into(), &1.into())
    );
    for answer in [app.post(&format!("{path}/redrive"), ""), app.get(&path), app.delete(&path)] {
        assert_eq!(answer.outcome(), (404, "dead_letter_not_found"), "once is enough");
    }
    let status = status_once(&mut app, 1, "confirmed");
    assert_eq!(status["redrives"], 1);
    assert_eq!(status["history"][0]["deadLetter"], letter["id"]);
    assert_eq!(status["history"][0]["deadLetteredAt"], letter["deadLetteredAt"]);
    let stats = app.get("/stats").body;
    assert_eq!(
        (&stats["deadLetters"], &stats["totals"]["confirmed_simple"]),
        (&0.into(), &1.into())
    );
    app.server.kill().unwrap();
    for answer in [
        app.get("/dead-letters"),
        app.get(&path),
        app.post(&format!("{path}/redrive"), ""),
        app.delete(&path),
    ] {
        assert_eq!(answer.outcome(), (503, "queue_unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

/// Refusals with their headers, and a discard, through the component and its host.
#[test]
fn a_dead_letter_without_an_order_is_discarded_and_not_redriven() {
    let mut app = TestApp::start();
    let key = app.keys().stream(Stream::Ingress).to_owned();
    let _: String = app.redis().inner().xadd(key, "*", &[("colour", "blue")]).unwrap();
    let id = app.poll_until("the entry is a dead letter", |app| {
        app.get("/stats");
        let page = app.get("/dead-letters").body;
        page["deadLetters"][0]["id"].as_str().map(str::to_owned)
    });
    let path = format!("/dead-letters/{id}");
    let redriven = app.post(&format!("{path}/redrive"), "");
    assert_eq!(redriven.outcome(), (409, "no_order"));
    assert_eq!(redriven.header("content-type"), Some("application/problem+json"));
    let refused = app.post(&path, "");
    assert_eq!(refused.outcome(), (405, "method_not_allowed"));
    assert_eq!(refused.header("allow"), Some("GET, HEAD, DELETE, OPTIONS"));
    let discarded = app.delete(&path);
    assert_eq!((discarded.status, &discarded.body["outcome"]), (200, &"discarded".into()));
    assert_eq!(discarded.header("content-type"), Some("application/json"));
    assert_eq!(app.get("/dead-letters").body["deadLetters"], serde_json::json!([]));
}
