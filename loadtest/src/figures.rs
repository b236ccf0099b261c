//! Figures of groups of runs side by side: their medians, and the ratio of each to the first group.

use Better::{Higher, Lower, Neither};
use serde::Serialize;

use crate::report::Report;
use crate::report::units::{count, digits, mib, time};

/// One figure of a run.
pub(crate) struct Figure<T> {
    /// Its name in flags.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) better: Better,
    pub(crate) of: fn(&T) -> Option<f64>,
    pub(crate) show: fn(f64) -> String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
    Neither,
}

pub(crate) const FIGURES: &[Figure<Report>] = &[
    figure("orders_per_s", "orders a second", Higher, |r| some(r.orders_per_s), whole),
    figure("total", "all done after", Lower, |r| some(r.total_s * 1e3), time),
    figure("enqueue", "all acknowledged after", Neither, |r| some(r.enqueue_s * 1e3), time),
    figure("latency_p50", "due to confirmed, p50", Lower, |r| some(r.latency_ms.p50), time),
    figure("latency_p99", "due to confirmed, p99", Lower, |r| some(r.latency_ms.p99), time),
    figure("latency_p999", "due to confirmed, p99.9", Lower, |r| some(r.latency_ms.p999), time),
    figure("latency_max", "due to confirmed, max", Lower, |r| some(r.latency_ms.max), time),
    figure("queue_p50", "ingress to confirmed, p50", Lower, |r| some(r.queue_latency_ms.p50), time),
    figure("queue_p99", "ingress to confirmed, p99", Lower, |r| some(r.queue_latency_ms.p99), time),
    figure("send_p99", "due to acknowledged, p99", Neither, |r| some(r.send_latency_ms.p99), time),
    figure("cpu_app", "CPU an order, app", Lower, |r| r.us_per_order(r.cpu_s.app?), us),
    figure("cpu_redis", "CPU an order, Redis", Lower, |r| r.us_per_order(r.cpu_s.redis), us),
    figure("memory_app", "peak memory, app", Lower, |r| r.rss_mib.app, mib),
    figure("memory_redis", "peak memory, Redis", Lower, |r| some(r.rss_mib.redis), mib),
    figure("starts", "instance starts", Neither, |r| Some(r.instance_starts? as f64), whole),
    figure("start_p50", "instance start, p50", Lower, |r| start(r, |us| us.p50), us),
    figure("start_p99", "instance start, p99", Lower, |r| start(r, |us| us.p99), us),
    figure("failed", "lost, twice or wrong", Lower, |r| Some(failed(r) as f64), whole),
];

pub(crate) const fn figure<T>(
    key: &'static str,
    name: &'static str,
    better: Better,
    of: fn(&T) -> Option<f64>,
    show: fn(f64) -> String,
) -> Figure<T> {
    Figure { key, name, better, of, show }
}

fn failed(report: &Report) -> u64 {
    report.lost + report.confirmed_twice + report.wrong
}

fn start(report: &Report, of: fn(crate::report::InstanceStartUs) -> u64) -> Option<f64> {
    Some(of(report.instance_start_us?) as f64)
}

fn some(figure: f64) -> Option<f64> {
    (figure > 0.0).then_some(figure)
}

fn whole(figure: f64) -> String {
    count(figure.round() as u64)
}

pub(crate) fn us(figure: f64) -> String {
    format!("{} us", digits(figure))
}

/// One figure over several runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    pub(crate) runs: usize,
}

impl Spread {
    /// `None` without figures.
    pub(crate) fn over(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let upper = figures.len() / 2;
        let lower = (figures.len() - 1) / 2;
        let median = f64::midpoint(figures[lower], figures[upper]);
        Some(Self { min, median, max, runs: figures.len() })
    }

    /// From the minimum to the maximum, with the unit once if both have the same.
    fn range(&self, show: fn(f64) -> String) -> String {
        let (min, max) = (show(self.min), show(self.max));
        match (min.split_once(' '), max.split_once(' ')) {
            (Some((figure, unit)), Some((_, other))) if unit == other => format!("{figure}..{max}"),
            _ => format!("{min}..{max}"),
        }
    }
}

/// One figure of all groups.
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    better: Better,
    show: fn(f64) -> String,
    /// By group; `None` if no run of the group has it.
    pub(crate) spreads: Vec<Option<Spread>>,
}

/// With fewer runs, ranges often fail to overlap by chance.
pub(crate) const RUNS_FOR_A_RANGE: usize = 3;

/// The figures that any of the groups has.
pub(crate) fn rows<T>(figures: &[Figure<T>], groups: &[Vec<&T>]) -> Vec<Row> {
    let spread = |figure: &Figure<T>, runs: &Vec<&T>| {
        Spread::over(runs.iter().filter_map(|run| (figure.of)(run)).collect())
    };
    let row = |figure: &Figure<T>| Row {
        key: figure.key,
        name: figure.name,
        better: figure.better,
        show: figure.show,
        spreads: groups.iter().map(|runs| spread(figure, runs)).collect(),
    };
    figures.iter().map(row).filter(|row| row.spreads.iter().any(Option::is_some)).collect()
}

/// The names of the figures in which a group may differ from the first one by noise alone.
pub(crate) fn noise(rows: &[Row], group: usize) -> String {
    let is_noise = |row: &&Row| row.verdict(group).is_some_and(|(_, is_apart)| !is_apart);
    rows.iter().filter(is_noise).map(|row| row.name).collect::<Vec<_>>().join("; ")
}

impl Row {
    /// The ratio of the medians, to the first group.
    pub(crate) fn ratio(&self, group: usize) -> Option<f64> {
        let first = self.spreads[0]?.median;
        (first > 0.0).then_some(self.spreads[group]?.median / first)
    }

    /// Whether a group is better or worse than the first one, and whether their runs are apart.
    /// `None` if neither: a difference below 2 % does not count.
    fn verdict(&self, group: usize) -> Option<(&'static str, bool)> {
        let ratio = self.ratio(group).filter(|ratio| !(0.98..=1.02).contains(ratio))?;
        let is_better = match self.better {
            Higher => ratio > 1.0,
            Lower => ratio < 1.0,
            Neither => return None,
        };
        let (first, other) = (self.spreads[0]?, self.spreads[group]?);
        let is_apart = first.runs.min(other.runs) >= RUNS_FOR_A_RANGE
            && (first.min > other.max || first.max < other.min);
        Some((if is_better { "better" } else { "worse" }, is_apart))
    }
}

/// Columns for the first group and those shown beside it. `names` are those of all groups.
pub(crate) fn table(rows: &[Row], names: &[String], shown: &[usize]) -> String {
    let width = names.iter().map(|name| name.len() + 2).max().unwrap_or_default().max(16);
    let mut head = format!("  {:<26}{:>width$}", "", names[0]);
    for group in shown {
        head += &format!("{:>width$}{:>8}{:>7}", names[*group], "ratio", "");
    }
    let mut lines = vec![head];
    for row in rows {
        let mut line = format!("  {:<26}", row.name);
        let mut ranges = format!("  {:<26}", "");
        for group in std::iter::once(&0).chain(shown) {
            let spread = row.spreads[*group];
            let median = spread.map_or_else(|| "-".into(), |spread| (row.show)(spread.median));
            let range = spread.filter(|spread| spread.min < spread.max);
            let range = range.map_or_else(String::new, |spread| spread.range(row.show));
            line += &format!("{median:>width$}");
            ranges += &format!("{range:>width$}");
            if *group > 0 {
                let ratio = row.ratio(*group).map(|ratio| format!("x{}", digits(ratio)));
                let verdict = row.verdict(*group).filter(|(_, is_apart)| *is_apart);
                let word = verdict.map_or("", |(word, _)| word);
                line += &format!("{:>8} {word:<6}", ratio.as_deref().unwrap_or("-"));
                ranges += &format!("{:>15}", "");
            }
        }
        lines.extend([line, ranges]);
    }
    let lines = lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests;
