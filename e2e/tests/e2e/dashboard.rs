//! The dashboard at `/`, used in a real browser as people use it. Pictures of it stay in the target
//! folder, for people to look at.

mod page;

use std::path::{Path, PathBuf};

use redis::Commands;
use serde_json::json;

use crate::browser::Browser;
use e2e::{TestApp, an_order};

/// Text that would do something if it were ever markup, script or a selector.
const HOSTILE: &str = r#"<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'"`"#;

fn open(app: &TestApp) -> Browser {
    let mut browser = Browser::start();
    browser.look(1280, "light");
    browser.open(&format!("{}/", app.base_url));
    browser
}

fn opened_live(app: &TestApp) -> Browser {
    let mut browser = open(app);
    browser.wait_for(
        "the figures are live",
        "document.querySelector('#health').dataset.state === 'live'",
    );
    browser
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard").join(format!("{name}.png"))
}

/// Makes orders dead letters by sending what the distributor cannot read.
fn with_letters(app: &mut TestApp, texts: &[&str]) {
    for text in texts {
        app.xadd(text);
    }
    app.poll_until("they are dead letters", |app| {
        (app.get("/stats").body["deadLetters"] == texts.len()).then_some(())
    });
}

fn confirmed(app: &TestApp) -> (u64, u64) {
    let totals = app.get("/stats").body["totals"].clone();
    let of = |lane: &str| totals[format!("confirmed_{lane}")].as_u64().unwrap_or_default();
    (of("simple"), of("complex"))
}

#[test]
fn the_page_opens_without_a_complaint_and_asks_no_other_host() {
    let mut app = TestApp::start();
    with_letters(&mut app, &["not json", r#"{"orderId":1,"delivery":"Later","items":[]}"#]);
    assert_eq!(app.post("/orders", an_order(7)).status, 202);
    let mut browser = opened_live(&app);
    browser.wait_for(
        "the dead letters are shown",
        "document.querySelectorAll('#letters > li').length === 2",
    );
    browser.enter("#demo-orders", "3000");
    browser.wait_for(
        "an order is shown",
        "document.querySelector('#order-title')?.innerText.includes('confirmed')",
    );
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")] {
        browser.look(width, scheme);
        browser.wait_for("the page has its width", &format!("window.innerWidth === {width}"));
        browser.picture(&picture(&format!("{width}-{scheme}")));
        assert_eq!(
            browser.eval("document.documentElement.scrollWidth <= window.innerWidth"),
            true,
            "{width}"
        );
    }
    assert_eq!(browser.complaints, [""; 0]);
    let own = format!("{}/", app.base_url);
    assert!(browser.requests.len() > 10);
    for (_, url) in &browser.requests {
        assert!(url.starts_with(&own), "{url}");
    }
}

#[test]
fn a_demo_burst_is_sent_and_confirmed_in_both_lanes() {
    let mut app =
        TestApp::start_with(&[("max_orders_per_request", "90"), ("max_body_bytes", "60000")]);
    let mut browser = opened_live(&app);
    // The same orders each time: of orders made at random, one burst in a hundred has too few complex
    // ones.
    browser.eval(
        "{ let seed = 1; Math.random = () => (seed = seed * 16807 % 2147483647) / 2147483647; }",
    );
    browser.enter("#demo-orders", "400");
    browser.wait_for(
        "all are accepted",
        "document.querySelector('#demo-said').innerText.startsWith('400 orders accepted')",
    );
    let (simple, complex) = app.poll_until("all are confirmed", |app| {
        let (simple, complex) = confirmed(app);
        (simple + complex == 400).then_some((simple, complex))
    });
    assert!(simple > 50 && complex > 50, "{simple} simple, {complex} complex");
    let stats = app.get("/stats").body;
    assert_eq!((&stats["deadLetters"], &stats["totals"]["duplicates"]), (&json!(0), &json!(null)));
    browser.wait_for(
        "the page has seen them",
        "document.querySelector('#done dd').innerText === '400'",
    );
    browser.wait_for(
        "the last is shown",
        "document.querySelector('#order-title')?.innerText.endsWith('confirmed')",
    );
    browser
        .wait_for("the newest are listed", "document.querySelectorAll('#recent tr').length === 12");
    browser
        .wait_for("times are shown", "/\\d/.test(document.querySelector('#latency dd').innerText)");
    let id = browser.eval("document.querySelector('#recent button').title");
    browser.click("#recent button");
    let is_shown = format!("document.querySelector('#order-title').innerText.includes({id})");
    browser.wait_for("a press shows an order of the list", &is_shown);
    let posts = browser.requests.iter().filter(|(method, _)| method == "POST").count();
    assert!(posts >= 5, "no request has more than 90 orders: {posts}");
    assert!(
        browser
            .eval("document.querySelector('#chart-confirmed').getAttribute('d').length")
            .as_u64()
            > Some(20)
    );
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn more_than_the_limit_is_not_sent_and_nothing_is_where_the_demo_is_switched_off() {
    let app = TestApp::start_with(&[("demo_orders", "20")]);
    let mut browser = opened_live(&app);
    browser.wait_for("the demo is offered", "document.querySelector('#demo').checkVisibility()");
    browser.enter("#demo-orders", "21");
    assert_eq!(browser.eval("document.querySelector('#demo-orders').validity.rangeOverflow"), true);
    browser.enter("#demo-orders", "20");
    browser.wait_for(
        "they are accepted",
        "document.querySelector('#demo-said').innerText.startsWith('20 orders')",
    );
    assert_eq!(browser.requests.iter().filter(|(method, _)| method == "POST").count(), 1);

    let app = TestApp::start_with(&[("demo_orders", "0")]);
    assert_eq!(app.get("/dashboard/limits.json").body["demoOrders"], 0);
    let mut browser = opened_live(&app);
    assert_eq!(browser.eval("document.querySelector('#demo').checkVisibility()"), false);
}

#[test]
fn an_order_is_found_by_its_number_and_its_steps_are_shown_in_order() {
    let app = TestApp::start();
    let order = r#"{"orderId":"A 17/ü","delivery":"Express",
        "items":[{"orderItemId":1,"sku":"A","quantity":1}]}"#;
    assert_eq!(app.post("/orders", order).status, 202);
    let mut browser = opened_live(&app);
    browser.enter("#find-id", "A 17/ü");
    browser.wait_for(
        "it is confirmed",
        "document.querySelector('#order-title')?.innerText.endsWith('confirmed')",
    );
    let steps = browser.eval(
        "[...document.querySelectorAll('#order .timeline li')].map((step) => step.innerText)",
    );
    let steps: Vec<&str> =
        steps.as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    assert_eq!(steps.len(), 3, "{steps:?}");
    for (step, begin) in steps.iter().zip(["Queued", "Routed to the simple lane", "Confirmed"]) {
        assert!(step.starts_with(begin), "{steps:?}");
    }
    assert!(steps[1].contains("express 5"), "{steps:?}");
    assert_eq!(browser.eval("document.activeElement.id"), "order", "a screen reader is led to it");

    browser.enter("#find-id", HOSTILE);
    browser.wait_for(
        "it says so",
        "document.querySelector('#find-said').innerText.startsWith('No such order')",
    );
    assert_eq!(browser.eval("document.querySelector('#order').hidden"), true);
    assert!(browser.text("#find-said").contains(HOSTILE));
    assert_eq!(browser.eval("document.querySelectorAll('main img, main script').length"), 0);
}

#[test]
fn text_of_an_order_never_becomes_markup() {
    let mut app = TestApp::start();
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    let broken = format!(r#"{{"orderId":{hostile},{hostile}:1,"delivery":{hostile},"items":[]}}"#);
    with_letters(&mut app, &[HOSTILE, &broken]);
    let good = format!(
        r#"{{"orderId":{hostile},"description":{hostile},"customer":{hostile},
            "delivery":"Standard","items":[{{"orderItemId":1,"sku":{hostile},"quantity":1}}]}}"#
    );
    assert_eq!(app.post("/orders", &good).status, 202);
    // Whose steps nobody knows any more: its state was dropped before it.
    let _: String =
        app.redis().inner().xadd(app.keys().results(), "*", &[("order_id", HOSTILE)]).unwrap();
    let mut browser = opened_live(&app);
    browser.wait_for(
        "the orders are listed",
        "document.querySelectorAll('#recent > tr').length === 4",
    );
    assert_eq!(browser.eval("document.querySelector('#recent').innerText.includes('NaN')"), false);
    browser.wait_for(
        "the letters are shown",
        "document.querySelectorAll('#letters > li').length === 2",
    );
    for letter in 1..=2 {
        browser.click(&format!("#letters > li:nth-child({letter}) .buttons button:nth-child(3)"));
        let told = format!("#letters > li:nth-child({letter}) > pre");
        browser.wait_for(
            "its text is shown",
            &format!("document.querySelector('{told}').checkVisibility()"),
        );
        let expected = [HOSTILE, &broken][letter - 1];
        assert_eq!(
            browser.eval(&format!("document.querySelector('{told}').textContent")),
            expected
        );
    }
    browser.enter("#find-id", HOSTILE);
    browser.wait_for(
        "the order is shown",
        "document.querySelector('#order-title')?.innerText.endsWith('confirmed')",
    );
    let whole = browser.eval("document.querySelector('#order pre').textContent");
    assert!(whole.as_str().unwrap().contains(&hostile), "{whole}");
    assert_eq!(
        browser.eval("document.querySelectorAll('main img, main script, main iframe').length"),
        0
    );
    assert_eq!(browser.eval("typeof window.harmed"), "undefined");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn dead_letters_are_redriven_and_discarded_once_that_is_confirmed() {
    let mut app = TestApp::start();
    with_letters(&mut app, &["not json", "nor this", "nor that"]);
    let mut browser = opened_live(&app);
    let shown =
        |count: u32| format!("document.querySelectorAll('#letters > li').length === {count}");
    browser.wait_for("three are shown", &shown(3));

    let discard = "#letters > li:first-child .buttons button:nth-child(2)";
    browser.click(discard);
    browser.wait_for("it asks first", "document.querySelector('#ask').open");
    assert_eq!(browser.text("#ask-title"), "Discard this dead letter?");
    browser.press("Escape", "");
    browser.wait_for("the question is gone", "!document.querySelector('#ask').open");
    assert_eq!(app.get("/stats").body["deadLetters"], 3, "no was the answer");
    browser.click(discard);
    // A question that follows the last one at once is not answered by its end.
    browser.eval(&format!(
        "for (const one of ['#ask-no', {discard:?}]) document.querySelector(one).click()"
    ));
    browser.click("#ask-yes");
    browser.wait_for("one is gone", &shown(2));
    assert_eq!(app.get("/stats").body["totals"]["discarded"], 1);

    browser.click("#redrive-all");
    browser.click("#ask-yes");
    app.poll_until("both were redriven and dead-lettered again", |app| {
        let stats = app.get("/stats").body;
        (stats["totals"]["redriven"] == 2 && stats["deadLetters"] == 2).then_some(())
    });
    browser.wait_for(
        "the page shows it",
        "document.querySelector('#letters').innerText.includes('redriven 1')",
    );
    assert_eq!(
        browser.eval("document.querySelector('#said').innerText.startsWith('2 redriven')"),
        true
    );
}

#[test]
fn with_a_token_the_page_asks_for_it_and_keeps_it_in_its_tab_only() {
    let app = TestApp::start_with(&[("api_token", "s3cret-Token")]);
    let mut browser = open(&app);
    browser.wait_for("it asks for the token", "document.querySelector('#lock').checkVisibility()");
    assert_eq!(browser.eval("document.querySelector('#panels').checkVisibility()"), false);
    browser.picture(&picture("locked"));
    let asked = browser.requests.len();
    browser.enter("#token", "wrong");
    browser.wait_for(
        "it says so",
        "document.querySelector('#trouble').innerText.includes('does not accept')",
    );
    browser.enter("#token", "s3cret→Token");
    assert_eq!(
        browser.eval("document.querySelector('#token').validity.patternMismatch"),
        true,
        "no header holds it"
    );
    assert_eq!(browser.eval("sessionStorage.length"), 0);
    browser.enter("#token", " s3cret-Token ");
    browser.wait_for(
        "the figures are live",
        "document.querySelector('#health').dataset.state === 'live'",
    );
    assert_eq!(browser.eval("document.querySelector('#trouble').checkVisibility()"), false);
    assert!(
        browser.requests[asked..].iter().all(|(_, url)| !url.contains("s3cret")),
        "a token in an address ends in logs"
    );
    assert_eq!(browser.eval("localStorage.length + document.cookie.length"), 0);
    browser.click("#forget");
    browser.wait_for("it asks again", "document.querySelector('#lock').checkVisibility()");
    assert_eq!(browser.eval("sessionStorage.length"), 0);
}

#[test]
fn a_stream_is_paused_with_a_reason_and_resumed() {
    let mut app = TestApp::start();
    let mut browser = opened_live(&app);
    browser.click("#control-simple");
    browser.click("#ask-yes");
    assert_eq!(browser.eval("document.querySelector('#ask').open"), true, "a reason is wanted");
    browser.enter("#ask-input", HOSTILE);
    let state =
        |text: &str| format!("document.querySelector('#control-simple').innerText === '{text}'");
    browser.wait_for("it is paused", &state("Resume"));
    assert_eq!(app.get("/stats").body["streams"]["simple"]["paused"]["reason"], HOSTILE);
    assert!(browser.text("#streams").contains(HOSTILE), "everybody sees why");
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    browser.wait_for("one waits", "document.querySelectorAll('#streams dd')[3].innerText === '1'");
    assert_eq!(confirmed(&app), (0, 0));
    browser.picture(&picture("paused"));
    browser.click("#control-simple");
    browser.wait_for("it is resumed", &state("Pause"));
    app.poll_until("the order is confirmed", |app| (confirmed(app) == (1, 0)).then_some(()));
    assert_eq!(browser.complaints, [""; 0]);
}
