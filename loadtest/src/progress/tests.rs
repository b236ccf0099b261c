use super::*;

#[test]
fn without_a_terminal_there_is_a_line_each_minute() {
    let mut progress = Progress::new(100);
    progress.next_line = Some(LINE_EVERY);
    let lines: Vec<String> = (0..=300)
        .filter_map(|second| progress.line(Duration::from_secs(second), second / 10, "ingress 3"))
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1], "2 min: 12 of 100 done, ingress 3");
    // After a pause of the process there is one line, not one for each minute that passed.
    assert!(progress.line(Duration::from_hours(1), 50, "").is_some());
    assert_eq!(progress.line(Duration::from_secs(3_601), 50, ""), None);
    progress.next_line = None;
    assert_eq!(progress.line(Duration::from_hours(2), 50, ""), None);
}
