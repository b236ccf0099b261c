//! Redis becomes unavailable and recovers: what the user sees meanwhile, and that work continues
//! automatically.

use crate::receivers::{RECEIVERS, Receiver};
use e2e::an_order;

#[test]
fn while_redis_is_unavailable_the_api_says_so_and_afterwards_all_goes_on() {
    for receiver in RECEIVERS {
        all_goes_on_with(&receiver);
    }
}

fn all_goes_on_with(receiver: &Receiver) {
    let mut app = receiver.start(&[]);
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    app.poll_until("the first order is confirmed", |app| {
        (app.get("/stats").body["totals"]["confirmed_simple"] == 1).then_some(())
    });
    app.server.kill().unwrap();
    for answer in [
        app.post("/orders", an_order(2)),
        app.get("/readyz"),
        app.get("/stats"),
        app.get("/orders/1"),
    ] {
        assert_eq!(answer.outcome(), (503, "queue_unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    app.server.restart().unwrap();
    app.poll_until("the API takes orders again", |app| {
        (app.post("/orders", an_order(2)).status == 202).then_some(())
    });
    app.poll_until("the second order is confirmed", |app| {
        // An open dashboard ticks, should the bell have rung before the workers were back.
        app.get("/stats");
        let state = app.get("/orders/00000000-0000-4000-8000-000000000002").body["state"].clone();
        (state == "confirmed").then_some(())
    });
}
