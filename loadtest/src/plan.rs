//! What a command line means: which orders are due when, and how they are sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use redis::IntoConnectionInfo;

use crate::day::{Day, SECONDS_PER_DAY};
use crate::generate::Generator;
use crate::options::{
    BurstOptions, CurveOptions, Generated, Load, Paced, Recipe, ReplayOptions, SteadyOptions,
    Target,
};
use crate::outcome::UsageError;
use crate::report::{Arrivals, Door, Report, Shape, Via};
use crate::schedule::{Segment, due_us};
use crate::source::Source;

pub(crate) struct Plan {
    /// The report, with the fields that are known before the run.
    pub(crate) report: Report,
    pub(crate) source: Arc<Source>,
    /// When each order is due, in microseconds since the release.
    pub(crate) due_us: Box<dyn Iterator<Item = u64> + Send>,
    pub(crate) orders: u64,
    /// The queue may know at most this many of the first orders from an earlier run.
    pub(crate) may_be_known: u64,
}

impl Plan {
    pub(crate) fn new(load: &Load) -> Result<Self> {
        let target = load.target();
        check_secrets(target)?;
        let mut plan = match load {
            Load::Burst(options) => burst(options)?,
            Load::Steady(options) => steady(options),
            Load::Curve(options) => curve(options)?,
            Load::Replay(options) => replay(options)?,
        };
        if plan.report.mutated > Some(0.0) && target.via == Door::Http {
            let why =
                "--mutated: invalid orders break the request that carries them; use --via redis";
            bail!(UsageError(why.into()));
        }
        plan.report.via = via(target);
        plan.report.queue = target.queue.to_string();
        plan.report.complexity_threshold = target.complexity_threshold;
        Ok(plan)
    }

    fn generated(
        shape: Shape,
        generated: Generated,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
        orders: u64,
    ) -> Self {
        let Recipe { seed, prescriptions, mutated } = generated.recipe;
        // A run number from the clock is new: no queue knows its orders. But a mutated order may have
        // lost the identity that the run gives it.
        let is_new = generated.run.is_none() && mutated == 0.0;
        let may_be_known = if is_new { 0 } else { orders };
        let run = generated.run.unwrap_or_else(clock);
        let source = Arc::new(Source::generated(Generator::new(generated.recipe, run)));
        let report = Report {
            shape,
            seed: Some(seed),
            run: Some(run),
            prescriptions: Some(prescriptions),
            mutated: Some(mutated),
            ..Report::default()
        };
        Self { report, source, due_us, orders, may_be_known }
    }

    fn file(
        shape: Shape,
        path: &Path,
        source: Source,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
    ) -> Self {
        let orders = source.len().unwrap_or_default();
        let file = Some(path.display().to_string());
        let report = Report { shape, file, ..Report::default() };
        Self { report, source: Arc::new(source), due_us, orders, may_be_known: orders }
    }

    /// Orders at a rate that changes with time; how many is exact for even arrivals only.
    fn at_rates(shape: Shape, paced: &Paced, segments: Vec<Segment>) -> Self {
        let Paced { arrivals, generated, .. } = *paced;
        let orders: f64 = segments.iter().map(Segment::orders).sum();
        let due_us = due_us(segments, arrivals, generated.recipe.seed);
        let mut plan = Self::generated(shape, generated, Box::new(due_us), whole(orders));
        if arrivals == Arrivals::Random && plan.may_be_known > 0 {
            // Ten standard deviations more: no run has as many.
            plan.may_be_known += (10.0 * orders.sqrt()) as u64 + 10;
        }
        plan
    }
}

/// Here and not by clap, whose errors show the value.
fn check_secrets(target: &Target) -> Result<()> {
    let is_url = target.redis_url.as_str().into_connection_info().is_ok();
    let expected = "--redis-url: expected a URL such as redis://127.0.0.1:6379";
    ensure!(is_url, UsageError(expected.into()));
    let token = target.api_token.as_deref().unwrap_or_default();
    let is_token = token.bytes().all(|byte| byte.is_ascii_graphic());
    let expected = "--api-token: expected ASCII characters without spaces and line ends";
    ensure!(is_token, UsageError(expected.into()));
    Ok(())
}

/// How orders are sent. The defaults depend on the door.
fn via(target: &Target) -> Via {
    let (connections, batch) = match target.via {
        Door::Redis => (1, 1_000),
        Door::Http => (8, 100),
    };
    Via {
        door: target.via,
        connections: target.connections.map_or(connections, usize::from),
        batch: target.batch.map_or(batch, |batch| batch as usize),
    }
}

fn burst(options: &BurstOptions) -> Result<Plan> {
    if let Some(path) = &options.file {
        let source = Source::file(path).context("--file")?;
        let due_us = std::iter::repeat_n(0, source.len().unwrap_or_default() as usize);
        Ok(Plan::file(Shape::Burst {}, path, source, Box::new(due_us)))
    } else {
        let due_us = std::iter::repeat_n(0, options.orders as usize);
        Ok(Plan::generated(Shape::Burst {}, options.generated, Box::new(due_us), options.orders))
    }
}

fn steady(options: &SteadyOptions) -> Plan {
    let SteadyOptions { rate, duration, ref paced } = *options;
    let duration_s = duration.as_secs_f64();
    let shape = Shape::Steady { rate, duration_s, arrivals: paced.arrivals };
    Plan::at_rates(shape, paced, vec![Segment::constant(duration_s, rate)])
}

fn curve(options: &CurveOptions) -> Result<Plan> {
    let CurveOptions { curve, compress, days, orders, paced } = options;
    let day = Day::of_flag(curve.as_deref(), "--curve")?;
    ensure!(day.total() > 0.0, "--curve: the day has no orders");
    let orders_per_day = orders.map_or(day.total(), |orders| orders as f64);
    let grow = orders_per_day / day.total();
    let rate = |per_minute: f64| per_minute / 60.0 * compress * grow;
    let segments = day.knots.windows(2).map(|knots| Segment {
        duration_s: (knots[1].0 - knots[0].0) / compress,
        from: rate(knots[0].1),
        to: rate(knots[1].1),
    });
    let one_day: Vec<Segment> = segments.collect();
    let shape = Shape::Curve {
        curve: curve.as_ref().map(|path| path.display().to_string()),
        compress: *compress,
        day_s: SECONDS_PER_DAY / compress,
        days: *days,
        orders_per_day,
        arrivals: paced.arrivals,
    };
    Ok(Plan::at_rates(shape, paced, one_day.repeat(*days as usize)))
}

fn replay(options: &ReplayOptions) -> Result<Plan> {
    let ReplayOptions { file, speed, .. } = options;
    let (source, placed_us) =
        Source::file(file).and_then(Source::in_order_of_placing).context("FILE")?;
    let first_us = placed_us.first().copied().unwrap_or_default();
    let speed = *speed;
    let due_us = placed_us
        .into_iter()
        .map(move |placed_us| ((placed_us - first_us) as f64 / speed).round() as u64);
    Ok(Plan::file(Shape::Replay { speed }, file, source, Box::new(due_us)))
}

/// Orders until the end of a shape: one is due at its start. A rounding error is none.
fn whole(orders: f64) -> u64 {
    (orders - 1e-6).ceil().max(0.0) as u64
}

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Result<Plan> {
        Plan::new(&Load::parse(arguments.iter().copied())?)
    }

    fn due_s(arguments: &[&str]) -> Vec<f64> {
        plan(arguments).unwrap().due_us.map(|us| us as f64 / 1e6).collect()
    }

    #[test]
    fn orders_whose_identity_may_be_that_of_an_earlier_run_are_looked_up() {
        for (arguments, expected) in [
            (&["burst", "--orders", "7"][..], 0),
            (&["burst", "--orders", "7", "--run", "1"], 7),
            (&["burst", "--orders", "7", "--mutated", "0.1"], 7),
            (&["steady", "--rate", "7", "--duration", "1s", "--mutated", "0.1"], 7),
        ] {
            assert_eq!(plan(arguments).unwrap().may_be_known, expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_orders_of_a_burst_are_due_at_once() {
        assert_eq!(due_s(&["burst", "--orders", "3"]), [0.0; 3]);
    }

    fn a_curve(folder: &Path, lines: &str) -> String {
        let path = folder.join("day.csv");
        std::fs::write(&path, format!("time,orders_per_minute\n{lines}")).unwrap();
        path.display().to_string()
    }

    #[test]
    fn a_curve_has_the_orders_asked_for_and_quiet_hours() {
        let folder = tempfile::tempdir().unwrap();
        let path = a_curve(folder.path(), "00:00,0\n06:00,0\n12:00,10\n18:00,0\n");
        // A day takes a minute.
        let arguments = ["--compress", "1440x", "--days", "2", "--orders", "1000"];
        let due = due_s(&[&["curve", "--curve", &path][..], &arguments].concat());
        assert_eq!(due.len(), 2_000);
        // Before and after the peak a quarter of the day is empty.
        assert!(due.iter().all(|at| (15.0..=45.0).contains(&(at % 60.0))));
        // Half of a day's orders are due before noon.
        assert_eq!(due.iter().filter(|at| **at < 30.0).count(), 500);
        let own = plan(&["curve", "--curve", &path]).unwrap();
        // A triangle of twelve hours and 10 a minute.
        assert_eq!(own.orders, 3_600);
        // A day in 12 s, with over a million orders a second at its peak.
        assert_eq!(plan(&["curve", "--compress", "7200x"]).unwrap().orders, 134_590);
    }

    #[test]
    fn a_curve_may_have_spikes_with_pauses_between_them() {
        let folder = tempfile::tempdir().unwrap();
        // 60 orders within a minute, twice; an hour lies between them.
        let spikes = "09:59,0\n10:00,60\n10:01,60\n10:02,0\n11:00,0\n11:01,120\n11:02,0\n";
        let path = a_curve(folder.path(), spikes);
        let due = due_s(&["curve", "--curve", &path, "--compress", "60x"]);
        assert_eq!(due.len(), 240);
        let gap = due.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        assert!((57.0..60.0).contains(&gap), "58 minutes are 58 s: {gap}");
    }

    #[test]
    fn a_replay_keeps_the_gaps_and_sorts_what_was_written_out_of_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.ndjson");
        let line = |time: &str, number: u32| {
            format!(r#"{{"orderId":{number},"placedAt":"2026-01-05T08:00:{time}Z"}}"#)
        };
        std::fs::write(&path, [line("10", 1), line("04.500", 2), line("06", 3)].join("\n"))
            .unwrap();
        let plan = plan(&["replay", path.to_str().unwrap(), "--speed", "10"]).unwrap();
        let ids: Vec<String> =
            (0..3).map(|at| String::from_utf8(plan.source.order(at).unwrap()).unwrap()).collect();
        assert!(
            ids[0].contains(":2,") && ids[1].contains(":3,") && ids[2].contains(":1,"),
            "{ids:?}"
        );
        assert_eq!(plan.due_us.collect::<Vec<_>>(), [0, 150_000, 550_000]);
    }

    #[test]
    fn what_cannot_be_planned_names_the_flag() {
        for (arguments, expected) in [
            (&["burst", "--file", "/nonexistent"][..], "--file"),
            (&["curve", "--curve", "/nonexistent"], "--curve"),
            (&["curve", "--compress", "0x"], "--compress"),
            (&["curve", "--orders", "18446744073709551615"], "--orders"),
            (&["replay", "/nonexistent"], "FILE"),
            (&["steady", "--rate", "0"], "--rate"),
            (&["steady", "--rate", "NaN"], "--rate"),
            (&["steady"], "--rate"),
            (&["steady", "--rate", "1", "--duration", "30"], "--duration"),
            (&["burst", "--via", "http", "--mutated", "0.5"], "--mutated"),
            (&["burst", "--connections", "0"], "--connections"),
            (&["burst", "--connections", "-5"], "'--connections"),
            (&["burst", "--redis-url", "hush"], "--redis-url: expected"),
            (&["burst", "--api-token", "hush\n"], "--api-token: expected"),
            (&["replay", "x", "--seed", "1"], "--seed"),
        ] {
            let error = format!("{:#}", plan(arguments).err().expect("it is refused"));
            assert!(error.contains(expected), "{arguments:?}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
