//! The figures of a burst, as JSON and as text.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::verify::Wrong;

/// Order ids shown in the text; the JSON has all of them.
const SHOWN: usize = 20;

/// The report of one burst. Its JSON form is what `--json` writes.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Orders sent.
    pub orders: u64,
    /// Seed of the generated orders; none for a file.
    pub seed: Option<u64>,
    /// The run number mixed into identities; none for a file.
    pub run: Option<u64>,
    /// The file that was sent, if it was one.
    pub file: Option<String>,
    /// Share of orders with a prescription; none for a file.
    pub prescriptions: Option<f64>,
    /// Share of orders that were broken at random; none for a file.
    pub mutated: Option<f64>,
    /// The threshold that lanes were checked with.
    pub complexity_threshold: u32,
    /// Orders found with the confirmation they must have.
    pub confirmed: u64,
    /// Orders found as dead letters with the code they must have.
    pub dead_lettered: u64,
    /// Copies of orders beyond the first.
    pub duplicates: u64,
    /// Orders found nowhere.
    pub lost: u64,
    /// Orders found more than once.
    pub doubled: u64,
    /// Orders with another fate, lane or confirmation than they must have.
    pub wrong: u64,
    /// The orders behind `lost`, `doubled` and `wrong`.
    pub failures: Failures,
    /// Confirmed orders by lane.
    pub lanes: Lanes,
    /// Seconds from release until the last order was acknowledged by the queue.
    pub enqueue_s: f64,
    /// Seconds from release to the last confirmation or dead letter, by the clock of Redis.
    pub total_s: f64,
    /// Orders sent by `total_s`.
    pub orders_per_s: f64,
    /// From ingress to confirmation of an order, in ms by stream ids.
    pub latency_ms: Latency,
    /// CPU seconds from release until all was done.
    pub cpu_s: AppAndRedis,
    /// The most resident memory in MiB meanwhile.
    pub rss_mib: AppAndRedis,
    /// Time from event to an instance that is ready, in microseconds; none where the runtime does not tell.
    pub instance_start_us: Option<InstanceStartUs>,
    /// Instances started; none where the runtime does not tell.
    pub instance_starts: Option<u64>,
    /// Bells that had to be rung again because nothing moved for a second.
    pub metronome_rings: u64,
    /// Orders in the streams before the release; they disturb the figures.
    pub backlog_before: u64,
    /// Version of Redis.
    pub redis_version: String,
    /// Processors of this machine.
    pub cores: usize,
    /// Version of loadtest.
    pub loadtest_version: &'static str,
}

/// The orders that are not where they must be.
#[derive(Debug, Default, Serialize)]
pub struct Failures {
    /// Found nowhere.
    pub lost: Vec<String>,
    /// Found more than once.
    pub doubled: Vec<String>,
    /// Found, but not as they must be.
    pub wrong: Vec<Wrong>,
}

/// Confirmed orders by lane.
#[derive(Debug, Serialize)]
pub struct Lanes {
    /// By receiver-simple.
    pub simple: u64,
    /// By receiver-complex.
    pub complex: u64,
}

/// Percentiles in ms.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// The slowest.
    pub max: u64,
}

/// One figure for each.
#[derive(Debug, Serialize)]
pub struct AppAndRedis {
    /// The app with its children; none without `--app-pid`.
    pub app: Option<f64>,
    /// The server.
    pub redis: f64,
}

/// Percentiles in microseconds.
#[derive(Debug, Serialize)]
pub struct InstanceStartUs {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
}

impl Report {
    /// Whether every order is where it must be.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong == 0
    }

    /// Writes the JSON form.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, mut file: File, path: &Path) -> Result<()> {
        let what = || format!("--json: failed to write {}", path.display());
        serde_json::to_writer_pretty(&mut file, self).with_context(what)?;
        file.write_all(b"\n").with_context(what)
    }

    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let source = match (&self.file, self.seed) {
            (Some(file), _) => format!("from {file}"),
            (None, Some(seed)) => format!("generated with seed {seed}"),
            (None, None) => String::new(),
        };
        let or_none = |figure: Option<String>| figure.unwrap_or_else(|| "not measured".into());
        let per_order = |seconds: f64| match self.orders {
            0 => String::new(),
            orders => format!(" ({:.1} us an order)", seconds * 1e6 / orders as f64),
        };
        writeln!(text, "{} orders {source}", self.orders)?;
        writeln!(text)?;
        writeln!(text, "  enqueued in        {:.3} s", self.enqueue_s)?;
        writeln!(text, "  all done after     {:.3} s, {:.0} orders/s", self.total_s, self.orders_per_s)?;
        let latency = &self.latency_ms;
        writeln!(
            text,
            "  latency            p50 {} ms  p95 {} ms  p99 {} ms  max {} ms",
            latency.p50, latency.p95, latency.p99, latency.max
        )?;
        writeln!(text, "  lanes              simple {}  complex {}", self.lanes.simple, self.lanes.complex)?;
        writeln!(
            text,
            "  CPU                app {}  redis {:.2} s{}",
            or_none(self.cpu_s.app.map(|seconds| format!("{seconds:.2} s{}", per_order(seconds)))),
            self.cpu_s.redis,
            per_order(self.cpu_s.redis)
        )?;
        writeln!(
            text,
            "  peak memory        app {}  redis {:.0} MiB",
            or_none(self.rss_mib.app.map(|mib| format!("{mib:.0} MiB"))),
            self.rss_mib.redis
        )?;
        let starts = self.instance_start_us.as_ref().zip(self.instance_starts);
        writeln!(
            text,
            "  instance starts    {}",
            or_none(starts.map(|(us, starts)| format!("{starts}, p50 {} us  p99 {} us", us.p50, us.p99)))
        )?;
        if self.metronome_rings > 0 {
            writeln!(text, "  metronome          had to ring {} times", self.metronome_rings)?;
        }
        if self.backlog_before > 0 {
            writeln!(text, "  disturbed by       {} orders that were waiting before", self.backlog_before)?;
        }
        writeln!(text)?;
        writeln!(
            text,
            "  confirmed {}  dead-lettered {}  duplicates {}",
            self.confirmed, self.dead_lettered, self.duplicates
        )?;
        writeln!(text, "  lost {}  doubled {}  wrong {}", self.lost, self.doubled, self.wrong)?;
        writeln!(text)?;
        self.failures.write_text(text)?;
        let verdict = if self.is_clean() {
            "every order sent was found exactly once, as it must be"
        } else {
            "FAILED: not every order is where it must be"
        };
        writeln!(text, "{verdict}")
    }
}

impl Failures {
    /// Lists the orders, a limited number of each kind.
    pub(crate) fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let wrong: Vec<String> =
            self.wrong.iter().map(|wrong| format!("{}: {}", wrong.order, wrong.why)).collect();
        for (name, orders) in [("lost", &self.lost), ("doubled", &self.doubled), ("wrong", &wrong)] {
            for order in orders.iter().take(SHOWN) {
                writeln!(text, "{name}: {order}")?;
            }
            if orders.len() > SHOWN {
                writeln!(text, "{name}: {} more, see --json", orders.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}
