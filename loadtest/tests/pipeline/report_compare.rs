//! Reports side by side.

use std::process::Command;

use loadtest::compare::{Group, compare};
use loadtest::report::Report;

use crate::a_report::a_report;
use crate::report_text::all_reports;
use crate::support::binary;

/// A burst with another throughput, latency and use of CPU, all `factor` times as good.
fn faster(factor: f64) -> Report {
    let mut report = a_report().build();
    report.orders_per_s *= factor;
    report.total_s /= factor;
    report.latency_ms.p99 /= factor;
    report.cpu_s.app = report.cpu_s.app.map(|seconds| seconds / factor);
    report
}

fn group(name: &str, reports: impl IntoIterator<Item = Report>) -> Group {
    Group { name: name.into(), reports: reports.into_iter().collect() }
}

/// The row of a figure, word by word.
fn row<'a>(text: &'a str, figure: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.trim_start().starts_with(figure));
    line.unwrap_or_else(|| panic!("no {figure}: {text}")).split_whitespace().collect()
}

#[test]
fn ratios_are_of_medians_to_the_first_group() {
    let slow = group("slow", [0.9, 1.0, 1.2].map(faster));
    let fast = group("fast", [2.0, 2.1, 1.7].map(faster));
    let text = compare(&[slow, fast]);
    assert!(row(&text, "orders a second").ends_with(&["x2.00", "better"]), "{text}");
    assert!(row(&text, "all done after").ends_with(&["x0.50", "better"]), "{text}");
    assert!(row(&text, "CPU an order, app").ends_with(&["x0.50", "better"]), "{text}");
    assert_eq!(row(&text, "due to confirmed, p50").last(), Some(&"x1.00"), "{text}");
    // 30 us an order is what the model of a run takes.
    assert_eq!(row(&text, "CPU an order, app")[4..6], ["30.0", "us"], "{text}");
    assert!(text.contains("25.0..33.3 us"), "{text}");
    assert!(!text.contains("careful"), "{text}");
}

#[test]
fn runs_of_different_kinds_are_compared_with_a_warning() {
    let mut other = a_report().over_http().build();
    other.seed = Some(7);
    other.cores = 8;
    other.host.cpu = "Another".into();
    other.redis_version = "8.0.0".into();
    other.redis_settings[1].value = "always".into();
    let mut interrupted = a_report().interrupted().build();
    interrupted.backlog_before = 3;
    let mut beside = a_report().shared().build();
    beside.shares[0].orders += 200;
    let groups = vec![
        group("first", [a_report().build()]),
        group("other", [other]),
        group("waves", [a_report().waves().build()]),
        group(
            "odd",
            [
                interrupted,
                a_report().with_failures().build(),
                a_report().rejecting(9).build(),
                beside,
            ],
        ),
    ];
    let text = compare(&groups);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "B is not like A: sent is by POST /orders",
        "B is not like A: orders is generated with seed 7, not generated with seed 42.",
        "B is not like A: cores is 8, not 2.",
        "B is not like A: processor is Another",
        "B is not like A: Redis is 8.0.0, not 7.0.15.",
        "B is not like A: Redis's appendfsync is always, not everysec.",
        "C is not like A: shape is curve",
        "Run 1 of D was interrupted.",
        "Run 1 of D began with a backlog.",
        "Run 2 of D has orders that are lost, late, confirmed twice or wrong",
        "Run 3 of D has rejected orders",
        "Run 4 of D shared the app with other producers.",
        "With fewer than three runs in a group",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn differences_within_the_noise_are_reported() {
    let text = compare(&[
        group("a", [1.0, 1.2, 1.4].map(faster)),
        group("b", [1.1, 1.3, 1.5].map(faster)),
    ]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "The runs of B overlap with those of A in orders a second; all done after; due to \
                    confirmed, p99; \
                    CPU an order, app: these differences may be noise.";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_figure_is_better_or_worse_only_where_its_own_runs_do_not_overlap() {
    // Throughput and CPU of the fast runs do not overlap with those of the slow ones, latencies do.
    let with_latency = |factor: f64, p99: f64| {
        let mut report = faster(factor);
        report.latency_ms.p99 = p99;
        report
    };
    let slow = || {
        [(0.9, 100.0), (1.0, 200.0), (1.1, 300.0)].map(|(factor, p99)| with_latency(factor, p99))
    };
    let fast =
        || [(2.0, 90.0), (2.1, 110.0), (2.2, 120.0)].map(|(factor, p99)| with_latency(factor, p99));
    let text = compare(&[group("slow", slow()), group("fast", fast())]);
    assert_eq!(row(&text, "orders a second").last(), Some(&"better"), "{text}");
    assert_eq!(row(&text, "CPU an order, app").last(), Some(&"better"), "{text}");
    assert_eq!(row(&text, "due to confirmed, p99").last(), Some(&"x0.55"), "{text}");
    assert!(
        text.contains("The runs of B overlap with those of A in due to confirmed, p99:"),
        "{text}"
    );
    let text = compare(&[group("fast", fast()), group("slow", slow())]);
    assert_eq!(row(&text, "orders a second").last(), Some(&"worse"), "{text}");

    let few = |reports: [Report; 3]| reports.into_iter().take(2);
    let text = compare(&[group("slow", few(slow())), group("fast", few(fast()))]);
    assert!(!text.contains("better") && !text.contains("worse"), "{text}");
    assert!(text.contains("With fewer than three runs in a group"), "{text}");
    // One group that is too small does not affect the others.
    let groups = vec![group("slow", slow()), group("few", few(fast())), group("fast", fast())];
    let text = compare(&groups);
    let words = row(&text, "orders a second");
    assert_eq!(words.iter().filter(|word| **word == "better").count(), 1, "{text}");
    assert!(text.contains("The runs of C overlap"), "{text}");
}

#[test]
fn reports_of_every_kind_can_be_compared_within_the_width_of_a_terminal() {
    let groups: Vec<Group> =
        all_reports().into_iter().map(|(name, report)| group(name, [report])).collect();
    let text = compare(&groups);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn names_of_a_comparison_cannot_move_the_cursor() {
    let text = compare(&[
        group("a\u{1b}[2J", [a_report().build()]),
        group("b", [a_report().waves().saying("\r\u{7}").build()]),
    ]);
    assert!(text.chars().all(|one| one == '\n' || !one.is_control()), "{text:?}");
}

#[test]
fn the_command_reads_files_and_groups_and_refuses_what_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, report: &Report| {
        let path = folder.path().join(name);
        std::fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
        path.display().to_string()
    };
    let (a, b, c) =
        (file("a.json", &faster(1.0)), file("b.json", &faster(2.0)), file("c.json", &faster(4.0)));
    let compare = |arguments: &[&str]| {
        let output =
            Command::new(binary("loadtest")).arg("compare").args(arguments).output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), said(&output.stdout), said(&output.stderr))
    };
    let (code, text, _) = compare(&[&a, "--group", &format!("fast={b},{c}")]);
    assert_eq!(code, Some(0));
    // The median of two runs is between them.
    assert_eq!(row(&text, "orders a second").last(), Some(&"x3.00"), "{text}");
    assert!(text.contains("A  a: 1 run") && text.contains("B  fast: median of 2 runs"), "{text}");

    // b is twice as good as a, so a is worse.
    for (first, second, gate, code, expected) in [
        (&a, &b, "latency_p99>+10%", 0, ""),
        (&b, &a, "latency_p99>+10%", 1, "FAILED: latency_p99 of B is +100.0 %, limit +10 %"),
        (&b, &a, "orders_per_s<-60%", 0, ""),
        (&b, &a, "orders_per_s<-40%", 1, "FAILED: orders_per_s of B is -50.0 %, limit -40 %"),
    ] {
        let (found, text, error) = compare(&[first, second, "--fail-if", gate]);
        assert_eq!(found, Some(code), "{gate}: {text}{error}");
        assert!(text.contains(expected), "{gate}: {text}");
    }
    let failed = file("failed.json", &a_report().with_failures().build());
    for (files, run) in [([&a, &failed], "run 1 of B"), ([&failed, &a], "run 1 of A")] {
        let gate = ["--fail-if", "latency_p99>+10000%"];
        let (code, text, _) = compare(&[&files.map(String::as_str)[..], &gate].concat());
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(&format!("FAILED: {run} was not successful")), "{text}");
    }
    let mut without_app = a_report().without_app();
    without_app.cpu_s.app = None;
    let blind = file("blind.json", &without_app);
    let (code, _, error) = compare(&[&a, &blind, "--fail-if", "cpu_app>+10%"]);
    assert!(code == Some(3) && error.contains("cpu_app was not measured in A or B"), "{error}");

    let (same, copy) = (format!("x={b},{b},{b}"), file("copy.json", &faster(1.0)));
    let old = folder.path().join("old.json").display().to_string();
    std::fs::write(&old, r#"{"report_version": 1}"#).unwrap();
    for (arguments, expected) in [
        (vec![a.as_str(), old.as_str()], "old.json: report_version is 1"),
        (vec![a.as_str(), "/nonexistent.json"], "/nonexistent.json"),
        (vec![a.as_str()], "at least two reports"),
        (vec![a.as_str(), "--group", &same], "b.json is the run of"),
        (vec![a.as_str(), copy.as_str()], "copy.json is the run of"),
        (vec![a.as_str(), b.as_str(), "--fail-if", "speed>1%"], "speed is not a figure"),
        (vec![a.as_str(), "--group", "nothing"], "expected NAME=FILE,FILE,..."),
    ] {
        let (code, _, error) = compare(&arguments);
        assert!(code != Some(0) && error.contains(expected), "{arguments:?}: {error}");
    }
}
