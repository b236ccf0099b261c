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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cost::prices::Architecture;

    /// Four processors, 16 GiB, 0.4 USD an hour.
    fn a_node() -> NodeType {
        NodeType {
            provider: "Hill".into(),
            region: "north".into(),
            name: "four".into(),
            architecture: Architecture::X86,
            vcpus: 4,
            memory_gib: 16.0,
            usd_per_hour: 0.4,
            as_of: "2026-06".into(),
            source: "a page".into(),
        }
    }

    /// 100 us of CPU for an order, 5,000 orders a second, 100 MiB.
    fn a_measurement() -> Measured {
        Measured {
            file: "r.json".into(),
            app_cpu_s: 100e-6,
            redis_cpu_s: 140e-6,
            orders_per_s: 5_000.0,
            app_mib: 100.0,
        }
    }

    fn assumed() -> Assumptions {
        Assumptions {
            multiply: 1.0,
            utilisation: 0.6,
            system_nodes: 1,
            scale_in: Duration::from_mins(10),
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is made for the call")]
    fn a_load(lines: &str, assumed: Assumptions) -> DayLoad {
        DayLoad::of(&Day::parse(&format!("time,orders_per_minute\n{lines}")).unwrap(), &assumed)
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} instead of {expected}");
    }

    /// From 10:00 to 11:00, with edges of a minute.
    const AN_HOUR: &str = "10:00,0\n10:01,3600000\n10:59,3600000\n11:00,0\n";

    #[test]
    fn a_day_worked_out_by_hand_costs_what_it_must() {
        // 60,000 orders a second. A node has 4 processors, used to 60 %, and an order takes 100 us:
        // 24,000 a second from a node, so 3 nodes. The edges are ramps: over 24,000 from 24 s, over
        // 48,000 from 48 s on. A node stays 600 s after it was needed. Node 1: 3600 + 600 = 4200 s;
        // node 2: 3600 - 48 + 600 = 4152 s; node 3: 3600 - 96 + 600 = 4104 s; 12,456 s in all. At
        // 0.4 an hour for a node 1.384, always on 3 * 24 * 0.4 = 28.8, the system node 9.6. With
        // one node at least: 86,400 + 4152 + 4104 = 94,656 s.
        let row = a_load(AN_HOUR, assumed()).row(&a_node(), &a_measurement()).unwrap();
        assert_close(row.orders_per_s_of_a_node, 24_000.0, 1e-6);
        assert_eq!((row.always_on.max_nodes, row.pool_to_zero.max_nodes), (3, 3));
        assert_close(row.always_on.usd, 28.8 + 9.6, 1e-9);
        // A second at each crossing may fall on either side.
        assert_close(row.pool_to_zero.usd, 12_456.0 / 3_600.0 * 0.4 + 9.6, 0.0005);
        assert_close(row.autoscaled.usd, 94_656.0 / 3_600.0 * 0.4 + 9.6, 0.0005);
    }

    #[test]
    fn a_day_without_orders_costs_the_nodes_that_stay() {
        let row = a_load("00:00,0", assumed()).row(&a_node(), &a_measurement()).unwrap();
        assert_close(row.always_on.usd, 24.0 * 2.0 * 0.4, 1e-9);
        assert_close(row.autoscaled.usd, 24.0 * 2.0 * 0.4, 1e-9);
        assert_close(row.pool_to_zero.usd, 24.0 * 0.4, 1e-9);
    }

    #[test]
    fn a_node_is_limited_by_its_memory_and_refused_if_it_is_too_small() {
        // 0.5 GiB, three quarters of it: 384 MiB, 3 copies of 100 MiB with 5,000 orders a second.
        let load = a_load("00:00,60", assumed());
        let rate =
            |memory_gib| load.rate_of(&NodeType { memory_gib, ..a_node() }, &a_measurement());
        assert_eq!(rate(0.5).unwrap(), 15_000.0);
        assert!(
            rate(0.1)
                .unwrap_err()
                .to_string()
                .contains("four: memory_gib: its memory does not hold")
        );
    }

    #[test]
    fn each_factor_is_one_change() {
        // The baseline takes half of the CPU: 2 nodes, the app 3; of half the size 5.
        let baseline = Measured { app_cpu_s: 50e-6, file: "b.json".into(), ..a_measurement() };
        let two = NodeType { name: "two".into(), vcpus: 2, usd_per_hour: 0.15, ..a_node() };
        let load = a_load(AN_HOUR, assumed());
        let factors = load.factors(&baseline, &a_measurement(), &a_node(), &two).unwrap();
        let found: Vec<f64> = factors.iter().map(|factor| factor.factor).collect();
        assert_close(found[0], 4.0 / 3.0, 1e-9);
        assert_close(found[1], (6.0 * 2.0) / (4.0 * 4.0), 1e-9);
        assert_close(found[2], 0.075 / 0.1, 1e-9);
        assert!(found[3] < 1.0 && found[4] < 1.0, "{found:?}");
        // Where one node is enough anyway, less CPU saves nothing.
        let quiet = a_load("00:00,60", assumed());
        let factors = quiet.factors(&baseline, &a_measurement(), &a_node(), &a_node()).unwrap();
        assert_eq!(factors[0].factor, 1.0);
    }
}
