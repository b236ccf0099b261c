//! The dashboard at `/` and its files below `/dashboard/`: one page, drawn in the browser from what the API tells.
//!
//! The files are part of the Wasm file. They hold no order, so they need no token; what they show is asked for with one. The policy that
//! goes with every answer lets the page load from this host, talk to this host, and nothing else: text of an order that became markup
//! after all could neither run nor call home.

use serde::Serialize;
use shared::settings::{ApiSettings, DashboardSettings};
use spin_sdk::http::{Request, Response};
use spin_shell::Answer;

use super::etag;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// The files by path, with their types.
const FILES: [(&str, &str, &str); 12] = [
    ("/", HTML, include_str!("../../dashboard/index.html")),
    ("/dashboard/style.css", CSS, include_str!("../../dashboard/style.css")),
    ("/dashboard/icon.svg", SVG, include_str!("../../dashboard/icon.svg")),
    ("/dashboard/main.js", JS, include_str!("../../dashboard/main.js")),
    ("/dashboard/api.js", JS, include_str!("../../dashboard/api.js")),
    ("/dashboard/page.js", JS, include_str!("../../dashboard/page.js")),
    ("/dashboard/rates.js", JS, include_str!("../../dashboard/rates.js")),
    ("/dashboard/streams.js", JS, include_str!("../../dashboard/streams.js")),
    ("/dashboard/orders.js", JS, include_str!("../../dashboard/orders.js")),
    ("/dashboard/recent.js", JS, include_str!("../../dashboard/recent.js")),
    ("/dashboard/letters.js", JS, include_str!("../../dashboard/letters.js")),
    ("/dashboard/demo.js", JS, include_str!("../../dashboard/demo.js")),
];
/// What the page may send, by the variables.
const LIMITS: &str = "/dashboard/limits.json";

/// Answers a request for the page or one of its files.
pub(super) fn get(request: &Request) -> Response {
    if request.path() == LIMITS {
        return limits();
    }
    match FILES.iter().find(|(path, _, _)| *path == request.path()) {
        Some((_, content_type, text)) => file(request, content_type, text),
        None => super::not_found(),
    }
}

fn file(request: &Request, content_type: &str, text: &str) -> Response {
    let answer = Answer::new(200, content_type, text)
        .with_header("content-security-policy", POLICY)
        .with_header("x-content-type-options", "nosniff")
        .with_header("referrer-policy", "no-referrer")
        .with_header("cross-origin-resource-policy", "same-origin");
    // Asked again each time, and answered with 304: a page never runs with the files of another version.
    etag::answer(request, answer)
}

/// What the demo keeps to; it is told without a token, for it says nothing of any order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    /// Most orders in a burst; 0: there is no demo.
    demo_orders: u32,
    max_orders_per_request: u32,
    max_body_bytes: u32,
}

fn limits() -> Response {
    let read = || {
        let api = ApiSettings::read(&spin_shell::variable)?;
        let dashboard = DashboardSettings::read(&spin_shell::variable)?;
        Ok(Limits {
            demo_orders: dashboard.demo_orders,
            max_orders_per_request: api.max_orders_per_request,
            max_body_bytes: api.max_body_bytes,
        })
    };
    match read() {
        Ok(limits) => spin_shell::json_response(200, &limits)
            .with_header("cache-control", "no-cache")
            .into_response(),
        Err(error) => spin_shell::not_ready(&spin_shell::NotReady::Settings(error)),
    }
}
