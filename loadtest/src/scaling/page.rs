//! The answer as one HTML page, with the style sheet, the policy and the charts of a report's page.

use anyhow::Result;
use maud::{Markup, html};

use super::Answer;
use super::advice::settings_in_words;
use super::outcome::Moment;
use super::text;
use crate::report::page::document;
use crate::report::page::over_time::{Line, Lines, Scale};

/// The page as text.
///
/// # Errors
/// When a chart cannot be drawn.
pub(super) fn page(answer: &Answer) -> Result<String> {
    let title = format!("Scaling: {}", answer.curve_name);
    let charts = charts(answer)?;
    let settings = answer
        .recommended_row()
        .and_then(|row| row.policy)
        .map(|policy| settings_in_words(&policy));
    let body = html! {
        header { h1 { (title) } p.lead { (text::curve(answer)) " A simulation: nothing was run." } }
        main {
            section aria-labelledby="advice" {
                h2 #advice { "What follows" }
                ul.verdict { @for sentence in &answer.words { li.note { (sentence) } } }
            }
            section aria-labelledby="charts" {
                h2 #charts { "Over time: " (settings.unwrap_or_default()) }
                div.charts { @for chart in &charts { (chart) } }
            }
            section aria-labelledby="settings" { h2 #settings { "All that was tried" } div.scroll { (table(answer)) } }
            section aria-labelledby="assumed" {
                h2 #assumed { "Assumed" }
                p { (text::speed(&answer.speed)) }
                p { (text::assumptions(&answer.assumed)) }
            }
        }
    };
    Ok(document(&title, &body))
}

fn charts(answer: &Answer) -> Result<Vec<Markup>> {
    let story = &answer.story;
    let end_ms = (story.moments.len() as u64 * story.moment_ms) as f64;
    let points = |figure: fn(&Moment) -> Option<f64>| -> Vec<Vec<(f64, f64)>> {
        let moments = story.moments.iter().enumerate().map(|(place, moment)| {
            let at_ms = (place as f64 + 0.5) * story.moment_ms as f64;
            figure(moment).map(|value| (at_ms, value))
        });
        let moments: Vec<_> = moments.collect();
        moments.split(Option::is_none).map(|run| run.iter().flatten().copied().collect()).collect()
    };
    let chart = |id, title, unit, summary: &str, scale, figure| {
        let line = Line { name: title, runs: points(figure) };
        Lines { id, title, unit, summary: summary.into(), scale, end_ms, lines: vec![line] }.draw()
    };
    Ok(vec![
        chart(
            "replicas",
            "Replicas",
            "of all three components together",
            "Starting replicas count: they are paid for.",
            Scale::Amount,
            |moment| Some(f64::from(moment.replicas)),
        )?,
        chart(
            "backlog",
            "Backlog",
            "orders in the three streams",
            "The most of each stretch of time, waiting and in flight.",
            Scale::Amount,
            |moment| Some(moment.backlog as f64),
        )?,
        chart(
            "latency",
            "Latency",
            "from due to confirmed",
            "The slowest order among those confirmed in each stretch of time.",
            Scale::Latency,
            |moment| moment.slowest_ms.map(|ms| ms as f64),
        )?,
    ])
}

fn table(answer: &Answer) -> Markup {
    let (head, rows) = text::figures(&answer.rows);
    html! {
        table {
            thead { tr { @for name in head { th scope="col" { (name) } } } }
            tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
        }
    }
}
