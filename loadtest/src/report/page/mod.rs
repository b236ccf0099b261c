//! A report as one HTML file that loads no other file.
//!
//! - this file: the page: findings, charts, the report as text, settings
//! - [`charts`]: what is drawn
//! - [`series`], [`axis`], [`plot`]: how it is drawn
//!
//! The templates of maud escape all text of a report. The page's content-security policy forbids it
//! to load or run anything, in case a template has a mistake.

mod axis;
mod charts;
mod plot;
mod series;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;
use super::units::count;
use super::verdict;
use charts::Chart;

const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub fn page(report: &Report) -> String {
    let title = format!("{} orders: {}", count(report.orders), report.shape.in_words());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    h1 { (title) }
                    p.lead { (report.started_at.format("%Y-%m-%d %H:%M:%S UTC")) }
                }
                main {
                    ul.verdict { @for finding in verdict::findings(report) {
                        li class=(finding.tone) { b { (finding.tone) } (finding.text) }
                    } }
                    h2 { "Charts" }
                    div.charts { @for chart in charts::charts(report) { (figure(&chart)) } }
                    h2 { "Report" }
                    pre tabindex="0" { (report.to_text()) }
                    h2 { "Settings, versions and host" }
                    (settings(report))
                }
            }
        }
    };
    page.into_string()
}

fn figure(chart: &Chart) -> Markup {
    let caption = format!("{}-caption", chart.id);
    html! {
        figure #(chart.id) {
            figcaption #(caption) { h3 { (chart.title) } p { (chart.unit) } p { (chart.summary) } }
            @if let Some(plot) = &chart.plot {
                (plot.legend())
                div role="img" aria-labelledby=(caption) { (plot.draw()) }
            }
        }
    }
}

fn settings(report: &Report) -> Markup {
    let redis = report.redis_settings.iter();
    let redis = redis.map(|setting| (format!("Redis: {}", setting.name), setting.value.clone()));
    html! {
        table { tbody { @for (name, value) in report.settings().into_iter().chain(redis) {
            tr { th scope="row" { (name) } td { (value) } }
        } } }
    }
}
