use super::*;
use crate::report::InstanceStartUs;
use crate::report::tests::a_report;

fn side(start_to_ready_ms: f64, app_cpu_s: Option<f64>) -> SideRound {
    let mut burst: Report = serde_json::from_value(a_report()).unwrap();
    burst.cpu_s.app = app_cpu_s;
    let first = FirstConfirmation { start_to_ready_ms, start_to_first_confirmation_ms: 1.0 };
    SideRound {
        first,
        idle_cpu_ms_per_s: 0.0,
        idle_pss_mib: 1.0,
        files_mib: 1.0,
        receiver_simple_starts: None,
        burst,
    }
}

#[test]
fn a_ratio_is_that_of_b_to_a_of_the_medians() {
    let rounds = [(1.0, 10.0), (4.0, 20.0), (2.0, 30.0)].map(|(a, b)| Round {
        first: "a",
        a: side(a, None),
        b: side(b, None),
    });
    let ready = Compared::of(&rows_of(&rounds)[0]);
    let b = ready.b.unwrap();
    assert_eq!((ready.key, b.min, b.median, b.max), ("ready", 10.0, 20.0, 30.0));
    assert_eq!((ready.a.unwrap().median, ready.ratio), (2.0, Some(10.0)));
}

#[test]
fn a_figure_that_one_side_lacks_has_no_ratio_and_one_that_both_lack_no_row() {
    let mut b = side(1.0, None);
    b.burst.instance_start_us = Some(InstanceStartUs { p50: 61, p99: 204 });
    b.receiver_simple_starts = Some(InstanceStarts { starts: 3, p50_us: 50, p99_us: 90 });
    let rows = rows_of(&[Round { first: "a", a: side(1.0, None), b }]);
    assert!(rows.iter().all(|row| row.key != "cpu_app"));
    for (key, expected) in [("start_p50", 61.0), ("receiver_start_p99", 90.0)] {
        let start = Compared::of(rows.iter().find(|row| row.key == key).unwrap());
        assert_eq!((start.b.unwrap().median, start.a, start.ratio), (expected, None, None));
    }
}
