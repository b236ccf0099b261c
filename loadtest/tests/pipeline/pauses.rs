//! Streams are paused and resumed under load: from the API, from the command line, at random.

use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use conventional::connection::RedisConnection;
use loadtest::run::carry_out;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use shared::queue::{PauseRequest, Queue, Stats, Stream};
use shared::settings::QueueSettings;

use crate::support::{PATIENCE, TestApp, an_order, binary};

fn stats(redis: &mut RedisConnection) -> Stats {
    Queue::new(redis, &QueueSettings::default()).stats().unwrap()
}

fn poll_stats(redis: &mut RedisConnection, what: &str, check: impl Fn(&Stats) -> bool) -> Stats {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = stats(redis);
        if check(&stats) {
            return stats;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}: {stats:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn loadtest(url: &str, arguments: &[&str]) -> Output {
    Command::new(binary("loadtest")).args(arguments).args(["--redis-url", url]).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_burst_with_a_paused_lane_confirms_the_others_and_the_rest_after_the_resume() {
    let app = TestApp::start();
    let reason = "the grinder is being repaired";
    let answer =
        app.put("/control/complex", json!({ "paused": true, "reason": reason, "by": "Ada" }));
    assert_eq!((answer.status, &answer.body["paused"]), (200, &true.into()), "{}", answer.body);
    let since = answer.body["since"].clone();
    let load = app.load(&["burst", "--orders", "1000"]);
    let mut redis = app.redis();
    let report = thread::scope(|scope| {
        let burst = scope.spawn(|| carry_out(&load).unwrap());
        let waiting = poll_stats(&mut redis, "all simple orders are confirmed", |stats| {
            let routed = stats.totals.get("routed_simple").copied().unwrap_or_default();
            let confirmed = stats.totals.get("confirmed_simple").copied().unwrap_or_default();
            routed + stats.streams["complex"].length == 1_000 && routed == confirmed
        });
        assert!(waiting.streams["complex"].length > 200, "about 300 are complex: {waiting:?}");
        assert_eq!(waiting.streams["complex"].pending, 0, "none was handed out");
        // Everybody sees it, and seeing changes nothing.
        let told = app.get("/stats").body["streams"].clone();
        assert_eq!(
            told["complex"]["paused"],
            json!({ "since": since, "reason": reason, "by": "Ada" })
        );
        assert!(told["simple"].get("paused").is_none());
        let tick = app.get("/receiver-complex/tick").body;
        assert_eq!((&tick["paused"], &tick["rung"]), (&true.into(), &false.into()), "{tick}");
        let control = app.get("/control").body["streams"].clone();
        assert_eq!(control["ingress"], json!({ "paused": false }));
        assert_eq!(control["complex"]["since"], since);
        assert_eq!(stats(&mut redis).streams["complex"].length, waiting.streams["complex"].length);
        let answer = app.put("/control/complex", json!({ "paused": false }));
        assert_eq!((answer.status, answer.body), (200, json!({ "paused": false })));
        burst.join().unwrap()
    });
    assert!(report.is_clean(), "{}", report.to_text());
    assert_eq!(report.confirmed, 1_000);
}

#[test]
fn a_resume_starts_the_work_at_once_and_without_a_tick() {
    let app = TestApp::start();
    assert_eq!(app.put("/control/ingress", json!({ "paused": true, "reason": "x" })).status, 200);
    for number in 1..=3 {
        assert_eq!(
            app.post("/orders", an_order(number)).status,
            202,
            "a paused ingress takes orders"
        );
    }
    let mut redis = app.redis();
    assert_eq!(stats(&mut redis).streams["ingress"].length, 3);
    assert_eq!(app.put("/control/ingress", json!({ "paused": false })).status, 200);
    // A look at Redis ticks nothing.
    poll_stats(&mut redis, "all are confirmed", |stats| stats.confirmations == 3);
}

#[test]
fn pauses_and_resumes_at_random_moments_of_a_burst_lose_and_double_nothing() {
    const SEED: u64 = 7;
    let app = TestApp::start_with(&[("batch_size", "20"), ("claim_idle_ms", "1000")]);
    let mut redis = app.redis();
    let load = app.load(&["burst", "--orders", "5000"]);
    let report = thread::scope(|scope| {
        let burst = scope.spawn(|| carry_out(&load).unwrap());
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let settings = QueueSettings::default();
        let reason = || PauseRequest { reason: "chance".parse().unwrap(), by: None, for_s: None };
        let mut pauses = 0;
        while !burst.is_finished() && pauses < 200 {
            let stream = Stream::ALL[random.random_range(0..3)];
            let mut queue = Queue::new(&mut redis, &settings);
            queue.pause(stream, &reason()).unwrap();
            pauses += 1;
            thread::sleep(Duration::from_millis(random.random_range(0..20)));
            let all_or_one = if random.random_bool(0.5) { &Stream::ALL[..] } else { &[stream] };
            for stream in all_or_one {
                queue.resume(*stream).unwrap();
            }
        }
        for stream in Stream::ALL {
            Queue::new(&mut redis, &settings).resume(stream).unwrap();
        }
        assert!(pauses > 3, "the burst was over after {pauses} pauses");
        burst.join().unwrap()
    });
    assert!(report.is_clean(), "seed {SEED}: {}", report.to_text());
    assert_eq!(report.confirmed, 5_000);
}

#[test]
fn a_run_that_gives_up_says_what_is_paused_since_when_and_why() {
    let app = TestApp::start();
    let url = app.server.url();
    let paused = loadtest(&url, &["pause", "complex", "--reason", "the grinder is broken"]);
    assert!(paused.status.success(), "{}", text(&paused.stderr));
    let output = loadtest(&url, &["burst", "--orders", "50", "--patience-s", "2"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("gave up: "), "{told}");
    let sentence = told.lines().find(|line| line.starts_with("lane complex is paused since 20"));
    assert!(
        sentence.is_some_and(|line| line.ends_with("because: the grinder is broken")),
        "{told}"
    );
    assert!(!told.contains("lane simple"), "{told}");
}

#[test]
fn the_commands_pause_tell_and_resume() {
    let server = private_redis::RedisServer::start().unwrap();
    let run = |arguments: &[&str]| {
        let output = loadtest(&server.url(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(
        run(&["paused"]),
        "ingress is not paused\nlane simple is not paused\nlane complex is not paused\n"
    );
    let told =
        run(&["pause", "simple", "--reason", "stock is counted", "--by", "Ada", "--for-s", "3600"]);
    assert!(told.starts_with("lane simple is paused since 20"), "{told}");
    assert!(
        told.contains(" until 20") && told.ends_with(" by Ada because: stock is counted\n"),
        "{told}"
    );
    assert!(run(&["paused"]).contains(&told), "the same is told to all");
    let states: Value = serde_json::from_str(&run(&["paused", "--json"])).unwrap();
    assert_eq!(states["ingress"], json!({ "paused": false }));
    assert_eq!(
        (&states["simple"]["paused"], &states["simple"]["by"]),
        (&true.into(), &"Ada".into())
    );
    let again: Value =
        serde_json::from_str(&run(&["pause", "simple", "--reason", "it lasts", "--json"])).unwrap();
    assert_eq!(again["simple"]["since"], states["simple"]["since"]);
    assert_eq!(again["simple"]["reason"], "it lasts");
    assert!(again["simple"].get("until").is_none(), "{again}");
    // Another queue on the same server is none of it.
    assert!(!run(&["paused", "--queue", "other"]).contains("is paused"));
    assert_eq!(run(&["resume", "simple"]), "lane simple goes on\n");
    assert_eq!(run(&["resume", "simple"]), "lane simple was not paused\n");
    assert_eq!(
        run(&["resume", "ingress", "--json"]),
        "{\n  \"ingress\": {\n    \"paused\": false\n  }\n}\n"
    );
}

#[test]
fn a_command_that_makes_no_sense_is_refused_by_the_name_of_its_argument() {
    let long = "x".repeat(201);
    for (arguments, named) in [
        (&["pause", "medium", "--reason", "x"][..], "expected ingress, simple or complex"),
        (&["pause", "--reason", "x"], "<STREAM>"),
        (&["pause", "simple"], "--reason"),
        (&["pause", "simple", "--reason", " "], "--reason"),
        (&["pause", "simple", "--reason", "a\nb"], "--reason"),
        (&["pause", "simple", "--reason", &long], "--reason"),
        (&["pause", "simple", "--reason", "x", "--by", ""], "--by"),
        (&["pause", "simple", "--reason", "x", "--for-s", "0"], "--for-s"),
        (&["pause", "simple", "--reason", "x", "--for-s", "31536001"], "--for-s"),
        (&["resume", "Simple"], "expected ingress, simple or complex"),
        (&["resume", "simple", "--reason", "x"], "--reason"),
        (&["paused", "simple"], "simple"),
        (&["paused", "--queue", "a b"], "--queue"),
    ] {
        let output = loadtest("redis://127.0.0.1:1", arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(named), "{arguments:?}: {told}");
    }
    for arguments in [&["pause", "simple", "--reason", "x"][..], &["resume", "simple"], &["paused"]]
    {
        let output = loadtest("redis://127.0.0.1:1", arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("--redis-url"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_api_names_the_fields_that_are_wrong_and_changes_nothing_then() {
    let mut app = TestApp::start();
    for (body, path) in [
        (json!({}), "$.paused"),
        (json!([]), "$"),
        (json!({ "paused": 1 }), "$.paused"),
        (json!({ "paused": true }), "$.reason"),
        (json!({ "paused": true, "reason": "" }), "$.reason"),
        (json!({ "paused": true, "reason": "x", "forS": 0 }), "$.forS"),
        (json!({ "paused": true, "reason": "x", "for": 5 }), "$"),
        (json!({ "paused": false, "reason": "x" }), "$"),
    ] {
        let answer = app.put("/control/simple", &body);
        assert_eq!(answer.outcome(), (422, "invalid_control"), "{body}");
        assert_eq!(answer.body["errors"][0]["path"], path, "{body}: {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().starts_with(path), "{}", answer.body);
    }
    let answer = app.put_bytes("/control/simple", "paused");
    assert_eq!(answer.outcome(), (400, "invalid_json"));
    let long = format!(r#"{{"paused":true,"reason":"{}"}}"#, "x".repeat(9_000));
    assert_eq!(app.put_bytes("/control/simple", long).outcome(), (413, "body_too_large"));
    for path in ["/control/medium", "/control/SIMPLE", "/control/%73imple"] {
        assert_eq!(
            app.put(path, json!({ "paused": false })).outcome(),
            (404, "stream_not_found"),
            "{path}"
        );
        assert_eq!(app.get(path).outcome(), (404, "stream_not_found"), "{path}");
    }
    for path in ["/control/", "/control/simple/pause"] {
        assert_eq!(app.get(path).outcome(), (404, "not_found"), "{path}");
    }
    let none = json!({ "paused": false });
    assert_eq!(
        app.get("/control").body["streams"],
        json!({ "ingress": none, "simple": none, "complex": none })
    );
    for (answer, allowed) in [
        (app.delete("/control"), "GET, HEAD, OPTIONS"),
        (app.post("/control/simple", "{}"), "GET, HEAD, PUT, OPTIONS"),
        (app.delete("/control/simple"), "GET, HEAD, PUT, OPTIONS"),
    ] {
        assert_eq!(answer.outcome(), (405, "method_not_allowed"));
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    let full = json!({ "paused": true, "reason": "Öfen <b>", "forS": 60 });
    let first = app.put("/control/simple", &full).body;
    let second = app.put("/control/simple", json!({ "paused": true, "reason": "other" })).body;
    assert_eq!((&first["since"], &first["reason"]), (&second["since"], &full["reason"]));
    assert_eq!(app.get("/control/simple").body, second);
    assert!(first.get("until").is_some() && second.get("until").is_none(), "{first} {second}");
    app.server.kill().unwrap();
    for answer in [
        app.get("/control"),
        app.get("/control/simple"),
        app.put("/control/simple", json!({ "paused": false })),
    ] {
        assert_eq!(answer.outcome(), (503, "queue_unavailable"));
    }
}
