use super::*;

fn plan(arguments: &[&str]) -> Result<Plan> {
    Plan::new(&Load::parse(arguments.iter().copied())?)
}

fn due_s(arguments: &[&str]) -> Vec<f64> {
    plan(arguments).unwrap().due_us.map(|us| us as f64 / 1e6).collect()
}

#[test]
fn orders_whose_identity_may_be_that_of_an_earlier_run_are_looked_up() {
    for (arguments, expected) in [
        (&["burst", "--orders", "7"][..], 0),
        (&["burst", "--orders", "7", "--run", "1"], 7),
        (&["burst", "--orders", "7", "--mutated", "0.1"], 7),
        (&["steady", "--rate", "7", "--duration", "1s", "--mutated", "0.1"], 7),
    ] {
        assert_eq!(plan(arguments).unwrap().may_be_known, expected, "{arguments:?}");
    }
}

#[test]
fn the_orders_of_a_burst_are_due_at_once() {
    assert_eq!(due_s(&["burst", "--orders", "3"]), [0.0; 3]);
}

fn a_curve(folder: &Path, lines: &str) -> String {
    let path = folder.join("day.csv");
    std::fs::write(&path, format!("time,orders_per_minute\n{lines}")).unwrap();
    path.display().to_string()
}

#[test]
fn a_curve_has_the_orders_asked_for_and_quiet_hours() {
    let folder = tempfile::tempdir().unwrap();
    let path = a_curve(folder.path(), "00:00,0\n06:00,0\n12:00,10\n18:00,0\n");
    // A day takes a minute.
    let arguments = ["--compress", "1440x", "--days", "2", "--orders", "1000"];
    let due = due_s(&[&["curve", "--curve", &path][..], &arguments].concat());
    assert_eq!(due.len(), 2_000);
    // Before and after the peak a quarter of the day is empty.
    assert!(due.iter().all(|at| (15.0..=45.0).contains(&(at % 60.0))));
    // Half of a day's orders are due before noon.
    assert_eq!(due.iter().filter(|at| **at < 30.0).count(), 500);
    let own = plan(&["curve", "--curve", &path]).unwrap();
    // A triangle of twelve hours and 10 a minute.
    assert_eq!(own.orders, 3_600);
    // A day in 12 s, with over a million orders a second at its peak.
    assert_eq!(plan(&["curve", "--compress", "7200x"]).unwrap().orders, 134_590);
}

#[test]
fn a_curve_may_have_spikes_with_pauses_between_them() {
    let folder = tempfile::tempdir().unwrap();
    // 60 orders within a minute, twice; an hour lies between them.
    let spikes = "09:59,0\n10:00,60\n10:01,60\n10:02,0\n11:00,0\n11:01,120\n11:02,0\n";
    let path = a_curve(folder.path(), spikes);
    let due = due_s(&["curve", "--curve", &path, "--compress", "60x"]);
    assert_eq!(due.len(), 240);
    let gap = due.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!((57.0..60.0).contains(&gap), "58 minutes are 58 s: {gap}");
}

#[test]
fn a_replay_keeps_the_gaps_and_sorts_what_was_written_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.ndjson");
    let line = |time: &str, number: u32| {
        format!(r#"{{"orderId":{number},"placedAt":"2026-01-05T08:00:{time}Z"}}"#)
    };
    std::fs::write(&path, [line("10", 1), line("04.500", 2), line("06", 3)].join("\n")).unwrap();
    let plan = plan(&["replay", path.to_str().unwrap(), "--speed", "10"]).unwrap();
    let ids: Vec<String> =
        (0..3).map(|at| String::from_utf8(plan.source.order(at).unwrap()).unwrap()).collect();
    assert!(ids[0].contains(":2,") && ids[1].contains(":3,") && ids[2].contains(":1,"), "{ids:?}");
    assert_eq!(plan.due_us.collect::<Vec<_>>(), [0, 150_000, 550_000]);
}

#[test]
fn what_cannot_be_planned_names_the_flag() {
    for (arguments, expected) in [
        (&["curve", "--curve", "/nonexistent"][..], "--curve"),
        (&["curve", "--compress", "0x"], "--compress"),
        (&["curve", "--orders", "18446744073709551615"], "--orders"),
        (&["replay", "/nonexistent"], "FILE"),
        (&["steady", "--rate", "0"], "--rate"),
        (&["steady", "--rate", "NaN"], "--rate"),
        (&["steady"], "--rate"),
        (&["burst", "--connections", "0"], "--connections"),
        (&["replay", "x", "--seed", "1"], "--seed"),
    ] {
        let error = format!("{:#}", plan(arguments).err().expect("it is refused"));
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
