//! What a day costs on a type of node, in each of the ways to run it.

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::capacity::{Asked, nodes_for, orders_per_s_of};
use super::factors::Waterfall;
use super::measured::Measured;
use super::options::{Assumptions, Provision, RedisPlace};
use super::pool::{self, PoolDay, Rules};
use super::prices::NodeType;
use crate::day::Day;

/// A day to be planned for.
#[derive(Debug)]
pub struct Load {
    /// What it asks for.
    pub asked: Asked,
    /// Orders of the day.
    pub orders: f64,
    /// The most orders that Redis keeps at a time.
    pub kept_orders: f64,
    /// Orders of each of its seconds.
    arrivals: Vec<f64>,
    /// What was not measured.
    assumed: Assumptions,
}

/// How nodes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As many as the busiest moment needs, around the clock.
    AlwaysOn,
    /// As many as the load needs, never less than the minimum.
    Autoscaled,
    /// The same with a minimum of zero.
    PoolToZero,
}

/// What a day costs in one way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DayCost {
    /// The nodes of the app.
    pub pool: PoolDay,
    /// USD for these.
    pub pool_usd: f64,
    /// USD for the system nodes, which are always on.
    pub system_usd: f64,
    /// Both.
    pub usd: f64,
    /// Share of the processor time of the app's nodes that orders used; none when no node was paid
    /// for.
    pub used: Option<f64>,
}

/// A type of node under a day's load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The node's name.
    pub node: String,
    /// The report's file.
    pub report: String,
    /// Orders a second that a node gives.
    pub orders_per_s_of_a_node: f64,
    /// Nodes with which no order waits.
    pub nodes_at_once: u32,
    /// Nodes with which no order waits longer than `--drain-s`.
    pub nodes_in_time: u32,
    /// Provisioned for the busiest moment.
    pub always_on: DayCost,
    /// Following the load.
    pub autoscaled: DayCost,
    /// The app goes to zero on nodes that stay, as always-on or as autoscaled ones. The bill stays
    /// as well.
    pub app_to_zero: AppToZero,
    /// The nodes go to zero.
    pub pool_to_zero: DayCost,
}

/// What is free on nodes that stay while the app is at zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AppToZero {
    /// Hours of the day without any copy of the app.
    pub hours_at_zero: f64,
    /// Memory of one copy that others can use meanwhile, in MiB.
    pub freed_mib: f64,
    /// What that does to the bill.
    pub factor: f64,
}

impl Load {
    /// A day under these assumptions.
    pub fn of(day: &Day, assumed: &Assumptions) -> Self {
        let day = day.times(assumed.multiply);
        let arrivals = pool::arrivals(&day);
        Self {
            asked: Asked::of(&day, f64::from(assumed.drain_s)),
            orders: day.total(),
            kept_orders: pool::most_within(&arrivals, assumed.retention_s),
            arrivals,
            assumed: assumed.clone(),
        }
    }

    /// What the day costs with this node.
    ///
    /// # Errors
    /// When the node is too small for the app or for Redis.
    pub fn row(&self, node: &NodeType, measured: &Measured) -> Result<Row> {
        let rate = self.rate_of(node, measured)?;
        Ok(Row {
            node: node.name.clone(),
            report: measured.file.clone(),
            orders_per_s_of_a_node: rate,
            nodes_at_once: nodes_for(self.asked.at_once_per_s, rate),
            nodes_in_time: nodes_for(self.asked.in_time_per_s, rate),
            always_on: self.cost(node, measured, Way::AlwaysOn)?,
            autoscaled: self.cost(node, measured, Way::Autoscaled)?,
            app_to_zero: AppToZero {
                hours_at_zero: pool::hours_without_app(&self.arrivals, self.assumed.app_cooldown_s),
                freed_mib: measured.app_mib,
                factor: 1.0,
            },
            pool_to_zero: self.cost(node, measured, Way::PoolToZero)?,
        })
    }

    /// What the day costs with this node in this way.
    ///
    /// # Errors
    /// When the node is too small for the app or for Redis.
    pub fn cost(&self, node: &NodeType, measured: &Measured, way: Way) -> Result<DayCost> {
        let assumed = &self.assumed;
        let orders_per_s = self.rate_of(node, measured)?;
        let asked = match assumed.provision {
            Provision::Peak => self.asked.at_once_per_s,
            Provision::Drain => self.asked.in_time_per_s,
        };
        let most = nodes_for(asked, orders_per_s).max(assumed.min_nodes);
        let least = match (way, assumed.redis) {
            (Way::AlwaysOn, _) => most,
            (Way::Autoscaled, _) => assumed.min_nodes,
            (Way::PoolToZero, RedisPlace::Workers) => 1,
            (Way::PoolToZero, RedisPlace::System) => 0,
        };
        let (drain_s, reaction_s, scale_in_s) =
            (assumed.drain_s, assumed.reaction_s, assumed.scale_in_s);
        let rules = Rules { least, most, orders_per_s, drain_s, reaction_s, scale_in_s };
        let pool = pool::run(&self.arrivals, rules);
        let pool_usd = pool.node_hours * node.usd_per_hour;
        let system_usd = 24.0 * f64::from(assumed.system_nodes) * node.usd_per_hour;
        let cpu_s = match assumed.redis {
            RedisPlace::System => measured.app_cpu_s,
            RedisPlace::Workers => measured.cpu_s(),
        };
        let paid_cpu_s = pool.node_hours * 3_600.0 * node.vcpus;
        let used = (paid_cpu_s > 0.0).then(|| self.orders * cpu_s / paid_cpu_s);
        Ok(DayCost { pool, pool_usd, system_usd, usd: pool_usd + system_usd, used })
    }

    fn rate_of(&self, node: &NodeType, measured: &Measured) -> Result<f64> {
        let redis_mib = measured.redis_mib_for(self.kept_orders);
        ensure!(
            redis_mib <= self.assumed.usable_mib(node),
            "{}: its memory does not hold Redis with {:.0} orders, {redis_mib:.0} MiB by {}; see --nodes and --retention-s",
            node.name,
            self.kept_orders,
            measured.file
        );
        orders_per_s_of(node, measured, redis_mib, &self.assumed)
            .with_context(|| format!("failed to plan for {}", measured.file))
    }

    /// From the baseline on one node, always on, to the app on another node, whose pool goes to
    /// zero.
    ///
    /// # Errors
    /// When a node is too small for the app or for Redis.
    pub fn factors(
        &self,
        baseline: Option<&Measured>,
        measured: &Measured,
        from: &NodeType,
        to: &NodeType,
    ) -> Result<Waterfall> {
        let first = baseline.unwrap_or(measured);
        let usd = |measured: &Measured, node: &NodeType, way| {
            self.cost(node, measured, way).map(|cost| cost.usd)
        };
        let start = format!("{} on {}, always on", first.file, from.name);
        let mut waterfall = Waterfall::new(start, usd(first, from, Way::AlwaysOn)?);
        let of_an_order = |measured: &Measured| match baseline {
            None => "no baseline given".to_string(),
            Some(_) => format!("{:.1} us, {:.0} MiB", measured.app_cpu_s * 1e6, measured.app_mib),
        };
        waterfall.change(
            "CPU and memory of an order",
            of_an_order(first),
            of_an_order(measured),
            usd(measured, from, Way::AlwaysOn)?,
        );
        waterfall.change_node(from, to, |node| usd(measured, node, Way::AlwaysOn))?;
        let hours = |way| Ok::<_, anyhow::Error>(self.cost(to, measured, way)?.pool.node_hours);
        let node_hours = |way| Ok::<_, anyhow::Error>(format!("{:.1} node hours", hours(way)?));
        let (always_on, autoscaled, to_zero) = (
            node_hours(Way::AlwaysOn)?,
            node_hours(Way::Autoscaled)?,
            node_hours(Way::PoolToZero)?,
        );
        let autoscaled_usd = usd(measured, to, Way::Autoscaled)?;
        waterfall.change(
            "idle time: nodes follow the load",
            always_on,
            autoscaled.clone(),
            autoscaled_usd,
        );
        waterfall.change(
            "app to zero on nodes that stay",
            autoscaled.clone(),
            autoscaled.clone(),
            autoscaled_usd,
        );
        waterfall.change(
            "idle time: node pool to zero",
            autoscaled,
            to_zero,
            usd(measured, to, Way::PoolToZero)?,
        );
        waterfall.to = format!("{} on {}, node pool to zero", measured.file, to.name);
        Ok(waterfall)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{a_measurement, a_node};
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "it is made for the call")]
    fn a_load(lines: &str, assumed: Assumptions) -> Load {
        Load::of(
            &Day::parse(&format!("time,orders_per_minute\n{lines}")).expect("a good day"),
            &assumed,
        )
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{found} instead of {expected}"
        );
    }

    /// One hour of work: from 10:00 to 11:00 at `rate` a minute but for the first and the last
    /// minute.
    fn an_hour_of(rate: u32) -> String {
        format!("10:00,0\n10:01,{rate}\n10:59,{rate}\n11:00,0\n")
    }

    #[test]
    fn a_day_without_orders_costs_what_stays() {
        let load = a_load("00:00,0", Assumptions { min_nodes: 2, ..Assumptions::default() });
        let row = load.row(&a_node(), &a_measurement()).expect("a plan");
        // Nodes at 0.4 an hour: one for the system, two for the app.
        assert_close(row.always_on.usd, 24.0 * 3.0 * 0.4);
        assert_close(row.autoscaled.usd, 24.0 * 3.0 * 0.4);
        assert_close(row.pool_to_zero.usd, 24.0 * 0.4);
        assert_eq!(row.pool_to_zero.pool.most_nodes, 0);
        assert_eq!(row.app_to_zero.hours_at_zero, 24.0);
        assert_eq!(row.app_to_zero.factor, 1.0);
    }

    #[test]
    fn a_day_worked_out_by_hand_costs_what_it_must() {
        // 3,600,000 orders a minute are 60,000 a second. A node has 4 processors, used to 60 %, and
        // an order takes 100 us of the app: 24,000 a second from a node, 3 nodes. The load lasts
        // 3600 s, but in the first and the last minute it is a ramp: over 24,000 from 24 s, over
        // 48,000 from 48 s on. A node stays 600 s after it was needed. Working at once: node 1:
        // 3600 + 600 = 4200 s; node 2: 3600 - 48 + 600 = 4152 s; node 3: 3600 - 96 + 600 = 4104 s;
        // 12,456 s in all. At 0.4 an hour for a node: 1.384 for the pool; always on: 3 * 24 * 0.4 =
        // 28.8. The system node: 9.6. Autoscaled with one node at least: 86,400 + 4152 + 4104 =
        // 94,656 s, 10.5173 and the system node. Redis is given next to no memory here, or the
        // day's orders would not fit into a node.
        let assumed = Assumptions { reaction_s: 0, scale_in_s: 600, ..Assumptions::default() };
        let measured = Measured { redis_mib: 1e-3, ..a_measurement() };
        let row =
            a_load(&an_hour_of(3_600_000), assumed).row(&a_node(), &measured).expect("a plan");
        assert_eq!((row.nodes_at_once, row.always_on.pool.most_nodes), (3, 3));
        assert_close(row.always_on.usd, 28.8 + 9.6);
        // A second at each of the crossings may fall on either side: 0.0005 is 4 seconds of a node.
        assert!(
            (row.pool_to_zero.usd - (12_456.0 / 3_600.0 * 0.4 + 9.6)).abs() < 0.0005,
            "{row:?}"
        );
        assert!((row.autoscaled.usd - (94_656.0 / 3_600.0 * 0.4 + 9.6)).abs() < 0.0005, "{row:?}");
        // 60,000 * 3540 orders, each 100 us, of 3 nodes' 4 processors for a day.
        assert_close(
            row.always_on.used.expect("a share"),
            60_000.0 * 3_540.0 * 1e-4 / (12.0 * 86_400.0),
        );
    }

    #[test]
    fn orders_that_may_wait_need_fewer_nodes() {
        let assumed =
            Assumptions { provision: Provision::Drain, drain_s: 3_600, ..Assumptions::default() };
        let measured = Measured { redis_mib: 1e-3, ..a_measurement() };
        let row =
            a_load(&an_hour_of(3_600_000), assumed).row(&a_node(), &measured).expect("a plan");
        assert_eq!(
            (row.nodes_at_once, row.nodes_in_time, row.always_on.pool.most_nodes),
            (3, 2, 2)
        );
        assert!(row.always_on.pool.longest_wait_s <= 3_600);
    }

    #[test]
    fn the_factors_multiply_to_the_ratio_of_the_costs() {
        // The baseline takes half of the CPU; the second node has two processors instead of four,
        // for 0.15 instead of 0.4.
        let assumed = Assumptions { reaction_s: 0, ..Assumptions::default() };
        let load = a_load(&an_hour_of(3_600_000), assumed);
        let measured = Measured { redis_mib: 1e-3, ..a_measurement() };
        let baseline = Measured {
            app_cpu_s: measured.app_cpu_s / 2.0,
            file: "b.json".into(),
            ..measured.clone()
        };
        let (four, two) =
            (a_node(), NodeType { name: "two".into(), vcpus: 2.0, usd_per_hour: 0.15, ..a_node() });
        let waterfall = load.factors(Some(&baseline), &measured, &four, &two).expect("factors");
        let product: f64 = waterfall.factors.iter().map(|factor| factor.factor).product();
        let last = load.cost(&two, &measured, Way::PoolToZero).expect("a cost").usd;
        let first = load.cost(&four, &baseline, Way::AlwaysOn).expect("a cost").usd;
        assert_close(product, last / first);
        assert_close(waterfall.ratio, last / first);
        // Always on with the system node: the baseline needs 60,000 / 48,000, so 2 nodes, the app
        // 3; of half the size 5.
        let factors: Vec<f64> = waterfall.factors.iter().map(|factor| factor.factor).collect();
        assert_close(factors[0], 4.0 / 3.0);
        assert_close(factors[1], (6.0 * 2.0) / (4.0 * 4.0));
        assert_close(factors[2], 0.075 / 0.1);
        assert_eq!(waterfall.factors[4].name, "app to zero on nodes that stay");
        assert_eq!(factors[4], 1.0);
        assert!(factors[3] < 1.0 && factors[5] < 1.0, "{factors:?}");
    }

    #[test]
    fn less_cpu_for_an_order_saves_nothing_where_one_node_is_enough_anyway() {
        let load = a_load("00:00,60", Assumptions::default());
        let baseline = Measured { app_cpu_s: a_measurement().app_cpu_s * 10.0, ..a_measurement() };
        let waterfall =
            load.factors(Some(&baseline), &a_measurement(), &a_node(), &a_node()).expect("factors");
        assert_eq!(waterfall.factors[0].factor, 1.0);
    }

    #[test]
    fn redis_keeps_one_of_the_nodes_it_lives_on() {
        let assumed =
            Assumptions { redis: RedisPlace::Workers, system_nodes: 0, ..Assumptions::default() };
        let row = a_load("00:00,0", assumed).row(&a_node(), &a_measurement()).expect("a plan");
        assert_close(row.pool_to_zero.usd, 24.0 * 0.4);
    }

    #[test]
    fn a_node_that_cannot_hold_redis_is_refused_by_name() {
        // 10,000 orders take 40 MiB; the 86.4 million of this day 337 GiB, the 3 million of 50
        // minutes 11.7 GiB of the 12 GiB that are usable.
        let load = a_load("00:00,60000", Assumptions::default());
        let why = format!("{:#}", load.row(&a_node(), &a_measurement()).expect_err("too small"));
        assert!(why.starts_with("four: its memory does not hold Redis"), "{why}");
        let for_less_time = Assumptions { retention_s: 3_000, ..Assumptions::default() };
        assert!(a_load("00:00,60000", for_less_time).row(&a_node(), &a_measurement()).is_ok());
    }
}
