//! Reads the tables of `README.md`, so that tests can compare them with those in the code.

/// The first `columns` cells of every row of the first table under the heading `heading`.
pub(crate) fn table(heading: &str, columns: usize) -> Vec<Vec<String>> {
    let page = include_str!("../README.md");
    let (_, section) = page.split_once(&format!("# {heading}\n")).expect(heading);
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| -> Vec<String> {
        line.split('|').skip(1).take(columns).map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}
