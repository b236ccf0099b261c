//! The result for the terminal: one table of nodes and money, then the factors.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::model::DayCost;
use super::{Assumptions, CostReport, Measured};

pub(super) fn text(answer: &CostReport) -> String {
    let Assumptions { multiply, utilisation, system_nodes, scale_in } = &answer.assumed;
    let scale_in = humantime::format_duration(*scale_in);
    let (day, orders, peak) = (&answer.day, answer.orders, answer.peak_rate);
    let mut text = format!(
        "{day}, times {multiply}: {orders:.0} orders, at most {peak:.1} a second.\n\
         Processors are used to {:.0} %. System nodes: {system_nodes}. An unused node is removed \
         after {scale_in}.\n\n",
        utilisation * 100.0
    );
    for Measured { file, app_cpu_s, redis_cpu_s, app_mib, .. } in &answer.reports {
        let (app, redis) = (app_cpu_s * 1e6, redis_cpu_s * 1e6);
        let cores = redis_cpu_s * peak;
        text += &format!(
            "{file}: an order takes {app:.1} us of the app, which needs {app_mib:.0} MiB, and {redis:.1} us \
             of Redis, {cores:.2} of its one core at the peak\n"
        );
    }
    let table = table(answer);
    text + &format!("\nMaximum number of nodes and USD a day, with system nodes:\n\n{table}\n\n")
        + &factors(answer)
        + "List prices without disks, network, taxes and discounts. A vCPU is assumed to be as fast as \
           one of the measured machine.\n"
}

fn table(answer: &CostReport) -> Table {
    let mut table = Table::new();
    let head = ["node", "vCPU", "USD/h", "report", "always on", "autoscaled", "pool to zero"];
    table.load_preset(ASCII_MARKDOWN).set_header(head);
    let cost = |cost: &DayCost| format!("{} / {:.2}", cost.max_nodes, cost.usd);
    // Each node has a row for each report.
    let nodes = answer.prices.nodes.iter().flat_map(|node| vec![node; answer.reports.len()]);
    for (node, row) in nodes.zip(&answer.rows) {
        table.add_row([
            format!("{} ({:?})", node.name, node.architecture),
            node.vcpus.to_string(),
            format!("{:.4}", node.usd_per_hour),
            row.report.clone(),
            cost(&row.always_on),
            cost(&row.autoscaled),
            cost(&row.pool_to_zero),
        ]);
    }
    table
}

fn factors(answer: &CostReport) -> String {
    let Some(last) = answer.factors.last() else { return String::new() };
    let product: f64 = answer.factors.iter().map(|factor| factor.factor).product();
    let mut text =
        format!("From {:.2} to {:.2} USD a day, x {product:.3}:\n\n", last.usd / product, last.usd);
    for factor in &answer.factors {
        text += &format!("  x {:.3}  {:>9.2}  {}\n", factor.factor, factor.usd, factor.change);
    }
    text + "\n"
}
