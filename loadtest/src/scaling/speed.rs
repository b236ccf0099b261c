//! How fast one replica of each component is, and what an order costs Redis in each of its steps.
//!
//! A report has one figure for the whole app and one for Redis. They are divided by weights, which say what one order takes in a step in
//! proportion to the others. A replica is one instance at a time, which asks Redis and waits for it: so an order takes its CPU time and
//! Redis's, one after the other.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use super::options::SpeedOptions;
use crate::cost::measured::Measured;

/// The three components in the order in which figures stand everywhere.
pub const COMPONENTS: [&str; 3] = ["distributor", "receiver-simple", "receiver-complex"];

/// Share of complex orders among the generated ones, as measured in docs/benchmarks.md.
const COMPLEX_SHARE: f64 = 0.317;

/// Rates of service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// Orders a second of one replica of each component, with Redis to itself.
    pub orders_per_s: [f64; 3],
    /// CPU seconds of Redis to take an order in.
    pub redis_enqueue_s: f64,
    /// CPU seconds of Redis for an order in each component.
    pub redis_s: [f64; 3],
    /// Share of orders that are complex.
    pub complex_share: f64,
    /// What the report measured with one replica of each, in orders a second; none without one.
    pub measured_orders_per_s: Option<f64>,
}

impl Speed {
    /// What the flags and the report say.
    ///
    /// # Errors
    /// When the report cannot be used, or a flag has too many numbers or too few; the text names the flag.
    pub fn of(options: &SpeedOptions) -> Result<Self> {
        let measured =
            options.report.as_deref().map(|path| Measured::read("--report", path)).transpose()?;
        let cpu_weights: [f64; 3] = numbers("--cpu-weights", &options.cpu_weights)?;
        let redis_weights: [f64; 4] = numbers("--redis-weights", &options.redis_weights)?;
        let complex_share = match (options.complex_share, &options.report) {
            (Some(share), _) => share,
            (None, Some(path)) => complex_share(&fs::read_to_string(path).context("--report")?),
            (None, None) => COMPLEX_SHARE,
        };
        // What an order takes on its way: the distributor, then one of the two receivers.
        let [enqueue, routing @ ..] = redis_weights;
        let lanes = [1.0, 1.0 - complex_share, complex_share];
        let on_its_way = |weights: [f64; 3]| {
            weights.iter().zip(lanes).map(|(weight, share)| weight * share).sum::<f64>()
        };
        let redis_total_s = match (options.redis_us, &measured) {
            (Some(us), _) => us / 1e6,
            (None, Some(measured)) => measured.redis_cpu_s,
            (None, None) => 0.0,
        };
        let redis_unit_s = redis_total_s / (enqueue + on_its_way(routing));
        let redis_s = routing.map(|weight| weight * redis_unit_s);
        let orders_per_s = match (options.orders_per_s.as_slice(), &measured) {
            ([], Some(measured)) => {
                let unit_s = measured.app_cpu_s / on_its_way(cpu_weights) / options.replica_cpu;
                std::array::from_fn(|component| {
                    1.0 / (cpu_weights[component] * unit_s + redis_s[component])
                })
            }
            ([], None) => anyhow::bail!("--report: missing, and --orders-per-s as well"),
            ([for_all], _) => [*for_all; 3],
            (three, _) => numbers("--orders-per-s", three)?,
        };
        Ok(Self {
            orders_per_s,
            redis_enqueue_s: enqueue * redis_unit_s,
            redis_s,
            complex_share,
            measured_orders_per_s: measured.map(|measured| measured.orders_per_s),
        })
    }
}

/// Exactly so many numbers.
fn numbers<const COUNT: usize>(flag: &str, given: &[f64]) -> Result<[f64; COUNT]> {
    let numbers = given.try_into().ok();
    numbers.with_context(|| format!("{flag}: expected {COUNT} numbers, found {}", given.len()))
}

/// The report's share of complex orders, or that of the generated ones where it does not tell.
fn complex_share(report: &str) -> f64 {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let lane = |name| report.pointer(name).and_then(Value::as_f64).unwrap_or(0.0);
    let (simple, complex) = (lane("/lanes/simple"), lane("/lanes/complex"));
    if simple + complex > 0.0 { complex / (simple + complex) } else { COMPLEX_SHARE }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;
    use tempfile::NamedTempFile;

    use super::*;

    /// 120 us of the app and 150 of Redis for an order, a quarter of the orders complex.
    fn a_report() -> NamedTempFile {
        let report = json!({
            "shape": {"kind": "burst"}, "confirmed": 10_000, "dead_lettered": 0, "duplicates": 0,
            "total_s": 0.5, "cores": 2, "lanes": {"simple": 7_500, "complex": 2_500},
            "cpu_s": {"app": 1.2, "redis": 1.5}, "rss_mib": {"app": 35.0, "redis": 40.0},
        });
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(report.to_string().as_bytes()).expect("written");
        file
    }

    fn some_options(file: &NamedTempFile) -> SpeedOptions {
        SpeedOptions {
            report: Some(file.path().to_owned()),
            orders_per_s: vec![],
            cpu_weights: vec![1.0, 1.0, 5.0],
            redis_weights: vec![1.0, 2.0, 1.0, 5.0],
            redis_us: None,
            replica_cpu: 1.0,
            complex_share: None,
        }
    }

    #[test]
    fn the_parts_of_a_mean_order_add_up_to_the_report() {
        let file = a_report();
        let speed = Speed::of(&some_options(&file)).expect("a speed");
        assert_eq!(speed.complex_share, 0.25);
        // Redis: 1 + 2 + 0.75 * 1 + 0.25 * 5 = 5 parts of 30 us each.
        let redis_us = speed.redis_s.map(|seconds| (seconds * 1e6).round());
        assert_eq!(((speed.redis_enqueue_s * 1e6).round(), redis_us), (30.0, [60.0, 30.0, 150.0]));
        // The app: 1 + 0.75 + 0.25 * 5 = 3 parts of 40 us. With Redis's 100, 70 and 350 us for an order.
        let us = speed.orders_per_s.map(|rate| (1e6 / rate).round());
        assert_eq!(us, [100.0, 70.0, 350.0]);
        assert_eq!(speed.measured_orders_per_s, Some(20_000.0));
    }

    #[test]
    fn half_a_processor_doubles_the_cpu_time_and_leaves_redis_alone() {
        let file = a_report();
        let options = SpeedOptions { replica_cpu: 0.5, ..some_options(&file) };
        let us =
            Speed::of(&options).expect("a speed").orders_per_s.map(|rate| (1e6 / rate).round());
        assert_eq!(us, [140.0, 110.0, 550.0]);
    }

    #[test]
    fn given_rates_need_no_report_and_then_redis_is_no_limit() {
        let file = a_report();
        let options =
            SpeedOptions { report: None, orders_per_s: vec![50.0], ..some_options(&file) };
        let speed = Speed::of(&options).expect("a speed");
        assert_eq!(
            (speed.orders_per_s, speed.redis_s, speed.complex_share),
            ([50.0; 3], [0.0; 3], 0.317)
        );
        let options =
            SpeedOptions { redis_us: Some(50.0), orders_per_s: vec![3.0, 2.0, 1.0], ..options };
        let speed = Speed::of(&options).expect("a speed");
        assert_eq!(speed.orders_per_s, [3.0, 2.0, 1.0]);
        assert!(speed.redis_enqueue_s > 0.0);
    }

    #[test]
    fn too_few_or_too_many_numbers_are_told_with_their_flag() {
        let file = a_report();
        let why = |options: SpeedOptions| {
            format!("{:#}", Speed::of(&options).expect_err("it is refused"))
        };
        let options = || some_options(&file);
        assert!(
            why(SpeedOptions { cpu_weights: vec![1.0], ..options() })
                .starts_with("--cpu-weights: expected 3")
        );
        assert!(
            why(SpeedOptions { redis_weights: vec![1.0; 3], ..options() })
                .starts_with("--redis-weights: expected 4")
        );
        assert!(
            why(SpeedOptions { orders_per_s: vec![1.0; 2], ..options() })
                .starts_with("--orders-per-s: expected 3")
        );
        assert!(why(SpeedOptions { report: None, ..options() }).starts_with("--report: missing"));
    }
}
