//! Takes the picture of the dashboard in README.md during a burst, `docs/dashboard.png`:
//!
//! `cargo run --release -p e2e --example picture`, after `cargo xtask build` and a build of
//! `loadtest` and `local-runtime`.

#![allow(clippy::unwrap_used, reason = "it fails as a test does")]

#[path = "../tests/e2e/browser.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod browser;

use std::process::Child;
use std::time::Duration;

use e2e::{TestApp, binary, repository};

/// Orders of each burst; the picture is taken during the last one.
const BURSTS: [u32; 5] = [10_000, 4_000, 20_000, 10_000, 40_000];
/// Between two bursts: the chart shows three minutes.
const PAUSE: Duration = Duration::from_secs(25);

fn burst(app: &TestApp, orders: u32) -> Child {
    supervise::app(binary("loadtest"))
        .args(["burst", "--redis-url", &app.server.url(), "--orders", &orders.to_string()])
        .spawn()
        .unwrap()
}

fn main() {
    let app = TestApp::start_with(&[("demo_orders", "0")]);
    let mut browser = browser::Browser::start();
    browser.look(1100, "light");
    browser.open(&format!("{}/", app.base_url));
    // The front page shows what fits on a screen: backlog, throughput and totals.
    browser.eval("document.querySelectorAll('.wide').forEach((part) => { part.hidden = true; })");
    let (last, others) = BURSTS.split_last().unwrap();
    for orders in others {
        assert!(burst(&app, *orders).wait().unwrap().success());
        std::thread::sleep(PAUSE);
    }
    let mut last = burst(&app, *last);
    browser.wait_for(
        "orders wait, and some of the burst are confirmed",
        "(() => { const number = (id) => Number(document.querySelector(id).innerText.replace(/\\D/g, '')); \
         return number('#streams dd') > 5000 && number('#confirmations') > 2000; })()",
    );
    browser.picture(&repository().join("docs/dashboard.png"));
    assert!(last.wait().unwrap().success());
}
