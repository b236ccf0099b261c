//! Access to the API: the token, and without one the rules against other sites.

use crate::support::{TestApi, an_order};

const TOKEN: &str = "s3cret-Token";
const LOCKED: [&str; 9] = [
    "/orders",
    "/orders/1",
    "/dead-letters",
    "/dead-letters/1-1",
    "/dead-letters/1-1/redrive",
    "/stats",
    "/metrics",
    "/control",
    "/nothing/here",
];
const OPEN: [&str; 6] =
    ["/", "/dashboard/api.js", "/dashboard/limits.json", "/openapi.json", "/healthz", "/readyz"];

#[test]
fn with_a_token_everything_that_may_show_an_order_asks_for_it() {
    let api = TestApi::start_with(&[("api_token", TOKEN)]);
    for sent in [
        "-",
        "Bearer",
        "Bearer ",
        TOKEN,
        "Basic s3cret-Token",
        "Bearer s3cret-toke",
        "Bearer s3cret-token",
        "Bearer s3cret-Token2",
        "Bearer s3cret-Token, x",
        "Bearers3cret-Token",
    ] {
        for path in LOCKED {
            for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
                let answer = api.send(method, path, &[("authorization", sent)], an_order(1));
                assert_eq!(answer.outcome(), (401, "unauthorized"), "{method} {path} {sent}");
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            }
        }
    }
    for path in OPEN {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
    let keys: Vec<String> = api.command("KEYS *");
    assert_eq!(keys, [""; 0], "nothing was written without the token");
    for sent in ["Bearer s3cret-Token", "bearer s3cret-Token", "BEARER  s3cret-Token "] {
        // A token is not ambient, so neither host nor origin matter.
        let headers =
            [("authorization", sent), ("host", "shop.example"), ("origin", "https://a.b")];
        assert_eq!(api.send("POST", "/orders", &headers, an_order(1)).status, 202, "{sent}");
    }
}

/// DNS rebinding: a page whose DNS name points to this API.
#[test]
fn without_a_token_only_known_hosts_are_answered() {
    let api = TestApi::start_with(&[("allowed_hosts", " Shop.Example, orders-api.shop ")]);
    for host in [
        "localhost",
        "localhost:3000",
        "LOCALHOST:3000",
        "127.0.0.1:3000",
        "10.42.0.17",
        "[::1]:3000",
        "[::ffff:10.1.2.3]:3000",
        "orders-api",
        "orders-api:80",
        "orders-api.shop.svc",
        "orders-api.shop.svc.cluster.local:80",
        "app.localhost",
        "orders-api.spin.internal",
        "shop.example",
        "shop.example:8080",
        "orders-api.shop",
    ] {
        assert_eq!(api.send("GET", "/stats", &[("host", host)], "").status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:3000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "a.shop.example",
        "svc.evil.example",
        "evilsvc.cluster.local.x",
        "orders-api.other",
        "a b",
        "-",
    ] {
        for path in LOCKED {
            let answer = api.send("GET", path, &[("host", host)], "");
            assert_eq!(answer.outcome(), (403, "unknown_host"), "{host} {path}");
        }
        for path in OPEN {
            assert_eq!(api.send("GET", path, &[("host", host)], "").status, 200, "{host} {path}");
        }
    }
    // If the host removes the header, the URI has the authority.
    let by_uri = |uri| api.send("GET", uri, &[("host", "-")], "").status;
    assert_eq!(by_uri("http://localhost:3000/stats"), 200);
    assert_eq!(by_uri("http://evil.example/stats"), 403);
}

#[test]
fn without_a_token_pages_of_other_sites_cannot_write() {
    let api = TestApi::start();
    let writes = [
        ("POST", "/orders"),
        ("PUT", "/control/simple"),
        ("DELETE", "/control/simple"),
        ("DELETE", "/dead-letters/1-1"),
        ("POST", "/dead-letters/1-1/redrive"),
    ];
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://evil.example:3000"),
        ("origin", "http://localhost.evil.example"),
        ("origin", "null"),
        ("origin", ""),
        ("origin", "http://"),
    ] {
        for (method, path) in writes {
            let answer = api.send(method, path, &[header], an_order(1));
            assert_eq!(answer.outcome(), (403, "cross_site"), "{method} {path} {header:?}");
        }
        assert_eq!(api.send("GET", "/stats", &[header], "").status, 200, "{header:?}");
    }
    for header in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("origin", "http://localhost:3000"),
        ("origin", "https://LocalHost"),
        ("x-none", ""),
    ] {
        let answer = api.send("POST", "/orders", &[header], an_order(1));
        assert_eq!(answer.status, 202, "{header:?}");
    }
}
