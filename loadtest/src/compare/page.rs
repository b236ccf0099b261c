//! A comparison as one HTML file, with the style sheet and the policy of a report's page.

use maud::{Markup, html};

use super::{Comparison, Row};
use crate::report::page::document;
use crate::report::units::digits;

/// The page as text.
pub(super) fn page(comparison: &Comparison) -> String {
    let names: Vec<&str> = comparison.groups.iter().map(|group| group.name.as_str()).collect();
    let title = format!("Comparison: {}", names.join(", "));
    let body = html! {
        header { h1 { (title) } p.lead { "Medians of each group and their ratio to the first, A." } }
        main {
            section aria-labelledby="doubts" {
                h2 #doubts { "Before you believe it" }
                @if comparison.doubts.is_empty() {
                    p { "All runs are of the same kind, and none was disturbed." }
                } @else {
                    ul.verdict { @for doubt in &comparison.doubts { li.warning { b { "careful" } (doubt) } } }
                }
            }
            section aria-labelledby="figures" { h2 #figures { "Figures" } div.scroll { (table(comparison)) } }
            section aria-labelledby="runs" { h2 #runs { "Runs" } (runs(comparison)) }
        }
    };
    document(&title, &body)
}

fn table(comparison: &Comparison) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "figure" }
                @for (place, group) in comparison.groups.iter().enumerate() {
                    th scope="col" { (Comparison::letter(place)) ": " (group.name) }
                    @if place > 0 { th scope="col" { "ratio" } }
                }
            } }
            tbody { @for row in &comparison.rows {
                tr {
                    th scope="row" { (row.figure.name) }
                    @for place in 0..comparison.groups.len() {
                        td { (median(row, place)) }
                        @if place > 0 { td { (ratio(row, place)) } }
                    }
                }
            } }
        }
    }
}

fn median(row: &Row, group: usize) -> Markup {
    let show = row.figure.show;
    html! {
        @match &row.spreads[group] {
            Some(spread) => {
                (show(spread.median))
                @if spread.least < spread.most { br; small { (show(spread.least)) " to " (show(spread.most)) } }
            },
            None => "-",
        }
    }
}

fn ratio(row: &Row, place: usize) -> Markup {
    html! {
        @match row.ratio(place) {
            Some(ratio) => {
                "x" (digits(ratio))
                @if let Some(word) = row.word(place) { br; small class=(word) { (word) } }
            },
            None => "-",
        }
    }
}

fn runs(comparison: &Comparison) -> Markup {
    html! {
        div.scroll { table.words {
            thead { tr { th scope="col" { "group" } th scope="col" { "began" } th scope="col" { "shape" } th scope="col" { "orders" } } }
            tbody { @for group in &comparison.groups { @for report in &group.reports {
                tr {
                    td { (group.name) }
                    td { (report.started_at.format("%Y-%m-%d %H:%M:%S UTC")) }
                    td { (report.shape.in_words()) }
                    td { (report.source()) }
                }
            } } }
        } }
    }
}
