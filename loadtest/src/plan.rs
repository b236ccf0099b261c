//! What a command line means: which orders are due when, and how they are sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::cli::{
    BurstOptions, Generated, Load, Paced, ReplayOptions, SoakOptions, SpikesOptions, SteadyOptions,
    Target, WaveOptions,
};
use crate::day::{Day, SECONDS_PER_DAY};
use crate::generate::Generator;
use crate::report::{Door, Shape, Via};
use crate::schedule::{Segment, due_us};
use crate::source::Source;

/// The built-in day.
const DAY: &str = include_str!("../shapes/day.csv");

/// A run before it begins.
pub struct Plan {
    /// What the report says of the shape.
    pub shape: Shape,
    /// The orders.
    pub source: Arc<Source>,
    /// When each is due, in microseconds since the release.
    pub due_us: Box<dyn Iterator<Item = u64> + Send>,
    /// How many there are.
    pub orders: u64,
    /// The orders that the queue may know from an earlier run: the first so many, none where the
    /// run is new.
    pub may_be_known: u64,
    /// What the report says of generated orders; none for a file.
    pub generated: Option<Generated>,
    /// The file that is sent, if it is one.
    pub file: Option<String>,
    /// How orders are sent.
    pub via: Via,
}

impl Plan {
    /// Makes a plan.
    ///
    /// # Errors
    /// When a file cannot be used, or flags do not go together.
    pub fn new(load: &Load) -> Result<Self> {
        let mut plan = match load {
            Load::Burst(options) => burst(options)?,
            Load::Steady(options) => steady(options),
            Load::Wave(options) => wave(options)?,
            Load::Spikes(options) => spikes(options),
            Load::Soak(options) => soak(options),
            Load::Replay(options) => replay(options)?,
        };
        plan.via = via(load.target());
        let mutates = plan.generated.is_some_and(|generated| generated.recipe.mutated > 0.0);
        if mutates && plan.via.door == Door::Http {
            bail!(
                "--mutated: broken orders break the request that carries them; send them with --via redis"
            );
        }
        Ok(plan)
    }

    /// Whether results are checked while orders are still being sent. A burst is checked
    /// afterwards: checking takes the processor that the system under test needs, and it is over
    /// soon.
    pub fn verifies_meanwhile(&self) -> bool {
        !matches!(self.shape, Shape::Burst { .. })
    }

    /// Orders made by a generator.
    fn generated(
        shape: Shape,
        generated: Generated,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
        orders: u64,
    ) -> Self {
        // A run of the clock is new: no queue knows its orders.
        let may_be_known = generated.run.map_or(0, |_| orders);
        let run = generated.run.unwrap_or_else(clock);
        let source = Source::generated(Generator::new(generated.recipe, run));
        Self {
            shape,
            source: Arc::new(source),
            due_us,
            orders,
            may_be_known,
            generated: Some(Generated { run: Some(run), ..generated }),
            file: None,
            via: Via { door: Door::Redis, connections: 1, batch: 1 },
        }
    }

    /// The orders of a file.
    fn file(
        shape: Shape,
        path: &Path,
        source: Source,
        due_us: Box<dyn Iterator<Item = u64> + Send>,
    ) -> Self {
        let orders = source.len().unwrap_or_default();
        Self {
            shape,
            source: Arc::new(source),
            due_us,
            orders,
            may_be_known: orders,
            generated: None,
            file: Some(path.display().to_string()),
            via: Via { door: Door::Redis, connections: 1, batch: 1 },
        }
    }

    /// Orders at a rate that changes with time.
    fn at_rates(shape: Shape, paced: &Paced, segments: Vec<Segment>) -> Self {
        let Paced { arrivals, generated, .. } = *paced;
        let seed = generated.recipe.seed;
        // Cheap, and exact for random arrivals too: the same seed gives the same times.
        let orders = due_us(segments.clone(), arrivals, seed).count() as u64;
        let due_us = due_us(segments, arrivals, seed);
        Self::generated(shape, generated, Box::new(due_us), orders)
    }
}

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
    let shape = Shape::Burst { scheduled: options.scheduled };
    if let Some(path) = &options.file {
        let source = Source::file(path).context("--file")?;
        let due_us = std::iter::repeat_n(0, source.len().unwrap_or_default() as usize);
        Ok(Plan::file(shape, path, source, Box::new(due_us)))
    } else {
        let due_us = std::iter::repeat_n(0, options.orders as usize);
        Ok(Plan::generated(shape, options.generated, Box::new(due_us), options.orders))
    }
}

fn steady(options: &SteadyOptions) -> Plan {
    let SteadyOptions { rate, duration_s, ref paced } = *options;
    let shape = Shape::Steady { rate, duration_s, arrivals: paced.arrivals };
    Plan::at_rates(shape, paced, vec![Segment::constant(duration_s, rate)])
}

fn soak(options: &SoakOptions) -> Plan {
    let SoakOptions { hours, rate, ref paced } = *options;
    let shape = Shape::Soak { rate, hours, arrivals: paced.arrivals };
    Plan::at_rates(shape, paced, vec![Segment::constant(hours * 3_600.0, rate)])
}

fn wave(options: &WaveOptions) -> Result<Plan> {
    let day = match &options.day {
        Some(path) => Day::read(path).context("--day")?,
        None => Day::parse(DAY).context("the built-in day")?,
    };
    if day.total() <= 0.0 {
        bail!("--day: the day has no orders");
    }
    let day_s = options.minutes * 60.0;
    let orders_per_day = options.orders.map_or(day.total(), |orders| orders as f64);
    // As many orders in fewer seconds, and as many as asked for.
    let (shrink, grow) = (SECONDS_PER_DAY / day_s, orders_per_day / day.total());
    let rate = |per_minute: f64| per_minute / 60.0 * shrink * grow;
    let segments = day.knots().windows(2).map(|knots| Segment {
        duration_s: (knots[1].at_s - knots[0].at_s) / shrink,
        from: rate(knots[0].orders_per_minute),
        to: rate(knots[1].orders_per_minute),
    });
    let one_day: Vec<Segment> = segments.collect();
    let segments = one_day.repeat(options.days as usize);
    let shape = Shape::Wave {
        day_s,
        days: options.days,
        orders_per_day,
        day: options.day.as_ref().map(|path| path.display().to_string()),
        arrivals: options.paced.arrivals,
    };
    Ok(Plan::at_rates(shape, &options.paced, segments))
}

fn spikes(options: &SpikesOptions) -> Plan {
    let SpikesOptions { times, orders, within_s, pause_s, ref paced } = *options;
    let shape = Shape::Spikes { times, orders, within_s, pause_s, arrivals: paced.arrivals };
    let spike = Segment::constant(within_s, orders as f64 / within_s);
    let mut segments = [spike, Segment::constant(pause_s, 0.0)].repeat(times as usize);
    segments.pop();
    Plan::at_rates(shape, paced, segments)
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

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    fn plan(arguments: &[&str]) -> Result<Plan> {
        let arguments = std::iter::once("loadtest").chain(arguments.iter().copied());
        match Arguments::try_parse_from(arguments)?.command {
            Command::Load(load) => Plan::new(&load),
            _ => unreachable!("the arguments are those of a shape"),
        }
    }

    fn due_s(arguments: &[&str]) -> Vec<f64> {
        plan(arguments).unwrap().due_us.map(|us| us as f64 / 1e6).collect()
    }

    #[test]
    fn the_orders_of_a_burst_are_due_at_once() {
        assert_eq!(due_s(&["burst", "--orders", "3"]), [0.0; 3]);
    }

    #[test]
    fn spikes_are_apart_by_their_pause_and_nothing_follows_the_last() {
        let due = due_s(&[
            "spikes",
            "--times",
            "3",
            "--orders",
            "2",
            "--within-s",
            "1",
            "--pause-s",
            "9",
        ]);
        assert_eq!(due, [0.0, 0.5, 10.0, 10.5, 20.0, 20.5]);
    }

    #[test]
    fn a_wave_has_the_orders_asked_for_and_quiet_troughs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("day.csv");
        std::fs::write(&path, "time,orders_per_minute\n00:00,0\n06:00,0\n12:00,10\n18:00,0\n")
            .unwrap();
        let path = path.to_str().unwrap();
        let due =
            due_s(&["wave", "--minutes", "1", "--days", "2", "--orders", "1000", "--day", path]);
        assert_eq!(due.len(), 2_000);
        // A quarter of the squeezed day before and after the peak is empty.
        assert!(due.iter().all(|at| (15.0..=45.0).contains(&(at % 60.0))));
        // Half of a day's orders are due before noon.
        assert_eq!(due.iter().filter(|at| **at < 30.0).count(), 500);
        let own = plan(&["wave", "--day", path]).unwrap();
        // A triangle of twelve hours and 10 a minute.
        assert_eq!(own.orders, 3_600);
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
            (&["wave", "--day", "/nonexistent"], "--day"),
            (&["replay", "/nonexistent"], "FILE"),
            (&["steady", "--rate", "0"], "--rate"),
            (&["steady", "--rate", "NaN"], "--rate"),
            (&["steady"], "--rate"),
            (&["soak", "--hours", "-1"], "--hours"),
            (&["burst", "--scheduled", "--via", "http"], "--scheduled"),
            (&["burst", "--via", "http", "--mutated", "0.5"], "--mutated"),
            (&["burst", "--connections", "0"], "--connections"),
            (&["replay", "x", "--seed", "1"], "--seed"),
        ] {
            let error = format!("{:#}", plan(arguments).err().expect("it is refused"));
            assert!(error.contains(expected), "{arguments:?}: {error}");
        }
    }
}
