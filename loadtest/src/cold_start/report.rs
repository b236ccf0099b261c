//! The figures of cold starts, as text and as JSON, with words on what each of them is.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::instances::Instances;
use crate::compare::Spread as Figures;
use crate::report::Host;
use crate::report::text::write_wrapped;
use crate::report::units::{count, time};
use crate::versus::first::FirstConfirmation;
use crate::versus::options::Runtime;
use crate::versus::sides::{Side, Spread};
use crate::versus::text::range;

/// What is published for an instance: a claim of Spin's makers, in
/// <https://www.fermyon.com/blog/spinkube-k3s>.
const CLAIMED_US: u64 = 500;
/// Rounds from which a 99th percentile is more than the slowest one.
const ENOUGH_FOR_P99: usize = 100;

/// The report. Its JSON form is what `--json` writes.
#[derive(Debug, Serialize)]
pub struct ColdStartReport {
    /// Version of loadtest.
    pub loadtest_version: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// What ran the Wasm components.
    pub runtime: Runtime,
    /// Events of each kind for each component.
    pub events: u32,
    /// Starts of each way.
    pub rounds: u32,
    /// Processes where each worker has one of its own.
    pub workers: usize,
    /// Instances; none where the runtime does not tell.
    pub instances: Vec<Instances>,
    /// Processes.
    pub starts: Vec<WayStarts>,
    /// Processors of this machine.
    pub cores: usize,
    /// This machine.
    pub host: Host,
}

/// A way of starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Way {
    /// What is started.
    pub side: Side,
    /// In how many processes.
    pub spread: Spread,
    /// Compiled code; none where there is nothing to compile.
    pub cache: Option<Cache>,
}

/// Compiled code at the start of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// All is compiled.
    Empty,
    /// Nothing is.
    Filled,
}

impl Way {
    /// For a reader.
    pub fn in_words(self) -> String {
        let processes = match self.spread {
            Spread::OneProcess => "one process",
            Spread::ProcessPerWorker => "a process a worker",
        };
        let cache = match self.cache {
            Some(Cache::Empty) => ", compiling",
            Some(Cache::Filled) => ", compiled",
            None => "",
        };
        format!("{}, {processes}{cache}", self.side.name())
    }
}

/// The starts of one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayStarts {
    /// Which way.
    #[serde(flatten)]
    pub way: Way,
    /// From the start of the first process until all said that they are ready.
    pub ready_ms: Figures,
    /// From the start of the first process to the confirmation of an order that waited.
    pub first_confirmation_ms: Figures,
    /// The 99th percentile of that; none where there are too few rounds to tell.
    pub first_confirmation_ms_p99: Option<f64>,
    /// Each start.
    pub rounds: Vec<FirstConfirmation>,
}

impl WayStarts {
    /// Of the rounds; none where there is none.
    pub fn of(way: Way, rounds: Vec<FirstConfirmation>) -> Option<Self> {
        let all = |of: fn(&FirstConfirmation) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
        let confirmed = all(|first| first.start_to_first_confirmation_ms);
        Some(Self {
            way,
            ready_ms: Figures::over(all(|first| first.start_to_ready_ms))?,
            first_confirmation_ms_p99: p99(confirmed.clone()),
            first_confirmation_ms: Figures::over(confirmed)?,
            rounds,
        })
    }
}

/// By the nearest rank.
fn p99(mut figures: Vec<f64>) -> Option<f64> {
    if figures.len() < ENOUGH_FOR_P99 {
        return None;
    }
    figures.sort_by(f64::total_cmp);
    figures.get((figures.len() * 99).div_ceil(100) - 1).copied()
}

impl ColdStartReport {
    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let host = format!("{} cores, {}, {}", self.cores, self.host.cpu, self.host.kernel);
        write_wrapped(text, "", "", &host)?;
        if !self.instances.is_empty() {
            self.write_instances(text)?;
        }
        writeln!(text)?;
        let head = format!(
            "start of a process: median of {} rounds, least..most below; an order waits in Redis, and each process's tick is called as soon as \
             it serves",
            self.rounds
        );
        write_wrapped(text, "", "", &head)?;
        writeln!(text)?;
        writeln!(text, "  {:<38}{:>18}{:>24}{:>12}", "", "ready", "first confirmation", "p99")?;
        for starts in &self.starts {
            starts.write_text(text)?;
        }
        writeln!(text)?;
        self.words().iter().try_for_each(|words| write_wrapped(text, "- ", "  ", words))
    }

    fn write_instances(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text)?;
        let head = format!(
            "start of an instance: a fresh sandbox for each of {} events, from the event to ready, in us",
            count(self.instances.iter().map(|instances| instances.starts.starts).sum())
        );
        write_wrapped(text, "", "", &head)?;
        writeln!(text)?;
        writeln!(
            text,
            "  {:<20}{:<8}{:>10}{:>8}{:>8}{:>8}",
            "", "event", "instances", "p50", "p99", "max"
        )?;
        for Instances { component, trigger, starts } in &self.instances {
            let event = if *trigger == "redis" { "bell" } else { "request" };
            writeln!(
                text,
                "  {component:<20}{event:<8}{:>10}{:>8}{:>8}{:>8}",
                count(starts.starts),
                starts.p50_us,
                starts.p99_us,
                starts.max_us
            )?;
        }
        Ok(())
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let most = |of: fn(&Instances) -> u64| self.instances.iter().map(of).max();
        if let (Some(p50), Some(p99)) = (most(|i| i.starts.p50_us), most(|i| i.starts.p99_us)) {
            let place = |us: u64| if us < CLAIMED_US { "below it" } else { "not below it" };
            words.push(format!(
                "The makers of Spin claim half a millisecond for the cold start of an instance, from their own tests. Here the largest median of \
                 a component is {p50} us, {}, and the largest p99 is {p99} us, {}. It is the sandbox alone, in a process that runs, on \
                 local-runtime; the claim says nothing of a process, a pod or a node, and neither does this.",
                place(p50),
                place(p99)
            ));
        }
        words.push(
            "Compiling is what a node does once for a version of the components; files were in the memory of the system in all rounds, as on a \
             node that has run them before."
                .into(),
        );
        words.push(
            "A bell that rings before its receiver listens is lost, and the next probe, a second later, rings again: that is in the figures of a \
             process a worker."
                .into(),
        );
        words.push(
            "Not measured: what a cluster adds before a process starts. KEDA looks every 30 s by default; scheduling, pulling the image and the \
             sandbox of the pod come on top, and so does the delay before the first probe."
                .into(),
        );
        words
    }
}

impl WayStarts {
    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let p99 = self.first_confirmation_ms_p99.map_or_else(|| "-".into(), time);
        let (ready, confirmed) = (self.ready_ms, self.first_confirmation_ms);
        let (median_ready, median_confirmed) = (time(ready.median), time(confirmed.median));
        writeln!(
            text,
            "  {:<38}{median_ready:>18}{median_confirmed:>24}{p99:>12}",
            self.way.in_words()
        )?;
        if ready.runs < 2 {
            return Ok(());
        }
        let range = |figures: Figures| range(&time(figures.least), &time(figures.most));
        writeln!(text, "  {:<38}{:>18}{:>24}", "", range(ready), range(confirmed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_told_only_where_it_is_more_than_the_slowest() {
        assert_eq!(p99((1..=99).map(f64::from).collect()), None);
        assert_eq!(p99((1..=100).rev().map(f64::from).collect()), Some(99.0));
        assert_eq!(p99((1..=200).map(f64::from).collect()), Some(198.0));
    }
}
