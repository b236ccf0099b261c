use super::*;

fn tally_of(output: &str) -> Tally {
    let mut tally = Tally::default();
    output.lines().for_each(|line| tally.add(line));
    tally
}

#[test]
fn results_of_all_test_binaries_are_summed() {
    let output = "\
running 4 tests
test a ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.20s
";
    let expected = Tally { passed: 13, failed: 2, skipped: 1 };
    assert_eq!(tally_of(output), expected);
    assert_eq!(expected.to_string(), "13 passed, 2 failed, 1 skipped");
}

#[test]
fn tests_of_node_are_counted_too() {
    let mut tally = Tally::default();
    for line in ["# tests 5", "# pass 3", "# fail 1", "ℹ skipped 1", "pass 9", "# pass of 7 8"] {
        tally.add_node(line);
    }
    assert_eq!(tally, Tally { passed: 3, failed: 1, skipped: 1 });
}

#[test]
fn skipped_tests_are_named_only_where_there_are_some() {
    assert_eq!(Tally { passed: 4, failed: 0, skipped: 0 }.to_string(), "4 passed, 0 failed");
}

#[test]
fn lines_that_only_look_like_results_are_not_counted() {
    assert_eq!(
        tally_of("3 passed; 1 failed\ntest passed ... ok\nresult: 5 passed"),
        Tally::default()
    );
}

#[test]
fn a_result_line_behind_other_output_of_a_test_is_counted() {
    let line = "some print without an end of linetest result: ok. 1 passed; 0 failed; 0 ignored";
    assert_eq!(tally_of(line).passed, 1);
}
