//! Computes nodes and money from a measured order, a node and a day.
//!
//! A node processes as many orders as its planned CPU time allows, or as the copies of the app in
//! its memory can process, whichever is less. Redis runs on the system nodes. A pool of nodes
//! follows the load second by second: it has the nodes that the present rate needs, and keeps them
//! for the scale-in time.
//!
//! Each factor is the whole cost computed again with one more change, divided by the cost before.
//! So the factors multiply to the ratio of the last cost to the first.

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use super::Assumptions;
use super::measured::Measured;
use super::prices::NodeType;
use crate::day::Day;
use crate::outcome::UsageError;

const DAY: usize = 86_400;
/// More than managed clusters allow in one pool.
const MAX_NODES: u32 = 10_000;
/// Share of a node's memory that is left for the app.
const USABLE_MEMORY: f64 = 0.75;

/// A day under assumptions.
pub(super) struct DayLoad {
    pub(super) orders: f64,
    /// Orders a second.
    pub(super) peak_rate: f64,
    /// Orders of each second.
    arrivals: Vec<f64>,
    assumed: Assumptions,
}

/// One node type under the load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) node: String,
    pub(super) report: String,
    pub(super) orders_per_s_of_a_node: f64,
    pub(super) always_on: DayCost,
    /// Follows the load, one node at least.
    pub(super) autoscaled: DayCost,
    pub(super) pool_to_zero: DayCost,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct DayCost {
    /// Without the system nodes.
    pub(super) max_nodes: u32,
    pub(super) node_hours: f64,
    /// With the system nodes.
    pub(super) usd: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Factor {
    pub(super) change: String,
    /// With all changes up to this one.
    pub(super) usd: f64,
    pub(super) factor: f64,
}

impl DayLoad {
    pub(super) fn of(day: &Day, assumed: &Assumptions) -> Self {
        let Assumptions { multiply, .. } = *assumed;
        // The rate changes linearly between whole minutes, so the value in the middle of a second
        // is exact.
        let rate = |second: u32| day.orders_per_minute(f64::from(second) + 0.5) / 60.0 * multiply;
        Self {
            orders: day.total() * multiply,
            peak_rate: day.peak() / 60.0 * multiply,
            arrivals: (0..DAY as u32).map(rate).collect(),
            assumed: assumed.clone(),
        }
    }

    pub(super) fn row(&self, node: &NodeType, measured: &Measured) -> Result<Row> {
        let rate = self.rate_of(node, measured)?;
        let nodes = nodes_for(self.peak_rate, rate).max(1);
        if nodes > MAX_NODES {
            bail!(UsageError(format!(
                "--day, --multiply: the peak of {:.0} orders a second takes {nodes} nodes of {}; at \
                 most {MAX_NODES} can be computed",
                self.peak_rate, node.name
            )));
        }
        let pool = |min| {
            let (max_nodes, node_hours) = self.pool(min, rate);
            self.cost(node, max_nodes, node_hours)
        };
        Ok(Row {
            node: node.name.clone(),
            report: measured.file.clone(),
            orders_per_s_of_a_node: rate,
            always_on: self.cost(node, nodes, 24.0 * f64::from(nodes)),
            autoscaled: pool(1),
            pool_to_zero: pool(0),
        })
    }

    /// From the baseline, always on, to the report on another node in a pool that goes to zero.
    pub(super) fn factors(
        &self,
        baseline: &Measured,
        measured: &Measured,
        from: &NodeType,
        to: &NodeType,
    ) -> Result<Vec<Factor>> {
        let [from_usd, to_usd] = [from, to].map(|node| node.usd_per_hour / f64::from(node.vcpus));
        let resized = NodeType { usd_per_hour: from_usd * f64::from(to.vcpus), ..to.clone() };
        let last = self.row(to, measured)?;
        let price = format!(
            "price of a vCPU: {from_usd:.4} USD/h ({:?}) to {to_usd:.4} ({:?})",
            from.architecture, to.architecture
        );
        let order = format!("CPU and memory of an order: {} to {}", baseline.file, measured.file);
        let size = format!("size of a node: {} vCPUs of {} to {}", from.vcpus, from.name, to.vcpus);
        let steps = [
            (order, self.row(from, measured)?.always_on.usd),
            (size, self.row(&resized, measured)?.always_on.usd),
            (price, last.always_on.usd),
            ("nodes follow the load".into(), last.autoscaled.usd),
            ("the node pool goes to zero".into(), last.pool_to_zero.usd),
        ];
        let mut before = self.row(from, baseline)?.always_on.usd;
        let factors = steps.into_iter().map(|(change, usd)| {
            let factor = usd / std::mem::replace(&mut before, usd);
            Factor { change, usd, factor }
        });
        Ok(factors.collect())
    }

    fn cost(&self, node: &NodeType, max_nodes: u32, node_hours: f64) -> DayCost {
        let system_hours = 24.0 * f64::from(self.assumed.system_nodes);
        DayCost { max_nodes, node_hours, usd: (node_hours + system_hours) * node.usd_per_hour }
    }

    /// Orders a second that a node processes.
    fn rate_of(&self, node: &NodeType, measured: &Measured) -> Result<f64> {
        let usable_mib = node.memory_gib * 1024.0 * USABLE_MEMORY;
        let copies = (usable_mib / measured.app_mib).floor();
        let name = &node.name;
        let what = "its memory does not hold one copy of the app";
        ensure!(copies >= 1.0, "--prices, --nodes: {name}: memory_gib: {what}");
        let by_cpu = f64::from(node.vcpus) * self.assumed.utilisation / measured.app_cpu_s;
        Ok(by_cpu.min(copies * measured.orders_per_s))
    }

    /// The maximum number of nodes, and the node hours of a day. Two days are simulated and the
    /// second one counts, because it starts in the state in which it ends.
    fn pool(&self, min: u32, orders_per_s: f64) -> (u32, f64) {
        let max = nodes_for(self.peak_rate, orders_per_s).max(min);
        let scale_in_s = self.assumed.scale_in.as_secs() as usize;
        // For each node, until when it is billed.
        let mut until = vec![0; max as usize];
        let (mut max_nodes, mut node_s) = (0, 0);
        for second in 0..2 * DAY {
            let requested = nodes_for(self.arrivals[second % DAY], orders_per_s).clamp(min, max);
            until[..requested as usize].fill(second + scale_in_s + 1);
            if second >= DAY {
                let nodes = until.partition_point(|end| *end > second) as u32;
                node_s += u64::from(nodes);
                max_nodes = max_nodes.max(nodes);
            }
        }
        (max_nodes, node_s as f64 / 3_600.0)
    }
}

/// Whole nodes. A rounding error must not add one.
fn nodes_for(orders_per_s: f64, of_a_node: f64) -> u32 {
    (orders_per_s / of_a_node - 1e-9).ceil().max(0.0) as u32
}

#[cfg(test)]
mod tests;
