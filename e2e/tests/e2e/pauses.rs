//! Streams are paused and resumed under load: over the API and at random.

use std::thread;
use std::time::{Duration, Instant};

use e2e::{PATIENCE, TestApp, an_order, stats};
use native::RedisConnection;
use orders::pipeline::{STREAMS, settings};
use queue::{Queue, Stats};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

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

#[test]
fn a_burst_with_a_paused_lane_confirms_the_others_and_the_rest_after_the_resume() {
    let app = TestApp::start();
    let reason = "the grinder is being repaired";
    let answer = app.put("/control/complex", json!({ "paused": true, "reason": reason }));
    assert_eq!((answer.status, &answer.body["paused"]), (200, &true.into()), "{}", answer.body);
    let since = answer.body["since"].clone();
    let mut redis = app.redis();
    let report = thread::scope(|scope| {
        let burst = scope.spawn(|| app.burst(&["--orders", "1000"]));
        let waiting = poll_stats(&mut redis, "all simple orders are confirmed", |stats| {
            let routed = stats.totals.get("routed_simple").copied().unwrap_or_default();
            let confirmed = stats.totals.get("confirmed_simple").copied().unwrap_or_default();
            routed + stats.streams["complex"].messages == 1_000 && routed == confirmed
        });
        assert!(waiting.streams["complex"].messages > 200, "about 300 are complex: {waiting:?}");
        assert_eq!(waiting.streams["complex"].pending, 0, "none was handed out");
        // Everybody sees it, and seeing changes nothing.
        let told = app.get("/stats").body["streams"].clone();
        assert_eq!(
            told["complex"]["paused"],
            json!({ "paused": true, "since": since, "reason": reason })
        );
        assert!(told["simple"].get("paused").is_none());
        let tick = app.get("/receiver-complex/tick").body;
        assert_eq!((&tick["paused"], &tick["rung"]), (&true.into(), &false.into()), "{tick}");
        let control = app.get("/control").body["streams"].clone();
        assert_eq!(control["ingress"], json!({ "paused": false }));
        assert_eq!(control["complex"]["since"], since);
        let (now, before) = (&stats(&mut redis).streams["complex"], &waiting.streams["complex"]);
        assert_eq!((now.messages, now.pending), (before.messages, 0));
        let answer = app.put("/control/complex", json!({ "paused": false }));
        assert_eq!((answer.status, answer.body), (200, json!({ "paused": false })));
        burst.join().unwrap()
    });
    assert_eq!(report["confirmed"], 1_000);
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
    poll_stats(&mut redis, "all are confirmed", |stats| stats.results == 3);
}

#[test]
fn pauses_and_resumes_at_random_moments_of_a_burst_lose_and_double_nothing() {
    const SEED: u64 = 7;
    let app = TestApp::start_with(&[("batch_size", "20"), ("claim_idle_ms", "1000")]);
    let mut redis = app.redis();
    let report = thread::scope(|scope| {
        let burst = scope.spawn(|| app.burst(&["--orders", "5000"]));
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let settings = settings();
        let mut pauses = 0;
        while !burst.is_finished() && pauses < 200 {
            let stream = STREAMS[random.random_range(0..3)];
            let mut queue = Queue::new(&mut redis, &settings);
            queue.pause(stream, "chance").unwrap();
            pauses += 1;
            thread::sleep(Duration::from_millis(random.random_range(0..20)));
            let all_or_one = if random.random_bool(0.5) { &STREAMS[..] } else { &[stream] };
            for stream in all_or_one {
                queue.resume(*stream).unwrap();
            }
        }
        for stream in STREAMS {
            Queue::new(&mut redis, &settings).resume(stream).unwrap();
        }
        assert!(pauses > 3, "the burst was over after {pauses} pauses");
        burst.join().unwrap()
    });
    assert_eq!(report["confirmed"], 5_000, "seed {SEED}");
}
