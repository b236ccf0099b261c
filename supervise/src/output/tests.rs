use super::*;

#[test]
fn the_last_lines_are_kept_and_a_line_that_is_not_utf_8_does_not_end_the_reading() {
    let lines = (1..=50).map(|number| format!("line {number}\n"));
    let mut bytes: Vec<u8> = lines.flat_map(String::into_bytes).collect();
    bytes.extend_from_slice(b"caf\xe9\r\nend");
    let output = Output::default();
    output.read(std::io::Cursor::new(bytes), |_| {}).join().unwrap();
    let text = output.text();
    assert_eq!(text.lines().count(), KEPT_LINES);
    assert!(text.starts_with("  line 13\n"), "{text}");
    assert!(text.ends_with("  line 50\n  caf\u{fffd}\n  end\n"), "{text}");
}
