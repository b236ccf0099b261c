//! A comparison for the terminal.

use std::fmt::Write as _;

use super::Comparison;
use crate::report::text::write_wrapped;

const BESIDE: usize = 2;

pub(super) fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(comparison, &mut text);
    text
}

fn write(comparison: &Comparison, text: &mut String) -> std::fmt::Result {
    for (place, group) in comparison.groups.iter().enumerate() {
        let runs = match group.reports.len() {
            1 => "1 run".to_owned(),
            many => format!("median of {many} runs, min..max below"),
        };
        let letter = Comparison::letter(place);
        write_wrapped(text, &format!("{letter}  "), "   ", &format!("{}: {runs}", group.name))?;
    }
    let others: Vec<usize> = (1..comparison.groups.len()).collect();
    for shown in others.chunks(BESIDE) {
        write_table(comparison, shown, text)?;
    }
    writeln!(text)?;
    for doubt in &comparison.doubts {
        write_wrapped(text, "careful: ", "         ", doubt)?;
    }
    Ok(())
}

fn write_table(comparison: &Comparison, shown: &[usize], text: &mut String) -> std::fmt::Result {
    writeln!(text)?;
    let mut head = format!("  {:<26}{:>16}", "", "A");
    for group in shown {
        head += &format!("{:>16}{:>8} {:<6}", Comparison::letter(*group), "ratio", "");
    }
    writeln!(text, "{}", head.trim_end())?;
    for row in &comparison.rows {
        let mut line = format!("  {:<26}", row.figure.name);
        let mut ranges = format!("  {:<26}", "");
        for group in std::iter::once(&0).chain(shown) {
            let spread = row.spreads[*group];
            let median =
                spread.map_or_else(|| "-".into(), |spread| (row.figure.show)(spread.median));
            let range = spread.filter(|spread| spread.runs > 1 && spread.min < spread.max);
            let range = range.map_or_else(String::new, |spread| spread.range(row.figure.show));
            line += &format!("{median:>16}");
            ranges += &format!("{range:>16}");
            if *group > 0 {
                let ratio = row.ratio_in_words(*group).unwrap_or_else(|| "-".into());
                line += &format!("{ratio:>8} {:<6}", row.word(*group).unwrap_or_default());
                ranges += &format!("{:>15}", "");
            }
        }
        writeln!(text, "{}", line.trim_end())?;
        if !ranges.trim().is_empty() {
            writeln!(text, "{}", ranges.trim_end())?;
        }
    }
    Ok(())
}
