//! What the pipeline's Redis user may do: the ACL printed in `docs/security.md` is enough, and
//! holds nothing that nobody calls.

use std::collections::BTreeSet;

use native::RedisConnection;
use redis::Commands;
use serde_json::json;

use crate::security::{PASSWORD, guarded_redis, login};
use crate::support::{Setup, TestApp, an_order, repository};

/// The line of `docs/security.md` that makes the user, with this password.
fn acl_of_the_documentation() -> Vec<String> {
    let page = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    let (_, rest) = page.split_once("ACL SETUSER pipeline ").unwrap();
    let (rules, _) = rest.split_once("```").unwrap();
    rules.split_whitespace().map(|rule| rule.replace("PASSWORD", PASSWORD)).collect()
}

#[test]
fn the_whole_pipeline_runs_as_a_user_with_the_documented_rights() {
    let (server, mut admin) = guarded_redis();
    let mut rules = vec!["pipeline".to_owned()];
    rules.extend(acl_of_the_documentation());
    let () = redis::cmd("ACL").arg("SETUSER").arg(&rules).query(admin.inner()).unwrap();
    let login = login(&server, PASSWORD);
    let variables =
        [("redis_login", login.as_str()), ("claim_idle_ms", "200"), ("complexity_threshold", "20")];
    let mut app = TestApp::listen_on(server, &Setup { variables: &variables, ..Setup::default() });
    app.poll_until("the app answers", |app| (app.get("/healthz").status == 200).then_some(()));

    work_on_both_lanes(&mut app, &mut admin);
    ask_for_everything(&app);
    redrive_and_discard(&mut app, &mut admin);

    // The log of refusals names every command, key or channel that a right was missing for.
    let refusals: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(admin.inner()).unwrap();
    let of_setinfo = |entry: &redis::Value| format!("{entry:?}").contains("client|setinfo");
    let refusals: Vec<_> = refusals.into_iter().filter(|entry| !of_setinfo(entry)).collect();
    assert!(refusals.is_empty(), "{refusals:?}");

    assert_nothing_beyond(app.server.port());
    app.server.kill().unwrap();
}

/// Orders of every kind, and all scripts anew.
fn work_on_both_lanes(app: &mut TestApp, admin: &mut RedisConnection) {
    // An entry that was handed to somebody who died is claimed again.
    let dead: redis::RedisResult<()> = redis::cmd("XGROUP")
        .arg(&["CREATE", "{orders}:simple", "receiver-simple", "0", "MKSTREAM"])
        .query(admin.inner());
    dead.unwrap();
    let _: String = admin.inner().xadd("{orders}:simple", "*", &[("order", an_order(1))]).unwrap();
    let read = ["GROUP", "receiver-simple", "dead", "STREAMS", "{orders}:simple", ">"];
    let _: redis::Value = redis::cmd("XREADGROUP").arg(&read).query(admin.inner()).unwrap();

    // All scripts anew, orders for both lanes, and one that is set aside.
    let () = redis::cmd("SCRIPT").arg("FLUSH").query(admin.inner()).unwrap();
    assert_eq!(app.post("/orders", an_order(2)).status, 202);
    assert_eq!(app.post("/orders", an_order(3).replace("Standard", "Express")).status, 202);
    let items: Vec<String> = (1..=30)
        .map(|id| format!(r#"{{"orderItemId":{id},"sku":"S-{id}","quantity":9}}"#))
        .collect();
    let large = format!(r#"{{"orderId":4,"delivery":"Express","items":[{}]}}"#, items.join(","));
    assert_eq!(app.post("/orders", large).status, 202);
    let _: String = admin.inner().xadd("{orders}:ingress", "*", &[("order", "broken")]).unwrap();
    app.poll_until("all are accounted for", |app| {
        let stats = app.get("/stats").body;
        let total = |name: &str| stats["totals"][name].as_u64().unwrap_or_default();
        (total("confirmed_simple") + total("confirmed_complex") == 4 && stats["deadLetters"] == 1)
            .then_some(())
    });
    let stats = app.get("/stats").body;
    assert!(
        stats["totals"]["confirmed_complex"].as_u64() >= Some(1),
        "both lanes were used: {stats}"
    );
    assert_eq!(app.get("/orders/4").body["state"], "confirmed");
    for path in ["/distributor/tick", "/receiver-simple/tick", "/receiver-complex/tick"] {
        assert_eq!(app.get(path).status, 200, "{path}");
    }
}

/// What the API does beside taking orders in.
fn ask_for_everything(app: &TestApp) {
    let paused = app.put("/control/simple", json!({ "paused": true, "reason": "x" }));
    let resumed = app.put("/control/simple", json!({ "paused": false }));
    assert_eq!((paused.status, resumed.status), (200, 200));
    for path in ["/control", "/metrics", "/orders"] {
        assert_eq!(app.get(path).status, 200, "{path}");
    }
}

fn redrive_and_discard(app: &mut TestApp, admin: &mut RedisConnection) {
    // What is set aside can be looked at, put back, set aside again and thrown away; one of the
    // letters belongs to an order.
    let unknown = an_order(5).replace("\"quantity\":2", "\"quantity\":-2");
    let _: String = admin.inner().xadd("{orders}:ingress", "*", &[("order", unknown)]).unwrap();
    for action in ["redrive", "discard"] {
        let letters = app.poll_until("both are set aside", |app| {
            // The tick rings for what came without a bell.
            app.get("/stats");
            let letters = app.get("/dead-letters").body["deadLetters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            (letters.len() == 2).then_some(letters)
        });
        for letter in letters {
            let path = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
            assert_eq!(app.get(&path).status, 200);
            let answer = match action {
                "redrive" => app.post(&format!("{path}/redrive"), ""),
                _ => app.delete(&path),
            };
            assert_eq!(answer.status, 200, "{action} {path}: {}", answer.body);
        }
    }
}

/// Other keys, other channels, other commands.
fn assert_nothing_beyond(port: u16) {
    let mut pipeline =
        RedisConnection::open(&format!("redis://pipeline:{PASSWORD}@127.0.0.1:{port}")).unwrap();
    for command in [
        vec!["XLEN", "other"],
        vec!["HGETALL", "orders:totals"],
        vec!["PUBLISH", "orders.other", ""],
        vec!["EVAL", "return redis.call('DEL', 'other')", "0"],
        vec!["FLUSHALL"],
        vec!["KEYS", "*"],
        vec!["CONFIG", "GET", "*"],
        vec!["SCRIPT", "FLUSH"],
        vec!["ACL", "LIST"],
        vec!["GET", "{orders}:totals"],
    ] {
        let answer: redis::RedisResult<redis::Value> =
            redis::cmd(command[0]).arg(&command[1..]).query(pipeline.inner());
        let error = answer.expect_err(&command.join(" ")).to_string();
        let is_refusal =
            ["perm", "can't access"].iter().any(|words| error.to_lowercase().contains(words));
        assert!(is_refusal, "{command:?}: {error}");
    }
}

#[test]
fn every_documented_command_is_called_by_something_and_nothing_else_is() {
    let mut called: BTreeSet<String> =
        ["ping", "eval", "evalsha", "hgetall", "xrange", "publish", "subscribe"]
            .map(String::from)
            .into();
    let scripts = ["shared/queue/src/lua", "shared/queue/src/lua/common"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(repository().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"));
    for script in scripts {
        let text = std::fs::read_to_string(script).unwrap();
        for opening in ["call('", "{'X"] {
            for (at, _) in text.match_indices(opening) {
                let word = &text[at + opening.find('\'').unwrap() + 1..];
                let word = &word[..word.find('\'').unwrap()];
                called.insert(match word {
                    "XGROUP" => "xgroup|create".into(),
                    "XINFO" => "xinfo|stream".into(),
                    "MEMORY" => "memory|usage".into(),
                    word => word.to_lowercase(),
                });
            }
        }
    }
    let documented: BTreeSet<String> = acl_of_the_documentation()
        .iter()
        .filter_map(|rule| rule.strip_prefix('+').map(str::to_owned))
        .collect();
    assert_eq!(documented, called);
}
