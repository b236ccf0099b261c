//! The figures of a density run, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::figures::{Memory, Redis};
use super::orders::Confirmed;

/// The report. Its JSON form is what `--json` writes.
#[derive(Debug, Serialize)]
pub struct DensityReport {
    /// Copies in one process, in the order they were asked for.
    pub copies: Vec<CopiesStep>,
    /// Processes of one copy each.
    pub processes: Vec<ProcessesPart>,
    /// Memory of this machine in MiB.
    pub machine_mib: f64,
    /// Of that, available when the run began.
    pub available_mib: f64,
    /// How long idle CPU time was measured.
    pub idle_s: u64,
    /// Processors of this machine.
    pub cores: usize,
    /// Version of loadtest.
    pub loadtest_version: &'static str,
}

/// One process with so many copies.
#[derive(Debug, Serialize)]
pub struct CopiesStep {
    /// How many.
    pub copies: u32,
    /// From the start of the process until it listened everywhere.
    pub start_s: f64,
    /// Of the process.
    pub memory: Memory,
    /// What a further copy takes, from the first step to this one, in KiB of RSS; none in the first step. The PSS of a single
    /// process moves with others that map the same files.
    pub copy_kib: Option<f64>,
    /// CPU time of the idle process, in ms for each second.
    pub idle_cpu_ms_per_s: f64,
    /// Of all copies.
    pub redis: Redis,
    /// What a few of them did with an order.
    pub orders: Confirmed,
}

/// Processes of one kind.
#[derive(Debug, Serialize)]
pub struct ProcessesPart {
    /// The program.
    pub program: &'static str,
    /// From few to many, all running at the same time.
    pub steps: Vec<ProcessesStep>,
    /// Why there are no more.
    pub ended: Ended,
    /// What a few of them did with an order.
    pub orders: Confirmed,
    /// What a further process takes, from the first step to the last, in MiB of PSS.
    pub process_mib: f64,
    /// How many the whole memory of the machine would hold at that price. This is extrapolated.
    pub extrapolated: u64,
}

/// So many processes at once.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ProcessesStep {
    /// How many.
    pub processes: u32,
    /// How long it took to start them, one after the other, those of the earlier steps included.
    pub start_s: f64,
    /// Of all together.
    pub memory: Memory,
    /// By how much the available memory of the machine fell since the start; other programs move it as well.
    pub machine_mib: f64,
    /// CPU time of all of them when idle, in ms for each second.
    pub idle_cpu_ms_per_s: f64,
    /// Of all together.
    pub redis: Redis,
}

/// Why no further processes were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The number that was asked for was reached.
    Number,
    /// More would have taken more than the share of memory.
    Memory,
}

impl ProcessesPart {
    /// Of the steps, of which there is at least one.
    pub fn new(
        program: &'static str,
        steps: Vec<ProcessesStep>,
        ended: Ended,
        orders: Confirmed,
        machine_mib: f64,
    ) -> Self {
        let points: Vec<_> =
            steps.iter().map(|step| (step.processes, step.memory.pss_mib)).collect();
        let process_mib = match (points.first(), points.last()) {
            (Some(first), Some(last)) => slope(*first, *last).unwrap_or(last.1),
            _ => 0.0,
        };
        let extrapolated = if process_mib > 0.0 { (machine_mib / process_mib) as u64 } else { 0 };
        Self { program, steps, ended, orders, process_mib, extrapolated }
    }
}

/// What one more takes, between two points of a number and a quantity; none between equal numbers.
pub fn slope(first: (u32, f64), last: (u32, f64)) -> Option<f64> {
    let more = f64::from(last.0) - f64::from(first.0);
    (more != 0.0).then(|| (last.1 - first.1) / more)
}

impl DensityReport {
    /// Whether every order was confirmed by the copy it was for, and by no other.
    pub fn is_clean(&self) -> bool {
        let copies = self.copies.iter().map(|step| &step.orders);
        copies.chain(self.processes.iter().map(|part| &part.orders)).all(Confirmed::is_clean)
    }

    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "idle copies of the app in one process of local-runtime")?;
        writeln!(text)?;
        writeln!(
            text,
            "  copies  start s   RSS MiB   PSS MiB  KiB a copy  idle ms/s  Redis conn.  Redis MiB  order ms p50  max"
        )?;
        for step in &self.copies {
            let copy = step.copy_kib.map_or("-".to_owned(), |kib| format!("{kib:.2}"));
            let (p50, max) = p50_max(&step.orders.ms);
            writeln!(
                text,
                "  {:>6}{:>9.3}{:>10.1}{:>10.1}{copy:>12}{:>11.2}{:>13}{:>11.2}{p50:>14.1}{max:>5.1}",
                step.copies,
                step.start_s,
                step.memory.rss_mib,
                step.memory.pss_mib,
                step.idle_cpu_ms_per_s,
                step.redis.connections,
                step.redis.memory_mib
            )?;
        }
        for part in &self.processes {
            writeln!(text)?;
            part.write_text(text, self.machine_mib)?;
        }
        writeln!(text)?;
        self.write_verdict(text)
    }

    fn write_verdict(&self, text: &mut String) -> std::fmt::Result {
        let copies = self.copies.iter().map(|step| &step.orders);
        let all: Vec<_> = copies.chain(self.processes.iter().map(|part| &part.orders)).collect();
        let sum = |of: fn(&Confirmed) -> usize| all.iter().map(|orders| of(orders)).sum::<usize>();
        let (sent, confirmed) = (sum(|orders| orders.sent), sum(|orders| orders.confirmed));
        let woken = sum(|orders| orders.woken_by_mistake);
        writeln!(
            text,
            "  orders {sent}  confirmed by their copy {confirmed}  copies woken by mistake {woken}"
        )?;
        writeln!(text)?;
        let verdict = match self.is_clean() {
            true => {
                "every order was confirmed by the copy it was for, and no other copy was touched"
            }
            false => {
                "FAILED: not every order was confirmed by the copy it was for, and by it alone"
            }
        };
        writeln!(text, "{verdict}")
    }
}

impl ProcessesPart {
    fn write_text(&self, text: &mut String, machine_mib: f64) -> std::fmt::Result {
        writeln!(text, "processes of {} with one copy each, at the same time", self.program)?;
        writeln!(text)?;
        writeln!(
            text,
            "  processes  start s   RSS MiB   PSS MiB  machine MiB  idle ms/s  Redis conn.  Redis MiB"
        )?;
        for step in &self.steps {
            writeln!(
                text,
                "  {:>9}{:>9.2}{:>10.1}{:>10.1}{:>13.1}{:>11.2}{:>13}{:>11.2}",
                step.processes,
                step.start_s,
                step.memory.rss_mib,
                step.memory.pss_mib,
                step.machine_mib,
                step.idle_cpu_ms_per_s,
                step.redis.connections,
                step.redis.memory_mib
            )?;
        }
        let (processes, taken) =
            self.steps.last().map_or((0, 0.0), |step| (step.processes, step.memory.pss_mib));
        let why = match self.ended {
            Ended::Number => "--processes",
            Ended::Memory => "--memory-share",
        };
        writeln!(text)?;
        writeln!(text, "  measured: {processes} fit in {taken:.0} MiB, ended by {why}")?;
        writeln!(
            text,
            "  extrapolated from {:.2} MiB for each further one: {} in the {machine_mib:.0} MiB of this machine",
            self.process_mib, self.extrapolated
        )
    }
}

fn p50_max(ms: &[f64]) -> (f64, f64) {
    let mut ms = ms.to_vec();
    ms.sort_by(f64::total_cmp);
    let at = |index: usize| ms.get(index).copied().unwrap_or_default();
    (at(ms.len() / 2), at(ms.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_of_one_more_is_the_slope_and_not_the_average() {
        assert_eq!(slope((1, 14.0), (11, 16.0)), Some(0.2));
        assert_eq!(slope((5, 14.0), (5, 16.0)), None);
    }

    #[test]
    fn an_order_confirmed_elsewhere_or_not_at_all_fails_the_run() {
        let clean = Confirmed { sent: 2, confirmed: 2, woken_by_mistake: 0, ms: vec![1.0, 2.0] };
        assert!(clean.is_clean());
        assert!(!Confirmed { confirmed: 1, ..clean.clone() }.is_clean());
        assert!(!Confirmed { woken_by_mistake: 1, ..clean }.is_clean());
    }
}
