//! The answer for the terminal: tables, then the conclusion in words. Tables are Markdown, so that
//! they can be pasted.

use std::fmt::Write as _;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use super::Answer;
use super::factors::{Factor, Waterfall};
use super::measured::Measured;
use super::options::{Assumptions, RedisPlace};
use super::plan::{DayCost, Row};
use super::prices::Prices;
use super::reference::Published;

/// The answer about a day.
pub fn of_answer(answer: &Answer) -> String {
    let assumed = &answer.assumed;
    let measured = table(&[
        "per order",
        "app CPU",
        "Redis CPU",
        "orders per vCPU-second",
        "with Redis",
        "peak memory",
    ]);
    let measured = with_rows(measured, answer.reports.iter().map(measured_row));
    let ways = table(&[
        "node",
        "arch",
        "vCPU",
        "USD/h",
        "report",
        "nodes at once / in time",
        "always on",
        "autoscaled",
        "pool to zero",
    ]);
    let ways = with_rows(ways, answer.rows.iter().map(|row| ways_row(row, &answer.prices)));
    let mut text = String::new();
    let mut say = |paragraph: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{paragraph}\n");
    };
    say(format!("{}\n{}", day_in_words(answer), assumptions_in_words(assumed)));
    say(measured.to_string());
    say(format!("USD a day, with the system nodes:\n\n{ways}"));
    say(waterfall(&answer.factors));
    say(conclusion(answer).join("\n"));
    say(lines_of("note: ", &answer.warnings));
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The answer about the published reference.
pub fn of_reference(all: &[Published], prices: &Prices) -> String {
    let mut text = format!("The reference's saving, by the prices of {}:\n\n", prices.file);
    // The node that the others are compared with is not compared with itself.
    for one in all.iter().filter(|one| one.published != 1.0) {
        let (published, ratio) = (one.published, one.waterfall.ratio);
        let factors = factors_in_words(&one.waterfall);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "published {published:.2}, by these prices {ratio:.3}: {factors}\n");
        let _ = writeln!(text, "{}\n", waterfall(&one.waterfall));
    }
    text + "Nothing of it is the effect of WebAssembly, and nothing of scaling to zero: any program that runs on such a node pays \
            the same.\n"
}

/// The factors that are not 1, as a product.
fn factors_in_words(waterfall: &Waterfall) -> String {
    let changed = waterfall.factors.iter().filter(|factor| (factor.factor - 1.0).abs() > 1e-9);
    let in_words = |factor: &Factor| {
        let Factor { name, from, to, factor, .. } = factor;
        format!("{factor:.3} ({name}, {from} to {to})")
    };
    let words: Vec<String> = changed.map(in_words).collect();
    if words.is_empty() { "no factor but 1".into() } else { words.join(" times ") }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header);
    table
}

fn with_rows(mut table: Table, rows: impl Iterator<Item = Vec<String>>) -> Table {
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn measured_row(measured: &Measured) -> Vec<String> {
    vec![
        measured.file.clone(),
        format!("{:.1} us", measured.app_cpu_s * 1e6),
        format!("{:.1} us", measured.redis_cpu_s * 1e6),
        format!("{:.0}", 1.0 / measured.app_cpu_s),
        format!("{:.0}", 1.0 / measured.cpu_s()),
        format!("{:.0} MiB", measured.app_mib),
    ]
}

fn ways_row(row: &Row, prices: &Prices) -> Vec<String> {
    let node = prices.nodes.iter().find(|node| node.name == row.node);
    let of_node = node.map_or([const { String::new() }; 3], |node| {
        [node.architecture.to_string(), node.vcpus.to_string(), format!("{:.4}", node.usd_per_hour)]
    });
    let [architecture, vcpus, price] = of_node;
    let usd = |cost: &DayCost| format!("{:.2}", cost.usd);
    vec![
        row.node.clone(),
        architecture,
        vcpus,
        price,
        row.report.clone(),
        format!("{} / {}", row.nodes_at_once, row.nodes_in_time),
        usd(&row.always_on),
        usd(&row.autoscaled),
        usd(&row.pool_to_zero),
    ]
}

fn waterfall(waterfall: &Waterfall) -> String {
    let line = |factor: &Factor| {
        vec![
            factor.name.to_string(),
            factor.from.clone(),
            factor.to.clone(),
            format!("{:.2}", factor.usd),
            format!("x {:.3}", factor.factor),
        ]
    };
    let first = [
        waterfall.from.clone(),
        String::new(),
        String::new(),
        format!("{:.2}", waterfall.usd_from),
    ];
    let last = ["product".into(), String::new(), String::new(), format!("{:.2}", waterfall.usd_to)];
    let rows = [first.into_iter().chain([String::new()]).collect()].into_iter();
    let rows = rows.chain(waterfall.factors.iter().map(line));
    let rows =
        rows.chain([last.into_iter().chain([format!("x {:.3}", waterfall.ratio)]).collect()]);
    with_rows(table(&["changed", "from", "to", "USD a day", "factor"]), rows).to_string()
}

fn day_in_words(answer: &Answer) -> String {
    let (asked, drain_s) = (&answer.asked, answer.assumed.drain_s);
    format!(
        "{}, times {}: {:.0} orders a day. {:.1} orders/s are needed if none may wait, {:.1} if none may wait longer than {drain_s} s.",
        answer.shape,
        answer.assumed.multiply,
        answer.orders,
        asked.at_once_per_s,
        asked.in_time_per_s
    )
}

fn assumptions_in_words(assumed: &Assumptions) -> String {
    let redis = match assumed.redis {
        RedisPlace::System => "Redis is on the system nodes",
        RedisPlace::Workers => {
            "Redis is on the nodes of the app, and its CPU and memory are counted there"
        }
    };
    format!(
        "Processors are used to {:.0} %. {redis}. System nodes: {}. A node works {} s after it is wanted and goes {} s after it was.",
        assumed.utilisation * 100.0,
        assumed.system_nodes,
        assumed.reaction_s,
        assumed.scale_in_s
    )
}

/// What the figures say, and what must not be read into them.
fn conclusion(answer: &Answer) -> Vec<String> {
    let mut words = Vec::new();
    let factors = &answer.factors;
    words.push(match factors.largest() {
        Some(largest) => format!(
            "From {:.2} to {:.2} USD a day, x {:.3}. What does most is \"{}\", x {:.3}.",
            factors.usd_from, factors.usd_to, factors.ratio, largest.name, largest.factor
        ),
        None => format!("{:.2} USD a day, whatever is changed.", factors.usd_from),
    });
    // The last row is that of the baseline, where there is one, on the node which the factors end
    // with.
    if let (Some(_), Some(last)) = (answer.reports.get(1), answer.rows.last()) {
        // The order of the changes is fixed: this one comes first.
        let of_an_order = factors.factors.first().map_or(1.0, |factor| factor.factor);
        words.push(format!(
            "The program itself, compared with the baseline, is x {of_an_order:.3}."
        ));
        // Reckoned anew: nodes are whole, so a change need not do for one program what it does for
        // the other.
        let (first, last) = (factors.usd_from, last.pool_to_zero.usd);
        words.push(format!(
            "For the baseline the other changes are from {first:.2} to {last:.2} USD a day, x {:.3}.",
            last / first
        ));
    }
    // The report's last row is that of the node which the factors end with.
    let row = answer.rows.iter().rev().find(|row| row.report == answer.reports[0].file);
    if let Some(row) = row {
        let used = row.always_on.used.unwrap_or(0.0) * 100.0;
        words.push(format!(
            "Always on, orders use {used:.4} % of the processor time paid for on {}; one such node gives {:.0} orders/s.",
            row.node, row.orders_per_s_of_a_node
        ));
        words.push(format!(
            "The app can be at zero {:.1} h of the day. On nodes that stay this frees {:.0} MiB and saves no money; only a node that goes does. \
             System nodes stay, and Redis.",
            row.app_to_zero.hours_at_zero, row.app_to_zero.freed_mib
        ));
        words.push(format!(
            "With the pool at zero an order waits up to {} s, always on up to {} s.",
            row.pool_to_zero.pool.longest_wait_s, row.always_on.pool.longest_wait_s
        ));
    }
    words
}

fn lines_of(prefix: &str, lines: &[String]) -> String {
    lines.iter().map(|line| format!("{prefix}{line}")).collect::<Vec<_>>().join("\n")
}
