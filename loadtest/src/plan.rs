//! What a command line means: which orders are due when, and how they are sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use redis::IntoConnectionInfo;

use crate::day::{Day, SECONDS_PER_DAY};
use crate::generate::Generator;
use crate::options::{Generated, Load, Paced, Recipe, Target};
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
            Load::Burst { orders, file, generated, .. } => {
                burst(*orders, file.as_deref(), *generated)?
            }
            Load::Steady { rate, duration, paced } => steady(*rate, *duration, paced),
            Load::Curve { curve, compress, days, orders, paced } => {
                self::curve(curve.as_deref(), *compress, *days, *orders, paced)?
            }
            Load::Replay { file, speed, .. } => replay(file, *speed)?,
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
        let is_new = generated.run.is_none();
        let may_be_known = if is_new && mutated == 0.0 { 0 } else { orders };
        let run = generated.run.unwrap_or_else(clock);
        let mut generator = Generator::new(generated.recipe, run);
        generator.is_new = is_new;
        let source = Arc::new(Source::generated(generator));
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

fn burst(orders: u64, file: Option<&Path>, generated: Generated) -> Result<Plan> {
    if let Some(path) = file {
        let source = Source::file(path).context("--file")?;
        let due_us = std::iter::repeat_n(0, source.len().unwrap_or_default() as usize);
        Ok(Plan::file(Shape::Burst {}, path, source, Box::new(due_us)))
    } else {
        let due_us = std::iter::repeat_n(0, orders as usize);
        Ok(Plan::generated(Shape::Burst {}, generated, Box::new(due_us), orders))
    }
}

fn steady(rate: f64, duration: Duration, paced: &Paced) -> Plan {
    let duration_s = duration.as_secs_f64();
    let shape = Shape::Steady { rate, duration_s, arrivals: paced.arrivals };
    Plan::at_rates(shape, paced, vec![Segment::constant(duration_s, rate)])
}

fn curve(
    curve: Option<&Path>,
    compress: f64,
    days: u32,
    orders: Option<u64>,
    paced: &Paced,
) -> Result<Plan> {
    let day = Day::of_flag(curve, "--curve")?;
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
        curve: curve.map(|path| path.display().to_string()),
        compress,
        day_s: SECONDS_PER_DAY / compress,
        days,
        orders_per_day,
        arrivals: paced.arrivals,
    };
    Ok(Plan::at_rates(shape, paced, one_day.repeat(days as usize)))
}

fn replay(file: &Path, speed: f64) -> Result<Plan> {
    let (source, placed_us) =
        Source::file(file).and_then(Source::in_order_of_placing).context("FILE")?;
    let first_us = placed_us.first().copied().unwrap_or_default();
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
mod tests;
