//! The figures that are compared.

use Better::{Higher, Lower, Neither};

use crate::report::Report;
use crate::report::units::{count, digits, time};

pub(super) struct Figure {
    /// Its name in `--fail-if`.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) better: Better,
    pub(super) of: fn(&Report) -> Option<f64>,
    pub(super) show: fn(f64) -> String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
    Neither,
}

impl Better {
    /// `None` if a difference means neither, or is below 2 %.
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

pub(super) const FIGURES: &[Figure] = &[
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
    figure(
        "start_p50",
        "instance start, p50",
        Lower,
        |r| Some(r.instance_start_us?.p50 as f64),
        us,
    ),
    figure(
        "start_p99",
        "instance start, p99",
        Lower,
        |r| Some(r.instance_start_us?.p99 as f64),
        us,
    ),
    figure("failed", "lost, twice or wrong", Lower, |r| Some(failed(r)), whole),
];

const fn figure(
    key: &'static str,
    name: &'static str,
    better: Better,
    of: fn(&Report) -> Option<f64>,
    show: fn(f64) -> String,
) -> Figure {
    Figure { key, name, better, of, show }
}

fn failed(report: &Report) -> f64 {
    (report.lost + report.confirmed_twice + report.wrong) as f64
}

fn some(figure: f64) -> Option<f64> {
    (figure > 0.0).then_some(figure)
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
