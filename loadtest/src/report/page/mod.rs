//! A report as one HTML file that needs nothing else: no host, no script, no font.
//!
//! - this file: the page
//! - [`charts`], [`latency`]: what is shown
//! - [`chart`]: what a chart consists of
//! - [`series`], [`axis`], [`plot`]: how it is drawn
//!
//! The templates of maud escape all text of a report. A policy in the page forbids it to load or
//! run anything, so that a mistake there could not reach out.

mod axis;
mod chart;
mod charts;
mod latency;
mod plot;
mod series;
mod style;

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::units::{count, digits, rate, time};
use super::verdict::{self, Tone};
use super::{Failures, Report};
use chart::Chart;

const SHOWN: usize = 50;

/// The page.
pub fn page(report: &Report) -> Result<String> {
    let drawn: Vec<Markup> = charts::charts(report).iter().map(figure).collect::<Result<_>>()?;
    let title = format!("{} orders: {}", count(report.orders), report.shape.in_words());
    let body = html! {
        header {
            h1 { (title) }
            p.lead { (report.source()) ", " (report.via.in_words()) ", " (report.started_at.format("%Y-%m-%d %H:%M:%S UTC")) }
        }
        main {
            section aria-labelledby="verdict" { h2 #verdict { "Verdict" } (verdict_list(report)) (tiles(report)) (failures(&report.failures)) }
            section aria-labelledby="charts" { h2 #charts { "Charts" } div.charts { @for chart in &drawn { (chart) } } }
            section aria-labelledby="latencies" { h2 #latencies { "Latencies" } (latencies(report)) }
            @if report.consumers().len() > 1 {
                section aria-labelledby="shares" { h2 #shares { "Who did the work" } (shares(report)) }
            }
            @if !report.rejected.is_empty() {
                section aria-labelledby="rejected" { h2 #rejected { "Rejected" } (rejected(report)) }
            }
            section aria-labelledby="settings" { h2 #settings { "Settings, versions and host" } (settings(report)) }
        }
    };
    Ok(document(&title, &body))
}

fn document(title: &str, body: &Markup) -> String {
    // Nothing may be loaded or run, and only the style sheet below may style.
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style::sheet())) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

fn verdict_list(report: &Report) -> Markup {
    html! {
        ul.verdict {
            @for finding in verdict::findings(report) {
                li class=(tone_class(finding.tone)) { b { (finding.tone.word()) } (finding.text) }
            }
        }
    }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Note => "note",
        Tone::Warning => "warning",
        Tone::Failed => "failed",
    }
}

fn tiles(report: &Report) -> Markup {
    let not_measured = || "not measured".to_owned();
    let per_order = |seconds: f64| {
        report
            .us_per_order(seconds)
            .map_or_else(|| "no order done".into(), |us| format!("{} us", digits(us)))
    };
    let tiles = [
        ("orders sent", count(report.orders)),
        ("confirmed", count(report.confirmed)),
        (
            "lost, late, confirmed twice, wrong",
            [report.lost, report.late, report.confirmed_twice, report.wrong].map(count).join(", "),
        ),
        ("all acknowledged after", time(report.enqueue_s * 1e3)),
        ("all done after", time(report.total_s * 1e3)),
        ("throughput", rate(report.orders_per_s)),
        ("latency p50", time(report.latency_ms.p50)),
        ("latency p99", time(report.latency_ms.p99)),
        ("CPU of the app an order", report.cpu_s.app.map_or_else(not_measured, per_order)),
        ("CPU of Redis an order", per_order(report.cpu_s.redis)),
        (
            "peak memory of the app",
            report.rss_mib.app.map_or_else(not_measured, |mib| format!("{} MiB", digits(mib))),
        ),
        ("peak memory of Redis", format!("{} MiB", digits(report.rss_mib.redis))),
    ];
    html! { dl.tiles { @for (name, figure) in tiles { div { dt { (name) } dd { (figure) } } } } }
}

fn failures(failures: &Failures) -> Markup {
    let named = |order: &String| html! { code { (order) } };
    let wrong =
        failures.wrong.iter().map(|wrong| html! { code { (wrong.order) } ": " (wrong.why) });
    let kinds: [(&str, Vec<Markup>); 3] = [
        ("lost", failures.lost.iter().map(named).collect()),
        ("confirmed twice", failures.confirmed_twice.iter().map(named).collect()),
        ("wrong", wrong.collect()),
    ];
    html! {
        @for (name, orders) in kinds {
            @if !orders.is_empty() {
                details {
                    summary { "The orders that are " (name) ", by id: " (count(orders.len() as u64)) }
                    ul { @for order in orders.iter().take(SHOWN) { li { (order) } } }
                    @if orders.len() > SHOWN { p { (count((orders.len() - SHOWN) as u64)) " more are named in the JSON." } }
                }
            }
        }
    }
}

fn figure(chart: &Chart) -> Result<Markup> {
    let svg = chart.plot.as_ref().map(plot::Plot::draw).transpose()?;
    let caption = format!("{}-caption", chart.id);
    Ok(html! {
        figure #(chart.id) {
            figcaption #(caption) { h3 { (chart.title) } p { (chart.unit) } p { (chart.summary) } }
            @if svg.is_some() && !chart.legend.is_empty() {
                ul.legend { @for (slot, key, name) in &chart.legend {
                    li { span class={ "key " (slot.class()) " " (key.class()) } aria-hidden="true" {} (name) }
                } }
            }
            @match svg {
                Some(svg) => div role="img" aria-labelledby=(caption) { (PreEscaped(svg)) },
                None => p.none { "no data" },
            }
        }
    })
}

fn latencies(report: &Report) -> Markup {
    let names = ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"];
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "from, to" } @for name in names { th scope="col" { (name) } } } }
            tbody { @for (name, latency) in report.latencies() {
                tr { th scope="row" { (name) } @for figure in latency.figures() { td { (report.marked(name, figure, time(figure))) } } }
            } }
        } }
        p { small { "Latency counts from the moment an order was due, whether or not it could be sent then." } }
    }
}

fn shares(report: &Report) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "consumer" } th scope="col" { "stream" } th scope="col" { "orders" } } }
            tbody { @for share in &report.shares {
                tr { td { (share.consumer) } td { (share.stream) } td { (count(share.orders)) } }
            } }
        } }
    }
}

fn rejected(report: &Report) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "answer" } th scope="col" { "orders" } th scope="col" { "processed anyway" } } }
            tbody { @for kind in &report.rejected {
                tr { td { (kind.answer) } td { (count(kind.orders)) } td { (count(kind.processed_anyway)) } }
            } }
        } }
    }
}

fn settings(report: &Report) -> Markup {
    let mut rows: Vec<(String, String)> = report.settings();
    rows.extend(
        report
            .redis_settings
            .iter()
            .map(|setting| (format!("Redis: {}", setting.name), setting.value.clone())),
    );
    html! {
        div.scroll { table.words { tbody { @for (name, value) in rows {
            tr { th scope="row" { (name) } td { (value) } }
        } } } }
    }
}
