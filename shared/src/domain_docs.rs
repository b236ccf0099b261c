//! Reads the tables of `docs/domain.md`, so that tests can hold them against those in the code.

const PAGE: &str = include_str!("../../docs/domain.md");

/// The first `columns` cells of every row of the first table under the heading `heading`.
pub(crate) fn table(heading: &str, columns: usize) -> Vec<Vec<String>> {
    let is_heading =
        |line: &&str| line.trim_start_matches('#').trim() == heading && line.starts_with('#');
    let below = PAGE.lines().skip_while(|line| !is_heading(line)).skip(1);
    let table =
        below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = table.skip(2).map(|line| first_cells(line, columns)).collect();
    assert!(!rows.is_empty(), "docs/domain.md has no table under {heading:?}");
    rows
}

fn first_cells(line: &str, columns: usize) -> Vec<String> {
    line.split('|').skip(1).take(columns).map(|cell| cell.trim().to_owned()).collect()
}

/// Euro cents as the page writes them.
pub(crate) fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
