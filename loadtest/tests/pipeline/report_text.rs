//! What the terminal says of a run.

use loadtest::report::text::WIDTH;
use loadtest::report::{Report, page};

use crate::a_report::{AReport, a_report};

/// Reports of every kind, by name.
pub(crate) fn all_reports() -> Vec<(&'static str, Report)> {
    type Shape = fn() -> AReport;
    let shapes: [(&str, Shape); 4] = [
        ("burst", a_report),
        ("steady", || a_report().steady(600)),
        ("waves", || a_report().waves()),
        ("soak", || a_report().soak()),
    ];
    let mut reports = Vec::new();
    for (name, shape) in shapes {
        reports.push((name, shape().build()));
        reports.push((name, shape().with_failures().build()));
        reports.push((name, shape().interrupted().build()));
        reports.push((name, shape().rejecting(1_000).build()));
        reports.push((name, shape().rejecting(u64::from(u32::MAX)).build()));
        reports.push((name, shape().shared().build()));
        reports.push((name, shape().without_orders().build()));
        reports.push((name, shape().in_one_interval().build()));
        reports.push((name, shape().without_app()));
        reports.push((name, shape().without_orders().without_app()));
        reports.push((name, shape().without_timeline()));
        reports.push((name, shape().longest().over_http().build()));
    }
    reports
}

/// The verdict in one line, as a reader would read it aloud.
fn verdict(report: &Report) -> String {
    report.to_text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_text_of_any_report_fits_the_terminal_and_holds_no_odd_figure() {
    for (name, report) in all_reports() {
        let text = report.to_text();
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{name}: {line}");
            assert!(line == line.trim_end(), "{name}: {line:?}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"), "{name}: {text}");
    }
}

#[test]
fn the_lines_that_people_look_for_are_there() {
    let text = a_report().build().to_text();
    for expected in [
        "10000 orders generated with seed 42\n",
        "burst, all at once\n",
        "by XADD to Redis, 1 connection, pipelines of up to 500 orders\n",
        "  lanes              simple 7000  complex 3000\n",
        "  CPU                app 0.30 s (30.0 us an order)  redis 0.41 s (41.0 us an order)\n",
        "  confirmed 10000  dead-lettered 0  duplicate deliveries 0\n",
        "  lost 0  late 0  confirmed twice 0  wrong 0\n",
        "  due to confirmed",
        "  ingress to confirmed",
        "  due to acknowledged",
    ] {
        assert!(text.contains(expected), "{expected}{text}");
    }
    assert!(text.ends_with("\nevery order sent was found exactly once, as expected\n"), "{text}");
}

#[test]
fn failures_are_counted_and_named() {
    let text = a_report().with_failures().build().to_text();
    for expected in [
        "lost 30  late 12  confirmed twice 1  wrong 2\n",
        "lost: 00000000-0000-4000-8000-000000000000\n",
        "lost: 10 more (in the JSON report)\n",
        "confirmed twice: 00000000-0000-4000-8000-000000000064\n",
        "rejected 25 (429 backlog_full), processed anyway 0\n",
        "rejected 5 (no answer), processed anyway 3\n",
        "12 orders were still not done when patience ran out: late or stuck, not known to be lost.",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(text.ends_with("\nFAILED: not every order ended as expected\n"), "{text}");
}

#[test]
fn late_orders_are_not_lost_and_fail_the_run() {
    let mut report = a_report().build();
    (report.late, report.confirmed) = (3, report.confirmed - 3);
    assert!(report.is_clean() && !report.is_success());
    let text = report.to_text();
    assert!(text.contains("Of 10,000 orders sent, 3 late."), "{text}");
    assert!(text.ends_with("\nFAILED: not every order was done in time\n"), "{text}");
}

#[test]
fn orders_of_an_earlier_run_are_called_copies_and_nothing_is_said_of_speed() {
    let mut report = a_report().sent_slowly(100).build();
    report.duplicate_deliveries = report.confirmed;
    report.latency_ms = loadtest::report::Latency::default();
    let text = verdict(&report);
    assert!(text.contains("Another run had confirmed these orders"), "{text}");
    assert!(!text.contains("senders fell behind") && !text.contains("was done"), "{text}");
    let mut report = a_report().build();
    // They have no latency.
    let measured: u64 = report.latency_histogram.iter().map(|bucket| bucket.orders).sum();
    assert_eq!(measured, report.confirmed);
    report.confirmed += 400;
    let text = verdict(&report);
    assert!(text.contains("Another run had confirmed 400 of these orders"), "{text}");
    assert!(text.contains("look better than they are"), "{text}");
}

#[test]
fn a_redis_that_never_saw_the_orders_of_the_api_is_called_the_wrong_one() {
    let mut report = a_report().over_http().build();
    (report.lost, report.confirmed) = (report.orders, 0);
    let text = verdict(&report);
    assert!(text.contains("This Redis has no trace of any order that the API accepted"), "{text}");
    report.lost -= 1;
    report.confirmed = 1;
    assert!(!verdict(&report).contains("no trace of any order"));
    // By Redis, the orders were written to it.
    let mut report = a_report().build();
    (report.lost, report.confirmed) = (report.orders, 0);
    assert!(!verdict(&report).contains("no trace of any order"));
}

#[test]
fn latencies_below_the_drift_of_the_clocks_are_marked() {
    let mut report = a_report().steady(600).build();
    let (p50, p99) = (report.latency_ms.p50, report.latency_ms.p99);
    assert!(p50 < p99);
    report.clock.drift_ms = f64::midpoint(p50, p99);
    let text = report.to_text();
    let row = text.lines().find(|line| line.starts_with("  due to confirmed")).unwrap();
    let figures: Vec<&str> = row.split_whitespace().skip(3).collect();
    assert!(figures[0].starts_with('~') && !figures[3].starts_with('~'), "{row}");
    let row = text.lines().find(|line| line.starts_with("  ingress to confirmed")).unwrap();
    assert!(!row.contains('~'), "one clock measures it: {row}");
    assert!(verdict(&report).contains("The clocks of Redis and of this machine moved apart by"));
    assert!(page::page(&report).contains(" ~"));
    assert!(!a_report().steady(600).build().to_text().contains('~'));
}

#[test]
fn orders_that_were_sent_late_are_counted_with_the_worst_interval() {
    let mut report = a_report().steady(600).build();
    (report.timeline.intervals[7].sent_late, report.timeline.intervals[9].sent_late) = (40, 2);
    let text = verdict(&report);
    let expected = "42 orders were sent more than 100 ms late, 40 of them within the worst 100 ms, \
                    from 700 ms on";
    assert!(text.contains(expected) && !text.contains("senders kept up"), "{text}");
    let mut burst = a_report().build();
    burst.timeline.intervals[0].sent_late = 9_000;
    assert!(!verdict(&burst).contains("sent more than"), "all are due at once");
}

#[test]
fn the_histogram_has_few_rows_and_all_orders() {
    let text = a_report().waves().build().to_text();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.contains(" %  ") || line.ends_with(" %")).collect();
    assert!((5..=15).contains(&rows.len()), "{text}");
    let count = |row: &&str| {
        // "     200 ms       6031  60.3 %  ███"
        row.split_whitespace().nth(2).and_then(|orders| orders.parse::<u64>().ok()).unwrap()
    };
    assert_eq!(rows.iter().map(count).sum::<u64>(), a_report().waves().build().orders);
    assert!(rows.iter().any(|row| row.ends_with(&"█".repeat(60))), "{text}");
}

#[test]
fn senders_that_are_the_bottleneck_are_named_as_such_and_others_are_not() {
    let behind = verdict(&a_report().sent_slowly(100).build());
    assert!(
        behind.contains("The senders fell behind")
            && behind.contains("the load generator or Redis"),
        "{behind}"
    );
    let behind = verdict(&a_report().sent_slowly(100).over_http().build());
    assert!(behind.contains("the load generator or the API"), "{behind}");
    let kept_up = verdict(&a_report().steady(500).build());
    assert!(
        kept_up.contains("The senders kept up") && !kept_up.contains("fell behind"),
        "{kept_up}"
    );
    let burst = verdict(&a_report().build());
    assert!(
        burst.contains("The senders were not the bottleneck") && !burst.contains("kept up"),
        "{burst}"
    );
    let unknown = verdict(&a_report().without_timeline());
    assert!(!unknown.contains("senders"), "{unknown}");
}

#[test]
fn a_backlog_that_grows_until_the_end_is_called_more_than_can_be_kept_up_with() {
    // 500 orders a second are due.
    let over = verdict(&a_report().steady(400).build());
    assert!(over.contains("500 orders/s are more than the app can keep up with"), "{over}");
    let under = verdict(&a_report().steady(510).build());
    assert!(under.contains("the app kept up with 500 orders/s"), "{under}");
}

#[test]
fn a_backlog_that_shows_nothing_is_not_spoken_of() {
    let silent = [
        ("no rate", a_report().waves().build()),
        ("no rate", a_report().build()),
        ("no samples", a_report().steady(400).without_timeline()),
        // Ten orders a second too many: 300 in all, less than one second's orders, and yet they are
        // not kept up with.
        ("slow growth", a_report().steady(490).build()),
        ("the senders hold it down", a_report().steady(510).sent_slowly(40).build()),
        ("interrupted", a_report().steady(510).interrupted().build()),
        ("rejected", a_report().steady(510).rejecting(5_000).build()),
    ];
    for (why, report) in silent {
        let text = verdict(&report);
        assert!(!text.contains("backlog"), "{why}: {text}");
        assert!(
            !text.contains("keep up with") && !text.contains("the app kept up"),
            "{why}: {text}"
        );
    }
}

#[test]
fn an_app_in_which_nothing_moved_is_not_called_too_slow() {
    let mut report = a_report().steady(400).build();
    report.tick_rings = 3;
    let text = verdict(&report);
    assert!(text.contains("Nothing moved for a second 3 times"), "{text}");
    assert!(!text.contains("keep up with"), "{text}");
}

#[test]
fn an_app_that_ended_is_reported_and_not_called_too_slow() {
    let mut report = a_report().steady(400).build();
    assert!(verdict(&report).contains("keep up with"));
    report.cpu_s.app = None;
    let text = verdict(&report);
    assert!(text.contains("The process of --app-pid ended during the run"), "{text}");
    assert!(!text.contains("backlog") && !text.contains("keep up with"), "{text}");
}

#[test]
fn a_run_with_rejected_orders_is_not_a_success() {
    let none = a_report().rejecting(10_000).over_http().build();
    assert!(none.is_clean() && none.confirmed == 0);
    let some = a_report().rejecting(4_000).over_http().build();
    for report in [&none, &some] {
        let text = report.to_text();
        assert!(text.ends_with("\nFAILED: not every order was accepted\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("good")), "{text}");
        assert!(!text.contains("senders"), "{text}");
    }
    let none = verdict(&none);
    assert!(none.contains("Of 10,000 orders sent, all were rejected."), "{none}");
    assert!(!none.contains("exactly once"), "{none}");
    let some = verdict(&some);
    assert!(
        some.contains(
            "Of 10,000 orders sent, 4,000 were rejected. The others were found exactly once as expected: \
             6,000 confirmed."
        ),
        "{some}"
    );
    let lost = a_report().with_failures().build().to_text();
    assert!(lost.ends_with("\nFAILED: not every order ended as expected\n"), "{lost}");
}

#[test]
fn the_cpu_of_an_order_is_that_of_the_orders_that_were_done() {
    // The model takes 30 us of the app for each order that it does.
    for report in [a_report().rejecting(5_000).build(), a_report().build()] {
        assert!(report.to_text().contains("(30.0 us an order)"), "{}", report.to_text());
        assert!(page::page(&report).contains("30.0 us"), "{}", report.confirmed);
    }
    let none = a_report().rejecting(10_000).build();
    assert!(!none.to_text().contains("us an order"), "{}", none.to_text());
    let mut copies = a_report().rejecting(5_000).build();
    // Copies cost as much as orders: three for two.
    copies.duplicate_deliveries = copies.confirmed / 2;
    assert!(copies.to_text().contains("(20.0 us an order)"), "{}", copies.to_text());
}

#[test]
fn times_of_a_run_count_from_its_release() {
    // Days begin at midnight: the first order is due long after the release.
    let report = a_report().waves().build();
    let (text, page) = (verdict(&report), page::page(&report));
    assert!(text.contains("after the release the last was done"), "{text}");
    assert!(page.contains("since the release") && page.contains("after the release"), "{page}");
}

#[test]
fn memory_that_grows_in_a_long_steady_run_is_pointed_out() {
    let leak = verdict(&a_report().soak().leaking(60.0).build());
    assert!(leak.contains("Memory of the app grew from"), "{leak}");
    let level = verdict(&a_report().soak().build());
    assert!(level.contains("Memory of the app stayed level, at 30.0 MiB"), "{level}");
    let unknown = verdict(&a_report().soak().without_app());
    assert!(!unknown.contains("Memory of the app"), "{unknown}");
    let steady = verdict(&a_report().steady(600).leaking(60.0).build());
    assert!(!steady.contains("Memory of the app"), "{steady}");
}

#[test]
fn orders_that_other_producers_sent_meanwhile_are_warned_of() {
    let mut report = a_report().shared().build();
    assert!(!report.to_text().contains("other producers"), "{}", report.to_text());
    report.shares[0].orders += 200;
    let text = report.to_text();
    assert!(text.contains("200 orders that were redriven or sent by others"), "{text}");
    assert!(text.contains("warning"), "{text}");
}

#[test]
fn shares_are_shown_where_more_than_one_consumer_worked() {
    let text = a_report().shared().build().to_text();
    assert!(
        text.contains("done by spin: ingress 6000 (60 %)  simple 4200 (60 %)  complex 1800 (60 %)"),
        "{text}"
    );
    assert!(text.contains("done by conventional: ingress 4000 (40 %)"), "{text}");
    assert!(!a_report().build().to_text().contains("done by"));
}

#[test]
fn an_interrupted_run_says_so() {
    let text = a_report().steady(600).interrupted().build().to_text();
    assert!(text.contains("\ninterrupted\n"), "{text}");
    let late = verdict(&a_report().with_failures().interrupted().build());
    assert!(late.contains("when the waiting was ended") && !late.contains("patience"), "{late}");
}

#[test]
fn a_run_without_orders_shows_nothing_and_says_so() {
    let text = verdict(&a_report().without_orders().build());
    assert!(text.contains("No order was sent, so nothing is shown."), "{text}");
    assert!(text.ends_with(" no order was sent"), "{text}");
}

#[test]
fn texts_of_others_cannot_move_the_cursor() {
    let text = a_report().waves().saying("\u{1b}[2J\rgone\u{7}").build().to_text();
    assert!(
        text.contains("gone")
            && text.chars().all(|character| character == '\n' || !character.is_control())
    );
}
