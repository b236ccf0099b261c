//! Replays an arrival curve against KEDA and the HPA: how many replicas, how long orders wait, and which settings fit. A simulation: no
//! cluster, no Redis, nothing random but what a seed decides.
//!
//! - [`options`]: what is given and what is assumed        - [`curve`]: when orders come        - [`speed`]: how fast a replica is
//! - [`rules`]: the documented rules, one function each        - [`autoscaler`]: KEDA and the HPA of a component
//! - [`stage`]: a component        - [`model`]: the pipeline, step by step        - [`outcome`]: what was recorded
//! - [`advice`]: what follows        - [`text`], [`page`]: how it is told
//!
//! What is assumed stands in docs/scaling.md. Nodes are not modelled: see [`cost`](crate::cost).

pub mod advice;
pub mod autoscaler;
pub mod curve;
pub mod model;
pub mod options;
pub mod outcome;
mod page;
pub mod rules;
pub mod speed;
pub mod stage;
pub mod text;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use self::advice::{Effect, Recommendation, Row};
use self::autoscaler::Policy;
use self::curve::Curve;
use self::model::{Model, Scaling};
use self::options::{Assumptions, CurveOptions, ScalingOptions, SpeedOptions, Tried};
use self::outcome::{Outcome, Story};
use self::speed::Speed;
use self::stage::Pace;
use crate::output::Output;

/// What `--json` writes: all inputs and all results.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Version of loadtest.
    pub loadtest_version: &'static str,
    /// The arrival curve as it was given.
    pub curve: CurveOptions,
    /// The same in words.
    pub curve_name: String,
    /// Its orders.
    pub orders: u64,
    /// How fast the components are, as it was given.
    pub speed_given: SpeedOptions,
    /// What that comes to.
    pub speed: Speed,
    /// The settings that were tried.
    pub tried: Tried,
    /// What was not measured.
    pub assumed: Assumptions,
    /// Fixed numbers of replicas first, then one row for each setting.
    pub rows: Vec<Row>,
    /// The row that fits.
    pub recommended: Option<Recommendation>,
    /// How it went over time with the recommended settings.
    pub story: Story,
    /// What follows, in sentences.
    pub words: Vec<String>,
}

impl Answer {
    /// The row that is recommended.
    pub fn recommended_row(&self) -> Option<&Row> {
        self.recommended.map(|recommended| &self.rows[recommended.row])
    }
}

/// Answers, in the terminal, as JSON and as a page. True when it did.
///
/// # Errors
/// When an input is missing or wrong, with flag, file and field, or when a result cannot be written.
pub fn run(options: &ScalingOptions) -> Result<bool> {
    let json = Output::create(options.json.as_deref(), "--json")?;
    let html = Output::create(options.html.as_deref(), "--html")?;
    let answer = answer(options)?;
    print!("{}", text::of(&answer));
    if let Some(json) = json {
        json.write_json(&answer)?;
    }
    if let Some(html) = html {
        html.write(page::page(&answer)?.as_bytes())?;
    }
    Ok(true)
}

/// Replays the curve with every setting.
///
/// # Errors
/// When an input is wrong, or the orders would never be done.
pub fn answer(options: &ScalingOptions) -> Result<Answer> {
    let ScalingOptions { tried, assumed, .. } = options;
    check(tried, assumed)?;
    let curve = Curve::of(&options.curve)?;
    let speed = Speed::of(&options.speed)?;
    let pace = pace(assumed)?;
    let observe_ms = u64::from(assumed.observe_s) * 1_000;
    let replay = |scaling| Model::new(&curve, &speed, scaling, pace, observe_ms)?.run();
    let mut rows = Vec::new();
    for replicas in fixed_numbers(tried, assumed) {
        let (outcome, _) = replay(Scaling::Fixed(replicas))?;
        rows.push(Row { policy: None, fixed: Some(replicas), outcome, effect: Effect::Fixed });
    }
    let mut stories = vec![None; rows.len()];
    for policy in policies(tried, assumed) {
        let (outcome, story) = replay(Scaling::Scaled(for_each_component(policy, assumed)))?;
        let effect = effect(&rows, &policy, &outcome);
        rows.push(Row { policy: Some(policy), fixed: None, outcome, effect });
        stories.push(Some(story));
    }
    let recommended = advice::recommend(&rows, assumed.goal_s * 1e3);
    let words = advice::words(&rows, recommended, assumed.goal_s);
    let story = recommended.and_then(|recommended| stories.swap_remove(recommended.row));
    Ok(Answer {
        loadtest_version: env!("CARGO_PKG_VERSION"),
        curve: options.curve.clone(),
        curve_name: curve.name.clone(),
        orders: curve.due_ms.len() as u64,
        speed_given: options.speed.clone(),
        speed: speed.clone(),
        tried: tried.clone(),
        assumed: assumed.clone(),
        rows,
        recommended,
        story: story.context("--stream-length: no setting was tried")?,
        words,
    })
}

fn check(tried: &Tried, assumed: &Assumptions) -> Result<()> {
    let most = assumed.max_replicas;
    for least in &tried.min_replicas {
        ensure!(*least <= most, "--min-replicas: {least} is above --max-replicas {most}");
        ensure!(
            assumed.idle_replicas.is_none() || *least > 0,
            "--idle-replicas: 0 must be below --min-replicas, which is 0 as well"
        );
    }
    let distributor = assumed.distributor_min_replicas.unwrap_or(0);
    ensure!(
        distributor <= most,
        "--distributor-min-replicas: {distributor} is above --max-replicas {most}"
    );
    Ok(())
}

fn pace(assumed: &Assumptions) -> Result<Pace> {
    let step_ms = assumed.step_ms;
    ensure!(1_000 % step_ms == 0, "--step-ms: {step_ms} is no divisor of 1000");
    let ms = |seconds: f64| (seconds * 1e3).round() as u64;
    let pace = Pace {
        start_ms: ms(assumed.start_s),
        ready_ms: ms(assumed.ready_s),
        tick_ms: ms(assumed.tick_s),
        step_ms,
    };
    ensure!(pace.tick_ms >= step_ms, "--tick-s: expected at least one --step-ms of {step_ms}");
    Ok(pace)
}

/// Without autoscaling: what is there anyway with each minimum, and the maximum.
fn fixed_numbers(tried: &Tried, assumed: &Assumptions) -> Vec<u32> {
    let mut numbers: Vec<u32> = tried.min_replicas.iter().map(|least| (*least).max(1)).collect();
    numbers.push(assumed.max_replicas);
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// All with all, so that rows that differ in polling only are neighbours.
fn policies(tried: &Tried, assumed: &Assumptions) -> Vec<Policy> {
    let mut policies = Vec::new();
    for min_replicas in tried.min_replicas.iter().copied() {
        for stream_length in tried.stream_length.iter().copied() {
            policies.extend(tried.polling_s.iter().map(|polling_s| Policy {
                stream_length,
                polling_s: *polling_s,
                min_replicas,
                max_replicas: assumed.max_replicas,
                idle_at_zero: assumed.idle_replicas.is_some(),
                cooldown_s: assumed.cooldown_s,
            }));
        }
    }
    policies
}

fn for_each_component(policy: Policy, assumed: &Assumptions) -> [Policy; 3] {
    let distributor = assumed.distributor_min_replicas.map_or(policy, |min_replicas| {
        let idle_at_zero = policy.idle_at_zero && min_replicas > 0;
        Policy { min_replicas, idle_at_zero, ..policy }
    });
    [distributor, policy, policy]
}

fn effect(rows: &[Row], policy: &Policy, outcome: &Outcome) -> Effect {
    let alone = rows.iter().find(|row| row.fixed == Some(policy.min_replicas.max(1)));
    alone.map_or(Effect::NoDifference, |alone| Effect::of(outcome, &alone.outcome))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::Value;
    use tempfile::TempDir;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: ScalingOptions,
    }

    /// Runs the command with flags in which `DIR` stands for a folder, and reads what it wrote.
    fn scaling(flags: &str) -> Result<(Value, String)> {
        let folder = TempDir::new()?;
        let flags = format!("scaling {flags} --json DIR/out.json --html DIR/out.html");
        let flags = flags.replace("DIR", &folder.path().display().to_string());
        run(&Line::try_parse_from(flags.split_whitespace())?.options)?;
        let json = serde_json::from_slice(&std::fs::read(folder.path().join("out.json"))?)?;
        Ok((json, std::fs::read_to_string(folder.path().join("out.html"))?))
    }

    fn why(flags: &str) -> String {
        format!("{:#}", scaling(flags).expect_err("it is refused"))
    }

    #[test]
    fn every_setting_has_a_row_beside_fixed_numbers_of_replicas() {
        let (answer, _) =
            scaling("--spike 2000 --orders-per-s 50 --max-replicas 4").expect("an answer");
        let rows = answer["rows"].as_array().expect("rows");
        // 1 and 4 fixed, then 2 minima, 3 lengths and 3 intervals.
        assert_eq!(rows.len(), 2 + 18);
        assert!(rows.iter().all(|row| row["outcome"]["orders"] == 2_000));
        assert_eq!((&rows[1]["fixed"], &rows[2]["policy"]["polling_s"]), (&4.into(), &5.into()));
        let recommended = answer["recommended"]["row"].as_u64().expect("a row") as usize;
        assert!(rows[recommended]["policy"].is_object());
    }

    #[test]
    fn polling_is_said_to_change_nothing_where_a_replica_stands_by() {
        let (answer, page) =
            scaling("--rate 100 --duration-s 60 --orders-per-s 30 --min-replicas 1")
                .expect("an answer");
        let words = answer["words"].to_string();
        assert!(words.contains("pollingInterval changes nothing"), "{words}");
        assert!(words.contains("Autoscaling helped in 9 of 9 settings"), "{words}");
        assert!(page.contains("pollingInterval changes nothing"));
        let (answer, _) =
            scaling("--spike 100 --orders-per-s 30 --min-replicas 0").expect("an answer");
        let words = answer["words"].to_string();
        assert!(!words.contains("pollingInterval changes nothing"), "{words}");
        assert!(words.contains("streamLength changes nothing here"), "{words}");
    }

    #[test]
    fn the_page_draws_replicas_backlog_and_latency() {
        let (_, page) = scaling("--spike 500 --orders-per-s 30 --stream-length 50 --polling-s 5")
            .expect("an answer");
        assert_eq!(page.matches("<svg").count(), 3);
        for title in ["Replicas", "Backlog", "Latency", "All that was tried"] {
            assert!(page.contains(title), "{title}");
        }
        assert!(
            !page.contains("http://") || page.contains("xmlns"),
            "nothing is loaded from elsewhere"
        );
    }

    #[test]
    fn random_arrivals_are_the_same_for_the_same_seed() {
        let outcome = |seed: u32| {
            let flags = format!(
                "--rate 20 --duration-s 60 --arrivals random --seed {seed} --orders-per-s 30 --polling-s 5"
            );
            scaling(&flags).expect("an answer").0["rows"].to_string()
        };
        assert_eq!(outcome(1), outcome(1));
        assert_ne!(outcome(1), outcome(2));
    }

    #[test]
    fn an_idle_count_of_zero_takes_the_minimum_away_while_nothing_comes() {
        let flags =
            "--spike 10 --orders-per-s 30 --stream-length 100 --polling-s 5 --min-replicas 3";
        let hours = |flags: &str| {
            scaling(flags).expect("an answer").0["rows"][2]["outcome"]["replica_hours"].as_f64()
        };
        assert!(hours(&format!("{flags} --idle-replicas 0")) < hours(flags));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_flag() {
        let fast = "--orders-per-s 50";
        for (flags, expected) in [
            ("--orders-per-s 50", "--shape"),
            ("--spike 10", "--report"),
            ("--spike 10 --rate 5 --orders-per-s 50", "--rate"),
            ("--spike 10 --orders-per-s 0", "--orders-per-s"),
            ("--spike 10 --orders-per-s 1,2", "--orders-per-s: expected 3"),
            ("--spike 10 --report DIR/no.json", "--report: failed to read"),
        ] {
            assert!(why(flags).contains(expected), "{flags}: {}", why(flags));
        }
        for (flags, expected) in [
            ("--shape DIR/no.csv", "--shape: failed to read"),
            ("--rate 0.001 --duration-s 0", "--duration-s"),
            ("--spike 0", "--spike"),
            ("--spike 10 --stream-length 0", "--stream-length"),
            ("--spike 10 --polling-s 0", "--polling-s"),
            ("--spike 10 --min-replicas 11", "--min-replicas: 11 is above --max-replicas 10"),
            ("--spike 10 --distributor-min-replicas 11", "--distributor-min-replicas: 11"),
            ("--spike 10 --idle-replicas 0", "--idle-replicas: 0 must be below --min-replicas"),
            ("--spike 10 --idle-replicas 1 --min-replicas 2", "--idle-replicas"),
            ("--spike 10 --step-ms 3", "--step-ms: 3"),
            ("--spike 10 --start-s -1", "--start-s"),
            ("--spike 10 --goal-s nan", "--goal-s"),
            ("--spike 10 --complex-share 2", "--complex-share"),
            ("--spike 10 --cpu-weights 1,2", "--cpu-weights: expected 3"),
        ] {
            let flags = format!("{flags} {fast}");
            assert!(why(&flags).contains(expected), "{flags}: {}", why(&flags));
        }
        let why = why("--spike 1000000 --orders-per-s 0.001 --step-ms 1000 --max-replicas 1");
        assert!(why.contains("--max-replicas: too small"), "{why}");
    }
}
