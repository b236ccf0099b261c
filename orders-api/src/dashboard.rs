//! The dashboard at `/`, its files under `/dashboard/`, and `/openapi.json`.
//!
//! The files are part of the Wasm file and show no order, so they need no token. Their
//! content-security policy allows scripts and connections of this host only, so text of an order
//! that became markup could neither run nor send data.

use http::header::{self, HeaderName};

use crate::response::object;
use crate::{Refusal, Result, Settings, response};

const JS: &str = "text/javascript; charset=utf-8";

/// The files by name, with their media types; the page has an empty name.
const FILES: [(&str, &str, &str); 13] = [
    ("", "text/html; charset=utf-8", include_str!("../dashboard/index.html")),
    ("style.css", "text/css; charset=utf-8", include_str!("../dashboard/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("../dashboard/icon.svg")),
    ("main.js", JS, include_str!("../dashboard/main.js")),
    ("api.js", JS, include_str!("../dashboard/api.js")),
    ("page.js", JS, include_str!("../dashboard/page.js")),
    ("rates.js", JS, include_str!("../dashboard/rates.js")),
    ("streams.js", JS, include_str!("../dashboard/streams.js")),
    ("orders.js", JS, include_str!("../dashboard/orders.js")),
    ("recent.js", JS, include_str!("../dashboard/recent.js")),
    ("letters.js", JS, include_str!("../dashboard/letters.js")),
    ("demo.js", JS, include_str!("../dashboard/demo.js")),
    ("openapi.json", "application/json", include_str!("../../docs/openapi.json")),
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// One of the files, or the limits for the demo burst.
pub(crate) fn file(name: &str, settings: &Settings) -> Result {
    let mut response = if name == "limits.json" {
        response::ok(&object!({ "demoOrders": settings.demo_orders,
            "maxOrdersPerRequest": settings.max_orders_per_request,
            "maxBodyBytes": settings.max_body_bytes }))
    } else {
        let file = FILES.iter().find(|(known, _, _)| *known == name);
        let (_, media_type, text) = file.ok_or_else(Refusal::not_found)?;
        response::new(media_type, text.as_bytes().into())
    };
    for (name, value) in [
        // Browsers revalidate each time, so a page never uses files of another version.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response = response::with_header(response, name, value);
    }
    Ok(response)
}
