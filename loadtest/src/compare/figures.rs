//! The figures that are compared, and how those of several runs become one.

use serde::Serialize;

use crate::report::Report;
use crate::report::units::{count, digits, time};

/// One figure of a report.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) better: Better,
    pub(super) of: fn(&Report) -> Option<f64>,
    pub(super) show: fn(f64) -> String,
}

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
    /// Neither: it only tells how the run went.
    Neither,
}

impl Better {
    /// What a ratio means; nothing where it is neither, or the difference is not worth a word.
    pub(super) fn word(self, ratio: f64) -> Option<&'static str> {
        let is_more = match ratio {
            ratio if ratio > 1.02 => true,
            ratio if ratio < 0.98 => false,
            _ => return None,
        };
        match (self, is_more) {
            (Self::Neither, _) => None,
            (Self::Higher, true) | (Self::Lower, false) => Some("better"),
            _ => Some("worse"),
        }
    }
}

/// All of them, in the order of the table.
pub(super) const FIGURES: &[Figure] = &[
    figure("orders a second", Better::Higher, |report| some(report.orders_per_s), whole),
    figure("all done after", Better::Lower, |report| some(report.total_s * 1e3), time),
    figure("all acknowledged after", Better::Neither, |report| some(report.enqueue_s * 1e3), time),
    figure("due to confirmed, p50", Better::Lower, |report| some(report.latency_ms.p50), time),
    figure("due to confirmed, p99", Better::Lower, |report| some(report.latency_ms.p99), time),
    figure("due to confirmed, p99.9", Better::Lower, |report| some(report.latency_ms.p999), time),
    figure("due to confirmed, max", Better::Lower, |report| some(report.latency_ms.max), time),
    figure(
        "ingress to confirmed, p50",
        Better::Lower,
        |report| some(report.queue_latency_ms.p50),
        time,
    ),
    figure(
        "ingress to confirmed, p99",
        Better::Lower,
        |report| some(report.queue_latency_ms.p99),
        time,
    ),
    figure(
        "due to acknowledged, p99",
        Better::Neither,
        |report| some(report.send_latency_ms.p99),
        time,
    ),
    figure("CPU an order, app", Better::Lower, |report| per_order(report, report.cpu_s.app), us),
    figure(
        "CPU an order, Redis",
        Better::Lower,
        |report| per_order(report, Some(report.cpu_s.redis)),
        us,
    ),
    figure("peak memory, app", Better::Lower, |report| report.rss_mib.app, mib),
    figure("peak memory, Redis", Better::Lower, |report| some(report.rss_mib.redis), mib),
    figure(
        "instance starts",
        Better::Neither,
        |report| report.instance_starts.map(|starts| starts as f64),
        whole,
    ),
    figure(
        "instance start, p50",
        Better::Lower,
        |report| Some(report.instance_start_us?.p50 as f64),
        us,
    ),
    figure(
        "instance start, p99",
        Better::Lower,
        |report| Some(report.instance_start_us?.p99 as f64),
        us,
    ),
    figure(
        "lost, doubled or wrong",
        Better::Lower,
        |report| Some((report.lost + report.doubled + report.wrong) as f64),
        whole,
    ),
];

const fn figure(
    name: &'static str,
    better: Better,
    of: fn(&Report) -> Option<f64>,
    show: fn(f64) -> String,
) -> Figure {
    Figure { name, better, of, show }
}

/// Nothing where nothing was measured.
fn some(figure: f64) -> Option<f64> {
    (figure > 0.0).then_some(figure)
}

fn per_order(report: &Report, seconds: Option<f64>) -> Option<f64> {
    report.us_per_order(seconds?)
}

fn whole(figure: f64) -> String {
    count(figure.round() as u64)
}

fn us(figure: f64) -> String {
    format!("{} us", digits(figure))
}

fn mib(figure: f64) -> String {
    format!("{} MiB", digits(figure))
}

/// One figure over the runs of a group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The median.
    pub median: f64,
    /// The most.
    pub most: f64,
    /// Of how many runs.
    pub runs: usize,
}

impl Spread {
    /// Of the runs that have the figure; none where none has it.
    pub(super) fn of(reports: &[Report], figure: fn(&Report) -> Option<f64>) -> Option<Self> {
        Self::over(reports.iter().filter_map(figure).collect())
    }

    /// Of these figures; none where there is none.
    pub(crate) fn over(mut figures: Vec<f64>) -> Option<Self> {
        figures.retain(|figure| figure.is_finite());
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Some(Self { least, median, most, runs: figures.len() })
    }

    /// Whether the runs of the two lie apart.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        self.least > other.most || self.most < other.least
    }
}
