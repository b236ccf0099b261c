use super::*;

#[test]
fn bars_differ_by_eighths_and_show_that_there_is_something() {
    assert_eq!(bar(0.0), "");
    assert_eq!(bar(1e-9), "▏");
    assert_eq!(bar(1.0), "█".repeat(60));
    assert_eq!(bar(0.5 + 0.5 / 60.0), format!("{}▌", "█".repeat(30)));
}
