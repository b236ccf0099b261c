//! Every code can be provoked, and what Redis refuses becomes one of them.

use std::io::ErrorKind;
use std::net::TcpListener;

use orders_api::Problem;
use private_redis::RedisServer;
use queue::Cause;
use serde_json::json;
use strum::VariantArray;

use crate::support::{Answer, Broken, TestApi, an_order};

/// Logs in as a user with these rights.
fn as_user(api: &mut TestApi, rights: &str) {
    let _: String = api.command(&format!("ACL SETUSER someone on >secret {rights}"));
    api.redis_url = format!("redis://someone:secret@127.0.0.1:{}", api.server.port());
}

/// Asks for one thing that ends with this problem.
fn provoke(problem: Problem) -> Answer {
    let mut api = TestApi::start_with(&[("max_body_bytes", "1000"), ("max_backlog", "1")]);
    let order = || api.post("/orders", an_order(1));
    match problem {
        Problem::EmptyBody => api.post("/orders", ""),
        Problem::InvalidJson => api.post("/orders", "{"),
        Problem::BrokenBody => {
            api.send_from("POST", "/orders", &[], &mut Broken(b"{", ErrorKind::Other))
        }
        Problem::InvalidId => api.get("/dead-letters/x"),
        Problem::InvalidQuery => api.get("/dead-letters?limit=0"),
        Problem::Unauthorized => {
            api.variables.push(("api_token", "x".into()));
            api.get("/stats")
        }
        Problem::CrossSite => api.send("POST", "/orders", &[("origin", "http://a.b")], ""),
        Problem::UnknownHost => api.send("GET", "/stats", &[("host", "a.b")], ""),
        Problem::NotFound => api.get("/nothing"),
        Problem::OrderNotFound => api.get("/orders/1"),
        Problem::DeadLetterNotFound => api.get("/dead-letters/1-1"),
        Problem::StreamNotFound => api.get("/control/medium"),
        Problem::MethodNotAllowed => api.delete("/stats"),
        Problem::RequestTimeout => {
            api.send_from("POST", "/orders", &[], &mut Broken(b"{", ErrorKind::TimedOut))
        }
        Problem::NoOrder | Problem::UnknownStream => {
            let field = if problem == Problem::NoOrder { "stream ingress" } else { "order x" };
            let id: String = api.command(&format!("XADD {{orders}}:dead-letters * {field}"));
            api.post(&format!("/dead-letters/{id}/redrive"), "")
        }
        Problem::BodyTooLarge => api.post("/orders", " ".repeat(1_001)),
        Problem::TooManyOrders => {
            api.variables.push(("max_orders_per_request", "1".into()));
            api.post("/orders", "[1,1]")
        }
        Problem::UnsupportedMediaType => {
            api.send("POST", "/orders", &[("content-type", "text/plain")], "x")
        }
        Problem::InvalidControl => api.put("/control/simple", &json!({})),
        Problem::AllRefused => api.post("/orders", "{}"),
        Problem::BacklogFull => {
            assert_eq!(order().status, 202);
            order()
        }
        Problem::Misconfigured => {
            api.variables.insert(0, ("demo_orders", "x".into()));
            order_of(&api)
        }
        Problem::QueueUnavailable => {
            api.server.kill().unwrap();
            order_of(&api)
        }
        Problem::QueueLoading => loading(),
        Problem::QueueReadOnly => {
            let _: String = api.command(&format!("REPLICAOF 127.0.0.1 {}", api.server.port()));
            order()
        }
        Problem::QueueOutOfMemory => {
            let _: String = api.command("CONFIG SET maxmemory 1");
            order()
        }
        Problem::QueueRefused => {
            as_user(&mut api, "~* +@all -xadd");
            order_of(&api)
        }
        Problem::QueueOtherFormat => {
            let _: i64 = api.command("HSET {orders}:format version 9");
            order()
        }
    }
}

fn order_of(api: &TestApi) -> Answer {
    api.post("/orders", an_order(1))
}

/// A server that says that it is loading: its socket is answered by hand.
fn loading() -> Answer {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut api = TestApi::start();
    api.redis_url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4_096];
            while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                let commands = String::from_utf8_lossy(&buffer).matches("CLIENT").count().max(1);
                let reply = "-LOADING Redis is loading the dataset in memory\r\n".repeat(commands);
                let _ = stream.write_all(reply.as_bytes());
                buffer.fill(0);
            }
        });
        order_of(&api)
    })
}

#[test]
fn every_code_has_a_request_that_provokes_it() {
    for problem in Problem::VARIANTS {
        let code: &str = problem.into();
        let answer = provoke(*problem);
        assert_eq!(answer.outcome(), (problem.status(), code), "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let kind = format!("/openapi.json#/components/examples/{code}");
        assert_eq!(answer.body["type"], kind);
        let is_temporary = ["429", "503"].contains(&&*answer.status.to_string());
        assert_eq!(answer.header("retry-after"), is_temporary.then_some("1"), "{code}");
    }
}

#[test]
fn every_cause_has_a_problem_with_its_code() {
    for cause in Cause::VARIANTS {
        let code: &str = cause.into();
        assert!(code.parse::<Problem>().is_ok(), "{code}");
    }
}

#[test]
fn a_user_without_rights_is_refused_on_every_route_that_needs_redis() {
    let mut api = TestApi::start();
    as_user(&mut api, "~* -@all +hello +client");
    for answer in [
        api.post("/orders", an_order(1)),
        api.get("/orders"),
        api.get("/orders/1"),
        api.get("/dead-letters"),
        api.get("/dead-letters/1-1"),
        api.delete("/dead-letters/1-1"),
        api.post("/dead-letters/1-1/redrive", ""),
        api.get("/stats"),
        api.get("/metrics"),
        api.get("/readyz"),
        api.get("/control"),
        api.get("/control/simple"),
        api.put("/control/simple", &json!({ "paused": true, "reason": "x" })),
        api.delete("/control/simple"),
    ] {
        assert_eq!(answer.outcome(), (503, "queue_refused"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(!answer.body.to_string().contains("NOPERM"), "the cause is for the log");
    }
    let keys: Vec<String> = api.command("KEYS *");
    assert_eq!(keys, [""; 0]);
}

#[test]
fn a_user_that_may_not_read_the_policy_still_gets_the_rest() {
    let mut api = TestApi::start();
    as_user(&mut api, "~* &* +@all -info");
    assert_eq!(api.get("/readyz").body, json!({ "status": "ok" }));
    let page = api.get("/metrics").body;
    let mut lines = page.as_str().unwrap().lines();
    assert!(!lines.any(|line| line.starts_with("orders_redis_may_evict")), "{page}");
}

#[test]
fn a_full_redis_refuses_new_orders_only() {
    let api = TestApi::start();
    assert_eq!(api.post("/orders", an_order(1)).status, 202);
    api.add("order", "broken");
    api.route();
    let _: String = api.command("CONFIG SET maxmemory 1");
    assert_eq!(api.post("/orders", an_order(2)).outcome(), (503, "queue_out_of_memory"));
    let letter = api.get("/dead-letters").body["deadLetters"][0]["id"].as_str().unwrap().to_owned();
    let order = format!("/orders/{}", crate::support::id(1));
    for path in [
        "/orders",
        &order,
        &format!("/dead-letters/{letter}"),
        "/stats",
        "/metrics",
        "/healthz",
        "/readyz",
        "/control",
        "/control/simple",
    ] {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
    assert_eq!(api.delete(&format!("/dead-letters/{letter}")).status, 200, "it frees memory");
    api.work();
    assert_eq!(api.get("/stats").body["confirmations"], 1, "what was accepted is confirmed");
}

#[test]
fn without_redis_the_pages_that_need_none_are_served() {
    let mut api = TestApi::start();
    api.server.kill().unwrap();
    for path in ["/", "/dashboard/main.js", "/openapi.json", "/healthz"] {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
    assert_eq!(api.get("/readyz").outcome(), (503, "queue_unavailable"));
    assert_eq!(api.post("/orders", "{}").outcome(), (422, "all_refused"), "no order, no Redis");
    let server = RedisServer::start().unwrap();
    api.redis_url = server.url();
    assert_eq!(api.get("/readyz").status, 200);
}

/// Redis accepts the connection and never answers, as behind a firewall that drops packets.
#[test]
fn health_answers_at_once_whatever_redis_does() {
    let mut api = TestApi::start();
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    api.redis_url = format!("redis://{}", hanging.local_addr().unwrap());
    assert_eq!(api.get("/healthz").body, json!({ "status": "ok" }));
    hanging.set_nonblocking(true).unwrap();
    assert!(hanging.accept().is_err(), "it does not even connect");
}
