//! Who may see and change orders, and which values are never shown: token, password, hosts,
//! injection.
//!
//! The routes are those of `spin.toml`.

use native::RedisConnection;
use private_redis::RedisServer;
use redis::Commands;

use e2e::{Setup, TestApp, an_order, repository};

const TOKEN: &str = "hush-token-7f1c";
const PASSWORD: &str = "hush-password-93ab";

/// Sends one request with these header lines, and gives status line, headers and body as text.
fn request(app: &TestApp, method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    app.raw(format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    ))
}

fn status(answer: &str) -> u16 {
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// The routes of `orders-api` that show nothing of an order.
const OPEN: [&str; 5] = ["/healthz", "/readyz", "/openapi.json", "/", "/dashboard/..."];

/// Paths under every route of `orders-api` that is not open.
fn locked_paths() -> Vec<String> {
    let manifest: toml::Table =
        std::fs::read_to_string(repository().join("spin.toml")).unwrap().parse().unwrap();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    let routes = triggers
        .iter()
        .filter(|trigger| trigger["component"].as_str() == Some("orders-api"))
        .map(|trigger| trigger["route"].as_str().unwrap())
        .filter(|route| !OPEN.contains(route));
    routes
        .flat_map(|route| match route.strip_suffix("/...") {
            Some(folder) => vec![folder.to_owned(), format!("{folder}/1"), format!("{folder}/1/2")],
            None => vec![route.to_owned()],
        })
        .collect()
}

/// A server that only `admin` gets into.
fn guarded_redis() -> (RedisServer, RedisConnection) {
    let server = RedisServer::start().unwrap();
    let mut first = RedisConnection::open(&server.url()).unwrap();
    for rules in [vec!["admin", "on", ">root", "~*", "&*", "+@all"], vec!["default", "off"]] {
        let () = redis::cmd("ACL").arg("SETUSER").arg(rules).query(first.inner()).unwrap();
    }
    let admin =
        RedisConnection::open(&format!("redis://admin:root@127.0.0.1:{}", server.port())).unwrap();
    (server, admin)
}

#[test]
fn with_a_token_every_route_that_may_show_an_order_asks_for_it() {
    let mut app = TestApp::start_with(&[("api_token", TOKEN)]);
    let keys_before: Vec<String> = app.redis().inner().keys("*").unwrap();
    let paths = locked_paths();
    assert!(paths.len() >= 4, "{paths:?}");
    let wrong = [
        String::new(),
        bearer(""),
        bearer(&TOKEN[..TOKEN.len() - 1]),
        bearer(&format!("{TOKEN}x")),
        bearer(&TOKEN.to_uppercase()),
        format!("Authorization: Basic {TOKEN}\r\n"),
        format!("Authorization: {TOKEN}\r\n"),
        format!("X-Authorization: Bearer {TOKEN}\r\n"),
    ];
    for path in &paths {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            for header in &wrong {
                let answer = request(&app, method, path, header, &an_order(1));
                assert_eq!(status(&answer), 401, "{method} {path} {header}: {answer}");
                assert!(
                    answer.to_lowercase().contains("\r\nwww-authenticate: bearer\r\n"),
                    "{answer}"
                );
                assert!(answer.contains("\"code\":\"unauthorized\""), "{answer}");
            }
        }
        let answer = request(&app, "GET", &format!("{path}?access_token={TOKEN}"), "", "");
        assert_eq!(status(&answer), 401, "a token in an address ends in logs: {path}");
    }
    for path in OPEN {
        let path = path.replace("...", "style.css");
        assert_eq!(app.get(&path).status, 200, "{path}");
    }
    let keys_after: Vec<String> = app.redis().inner().keys("*").unwrap();
    assert_eq!(keys_before, keys_after, "nothing was written without the token");
    for path in &paths {
        let answer = request(&app, "GET", path, &bearer(TOKEN), "");
        // 400 where the made-up id is none.
        assert!([200, 400, 404, 405].contains(&status(&answer)), "{path}: {answer}");
    }
    assert_eq!(app.get("/distributor/tick").status, 200, "it shows no order");

    assert_eq!(status(&request(&app, "POST", "/orders", &bearer(TOKEN), &an_order(1))), 202);
    app.poll_until("the order is confirmed", |app| {
        let path = "/orders/00000000-0000-4000-8000-000000000001";
        request(app, "GET", path, &bearer(TOKEN), "")
            .contains("\"state\":\"confirmed\"")
            .then_some(())
    });
}

#[test]
fn secrets_are_in_no_answer_no_log_and_no_report() {
    let (mut server, mut admin) = guarded_redis();
    let url = format!("redis://pipeline:{PASSWORD}@127.0.0.1:{}", server.port());
    // All rights, for the loadtest is no part of the pipeline.
    let rules = ["pipeline", "on", &format!(">{PASSWORD}"), "~*", "&*", "+@all"];
    let () = redis::cmd("ACL").arg("SETUSER").arg(&rules).query(admin.inner()).unwrap();
    let login = format!("{url}/?");
    let variables = [("redis_login", login.as_str()), ("api_token", TOKEN)];
    let report = {
        let mut app =
            TestApp::listen_on(server, &Setup { variables: &variables, ..Setup::default() });
        let burst = app.burst_on(&url, &["--orders", "50"]);
        assert_eq!(burst.report["confirmed"], 50, "{}", burst.text);
        let mut seen = vec![burst.text, burst.report.to_string()];
        let right = bearer(TOKEN);
        for (method, path, headers) in [
            ("GET", "/readyz", ""),
            ("GET", "/stats", right.as_str()),
            ("GET", "/stats", "Authorization: Bearer no\r\n"),
            ("POST", "/orders", &right),
            ("GET", "/distributor/tick", ""),
        ] {
            seen.push(request(&app, method, path, headers, &an_order(7)));
        }
        // The password is changed while the app runs: all fail, and say why without it.
        let rules = ["pipeline", "resetpass", ">another"];
        let () = redis::cmd("ACL").arg("SETUSER").arg(&rules).query(admin.inner()).unwrap();
        let answer = request(&app, "GET", "/stats", &right, "");
        assert_eq!(status(&answer), 503, "{answer}");
        app.poll_until("the log says why", |app| {
            app.said().contains("failed to connect to redis").then_some(())
        });
        seen.extend([answer, app.said()]);
        let burst = app.burst_on(&url, &["--orders", "50"]);
        assert_ne!(burst.code, Some(0), "the password is wrong");
        seen.push(burst.text);
        app.server.kill().unwrap();
        seen.push(request(&app, "POST", "/orders", &right, &an_order(8)));
        app.poll_until("the loss is logged", |app| app.said().contains("lost Redis").then_some(()));
        seen.push(app.said());
        server = RedisServer::start().unwrap();
        seen
    };
    // A login that is none, and a token that cannot be one.
    let broken = format!("redis://pipeline:{PASSWORD}@127.0.0.1:{}", server.port());
    let output = supervise::app(e2e::binary("local-runtime"))
        .args(["up", "--listen", "127.0.0.1:0"])
        .current_dir(repository())
        .env("SPIN_VARIABLE_REDIS_LOGIN", &broken)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let refusal = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(refusal.contains("a secret is part of it"), "{refusal}");
    let spaced = format!("{TOKEN} {TOKEN}");
    let mut app = TestApp::listen_on(
        server,
        &Setup { variables: &[("api_token", &spaced)], ..Setup::default() },
    );
    let answer = request(&app, "GET", "/stats", &bearer(TOKEN), "");
    assert_eq!(status(&answer), 500, "a lock that cannot be opened is no open door: {answer}");
    app.poll_until("the variable is named", |app| {
        app.said().contains("variable api_token").then_some(())
    });
    for text in report.iter().chain([&refusal, &answer, &app.said()]) {
        assert!(!text.contains(TOKEN) && !text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn a_component_whose_address_is_another_server_than_the_listed_one_does_not_reach_it() {
    let other = RedisServer::start().unwrap();
    let login = format!("redis://someone:x@127.0.0.1:{}/?", other.port());
    let server = RedisServer::start().unwrap();
    let mut app = TestApp::listen_on(
        server,
        &Setup { variables: &[("redis_login", &login)], ..Setup::default() },
    );
    for answer in [app.post("/orders", an_order(1)), app.get("/readyz"), app.get("/stats")] {
        assert_eq!(answer.outcome(), (503, "queue_unavailable"));
    }
    app.poll_until("the log says why", |app| {
        app.said().contains("allowed_outbound_hosts does not list it").then_some(())
    });
    let mut redis = RedisConnection::open(&other.url()).unwrap();
    let info: String = redis::cmd("INFO").arg("commandstats").query(redis.inner()).unwrap();
    assert!(!info.contains("eval") && !info.contains("ping"), "{info}");
}

/// What is tried in a path, an id, a header and an order; `FLUSHALL` is what it would be good for.
const ATTACKS: [&str; 8] = [
    "\r\nFLUSHALL\r\n",
    "1\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "}:totals{orders}",
    "{orders}:ingress",
    "a\0b",
    "'); redis.call('FLUSHALL'); --",
    "\u{1b}[2J\nevent: forged",
    "../../stats?x=1#y",
];

/// Last parts of the keys that may be there.
const STREAMS: [&str; 3] = ["ingress", "simple", "complex"];
const OTHERS: [&str; 6] = ["confirmations", "dead-letters", "totals", "metrics", "index", "format"];

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

#[test]
fn nothing_in_a_path_an_id_a_header_or_an_order_gets_into_a_key_a_script_or_the_log() {
    let mut app = TestApp::start();
    let long = "x".repeat(6_000);
    for attack in ATTACKS.iter().copied().chain([long.as_str()]) {
        let encoded = percent_encoded(attack);
        assert_eq!(
            app.get(&format!("/orders/{encoded}")).outcome(),
            (404, "order_not_found"),
            "{attack:?}"
        );
        for answer in [
            // Raw in the path, and in the value of each header that anything reads.
            request(&app, "GET", &format!("/orders/{attack}"), "", ""),
            request(&app, "POST", "/orders", &format!("Content-Type: {attack}\r\n"), "{}"),
            request(&app, "POST", "/orders", &format!("Origin: {attack}\r\n"), &an_order(1)),
            request(&app, "GET", &format!("/dead-letters?code={encoded}"), "", ""),
            request(
                &app,
                "GET",
                "/stats",
                &format!("Authorization: Bearer {attack}\r\nX-Id: {attack}\r\n"),
                "",
            ),
        ] {
            let status = status(&answer);
            assert!(status < 500, "{attack:?}: {answer}");
        }
        let id = serde_json::to_string(attack).unwrap();
        let order = format!(
            r#"{{"orderId":{id},"description":{id},"delivery":"Standard",
                "items":[{{"orderItemId":1,"sku":{id},"quantity":1}}]}}"#
        );
        let status = app.post("/orders", &order).status;
        assert!(status == 202 || status == 422, "{attack:?}: {status}");
        app.xadd(&order);
    }
    app.poll_until("every order is accounted for", |app| {
        let streams = app.get("/stats").body["streams"].clone();
        ["ingress", "simple", "complex"]
            .iter()
            .all(|name| streams[name]["length"] == 0)
            .then_some(())
    });
    let keys: Vec<String> = app.redis().inner().keys("*").unwrap();
    assert!(keys.len() > 5, "nothing was flushed: {keys:?}");
    for key in &keys {
        let name = key.strip_prefix("{orders}:").unwrap_or_else(|| panic!("{key:?}"));
        let of_stream = name.split_once(':').filter(|(_, stream)| STREAMS.contains(stream));
        let known = match of_stream {
            Some((kind, _)) => ["bell", "unanswered"].contains(&kind),
            None => STREAMS.contains(&name) || OTHERS.contains(&name),
        };
        assert!(known, "{key:?}");
    }
    let said = app.said();
    for word in ["FLUSHALL", "forged", "\u{1b}", "\0", "xxxxxxxx"] {
        assert!(!said.contains(word), "{word:?} is in the log: {said}");
    }
}
