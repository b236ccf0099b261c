//! Every shape of load, by both doors: sent when due, verified, and reported as it was.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use loadtest::report::{Interval, Report, Timeline};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Loads, PATIENCE, TestApp, binary};

/// Orders of each whole second.
fn by_second(timeline: &Timeline, count: fn(&Interval) -> u64) -> Vec<u64> {
    let mut seconds = Vec::new();
    for (index, interval) in (0..).zip(&timeline.intervals) {
        let second = (index * timeline.interval_ms / 1_000) as usize;
        seconds.resize(seconds.len().max(second + 1), 0);
        seconds[second] += count(interval);
    }
    seconds
}

/// What the parts of any report must say of each other.
fn assert_consistent(report: &Report) {
    let text = report.to_text();
    let sum =
        |count: fn(&Interval) -> u64| report.timeline.intervals.iter().map(count).sum::<u64>();
    assert_eq!(sum(|interval| interval.due), report.orders, "{text}");
    assert_eq!(sum(|interval| interval.confirmed), report.confirmed, "{text}");
    assert_eq!(sum(|interval| interval.dead_lettered), report.dead_lettered, "{text}");
    let in_histogram: u64 = report.latency_histogram.iter().map(|bucket| bucket.orders).sum();
    assert_eq!(in_histogram, report.confirmed, "{text}");
    assert!(
        !report.samples.is_empty() && report.samples.is_sorted_by(|a, b| a.at_s < b.at_s),
        "{text}"
    );
    let latency = report.latency_ms;
    assert!(
        latency.p50 <= latency.p99 && latency.p99 <= latency.p999 && latency.p999 <= latency.max
    );
}

fn wait_for_confirmations(app: &TestApp, count: u64) {
    let mut redis = app.redis();
    let deadline = Instant::now() + PATIENCE;
    while redis::cmd("XLEN").arg(app.keys().results()).query::<u64>(redis.inner()).unwrap() < count
    {
        assert!(Instant::now() < deadline, "waited in vain for {count} confirmations");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_steady_load_arrives_at_its_rate() {
    let app = TestApp::start();
    let report = app.run(&["steady", "--rate", "200", "--duration", "3s"]);
    assert_consistent(&report);
    assert_eq!((report.orders, report.confirmed), (600, 600));
    let due = by_second(&report.timeline, |interval| interval.due);
    assert_eq!((&due[..3], due.iter().sum()), (&[200, 200, 200][..], 600));
    let arrived = by_second(&report.timeline, |interval| interval.arrived);
    assert_eq!(arrived.iter().sum::<u64>(), 600);
    for seconds in 1..=3 {
        // None much before it is due, the clocks being two, and none more than a second later.
        let arrived = arrived.iter().take(seconds).sum::<u64>() as i64;
        let behind = 200 * seconds as i64 - arrived;
        assert!((-2..200).contains(&behind), "{behind} after {seconds} s");
    }
    // The last order is due 5 ms before the end.
    assert!(report.enqueue_s >= 2.995 && report.total_s >= 2.995, "{}", report.to_text());
}

#[test]
fn a_curve_goes_up_and_down_with_pauses_between() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.csv");
    // Two spikes of twelve minutes with a pause as long.
    let spikes = "10:00,0\n10:06,1\n10:12,0\n10:24,0\n10:30,1\n10:36,0\n";
    std::fs::write(&file, format!("time,orders_per_minute\n{spikes}")).unwrap();
    let path = file.to_str().unwrap();
    let arguments = ["--compress", "21600x", "--orders", "400"];
    let report = app.run(&[&["curve", "--curve", path][..], &arguments].concat());
    assert_consistent(&report);
    assert_eq!(report.orders, 400);
    // A day takes 4 s; the spikes are due from 1.67 s and from 1.73 s on.
    let due = by_second(&report.timeline, |interval| interval.due);
    assert_eq!((due[0], due[1]), (0, 400), "{due:?}");
    let random =
        app.run(&["curve", "--compress", "28800x", "--orders", "900", "--arrivals", "random"]);
    assert_consistent(&random);
    // Independent arrivals: 900 on average, with a standard deviation of 30.
    assert!((750..1_050).contains(&random.orders), "{}", random.to_text());
}

#[test]
fn a_recorded_file_is_replayed_in_the_order_of_its_times() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.ndjson");
    let path = file.to_str().unwrap();
    let generated = Command::new(binary("loadtest"))
        .args(["generate", "--orders", "400", "--placed-over", "60s", "--out", path])
        .status()
        .unwrap();
    assert!(generated.success());
    let report = app.run(&["replay", path, "--speed", "30"]);
    assert_consistent(&report);
    assert_eq!((report.orders, report.confirmed), (400, 400));
    assert!(
        report.enqueue_s > 1.5,
        "a minute at thirty times the speed takes two seconds: {}",
        report.enqueue_s
    );
    // The same file once more: all of it is known, and none of it is confirmed again.
    let again = app.run(&["replay", path, "--speed", "1000"]);
    assert_eq!((again.duplicate_deliveries, again.confirmed), (400, 400));
}

#[test]
fn a_run_with_orders_of_an_earlier_one_says_so() {
    let app = TestApp::start();
    let burst = |orders: &str| {
        let report = app.run(&["burst", "--orders", orders, "--run", "7"]);
        assert_eq!(report.confirmed.to_string(), orders);
        report.to_text()
    };
    assert!(!burst("100").contains("Another run"));
    let text = burst("100");
    assert!(text.contains("Another run had confirmed these orders"), "{text}");
    assert!(!text.contains("senders"), "{text}");
    let text = burst("150");
    assert!(text.contains("Another run had confirmed 100 of these orders"), "{text}");
}

#[test]
fn the_redis_of_another_app_is_called_the_wrong_one() {
    let (app, other) = (TestApp::start(), private_redis::RedisServer::start().unwrap());
    let output = Command::new(binary("loadtest"))
        .args(["burst", "--orders", "50", "--from-zero", "--via", "http"])
        .args(["--http-url", &app.base_url, "--redis-url", &other.url()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("This Redis has no trace of any order"), "{text}");
}

#[test]
fn orders_by_http_are_verified_like_those_by_redis() {
    let app = TestApp::start();
    let report = app.run(&[
        "burst",
        "--orders",
        "2000",
        "--via",
        "http",
        "--connections",
        "4",
        "--batch",
        "50",
    ]);
    assert_consistent(&report);
    assert_eq!((report.orders, report.confirmed), (2_000, 2_000));
    let one_by_one =
        app.run(&["steady", "--rate", "50", "--duration", "1s", "--via", "http", "--batch", "1"]);
    assert_eq!((one_by_one.orders, one_by_one.confirmed), (50, 50));
    assert!(one_by_one.queue_latency_ms.max > 0.0);
}

#[test]
fn broken_orders_of_a_file_are_refused_by_http_and_dead_lettered_by_redis() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.ndjson");
    let good: Vec<String> = (1..=3).map(crate::support::an_order).collect();
    std::fs::write(
        &file,
        format!("{}\n{{broken\n{}\n{{\"orderId\":9}}\n{}", good[0], good[1], good[2]),
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let by_http = app.run(&["burst", "--file", path, "--via", "http"]);
    assert_eq!((by_http.confirmed, by_http.refused, by_http.dead_lettered), (3, 2, 0));
    let by_redis = app.run(&["burst", "--file", path]);
    assert_eq!(
        (by_redis.duplicate_deliveries, by_redis.refused, by_redis.dead_lettered),
        (3, 0, 2)
    );
}

#[test]
fn rejected_orders_are_counted_by_their_answer_and_fail_the_command() {
    let app = TestApp::start_with(&[("max_backlog", "100"), ("batch_size", "1")]);
    let output = Command::new(binary("loadtest"))
        .args([
            "burst",
            "--orders",
            "2000",
            "--via",
            "http",
            "--connections",
            "1",
            "--batch",
            "101",
        ])
        .args(["--http-url", &app.base_url, "--redis-url", &app.server.url()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    // Only the last batch, of 81, is not larger than the backlog may be.
    for expected in [
        "rejected 1919 (429 backlog_full), processed anyway 0",
        "confirmed 81  dead-lettered 0",
        "lost 0  late 0  confirmed twice 0  wrong 0",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_stall_of_redis_shows_in_the_latency_of_orders_that_were_due_meanwhile() {
    let app = TestApp::start();
    let redis = Pid::from_raw(app.server.pid() as i32);
    let report = std::thread::scope(|scope| {
        let run = scope.spawn(|| app.run(&["steady", "--rate", "200", "--duration", "3s"]));
        wait_for_confirmations(&app, 50);
        kill(redis, Signal::SIGSTOP).unwrap();
        std::thread::sleep(Duration::from_secs(1));
        kill(redis, Signal::SIGCONT).unwrap();
        run.join().unwrap()
    });
    // Due evenly within a second of standstill: a third of the orders waited for up to a second,
    // half of these for more than half.
    assert_eq!(report.confirmed, 600);
    assert!(report.latency_ms.max >= 900.0, "{}", report.to_text());
    let slow: u64 =
        report.latency_histogram.iter().filter(|b| b.up_to_ms > 550.0).map(|b| b.orders).sum();
    assert!(slow >= 80, "{slow} orders waited for more than half a second");
}

#[test]
fn ctrl_c_ends_the_sending_and_reports_what_was_done() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let child = Command::new(binary("loadtest"))
        .args([
            "steady",
            "--duration",
            "5h",
            "--rate",
            "100",
            "--redis-url",
            &app.server.url(),
            "--json",
        ])
        .arg(&json)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_confirmations(&app, 20);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    let report = Report::read(&json).unwrap();
    assert!(
        report.interrupted && report.orders >= 20 && report.confirmed == report.orders,
        "{text}"
    );
    assert!(text.contains("interrupted"), "{text}");
}

#[test]
fn a_run_goes_on_when_the_app_it_watches_has_gone() {
    let mut app = TestApp::start();
    let load = app.load(&["steady", "--rate", "100", "--duration", "2s"]);
    let report = std::thread::scope(|scope| {
        let run = scope.spawn(|| loadtest::run::carry_out(&load));
        wait_for_confirmations(&app, 50);
        app.kill();
        // Somebody else does what is left.
        let mut containers = Command::new(binary("conventional"))
            .args(["--redis-url", &app.server.url()])
            .spawn()
            .unwrap();
        let report = run.join().unwrap();
        containers.kill().unwrap();
        containers.wait().unwrap();
        report.unwrap()
    });
    assert!(report.is_clean() && report.confirmed == 200, "{}", report.to_text());
    assert_eq!((report.cpu_s.app, report.instance_starts), (None, None));
    let consumers: Vec<&str> = report.shares.iter().map(|share| share.consumer.as_str()).collect();
    assert!(consumers.contains(&"spin") && consumers.contains(&"conventional"), "{consumers:?}");
}

#[test]
fn a_redis_that_restarts_in_the_midst_is_waited_for() {
    let mut app = TestApp::start();
    let load = app.load(&["steady", "--rate", "100", "--duration", "4s"]);
    let report = std::thread::scope(|scope| {
        let run = scope.spawn(|| loadtest::run::carry_out(&load));
        wait_for_confirmations(&app, 100);
        app.server.kill().unwrap();
        app.server.restart().unwrap();
        run.join().unwrap().unwrap()
    });
    let text = report.to_text();
    assert_eq!((report.confirmed_twice, report.wrong), (0, 0), "{text}");
    assert_eq!(report.orders, 400, "{text}");
    let rejected: u64 =
        report.rejected.iter().map(|answer| answer.orders - answer.processed_anyway).sum();
    // No more than two seconds' orders: Redis may be that late to write what it acknowledged.
    assert_eq!(report.confirmed + report.lost + rejected, 400, "{text}");
    assert!(report.confirmed >= 200, "{text}");
}
