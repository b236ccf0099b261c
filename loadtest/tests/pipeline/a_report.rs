//! Reports of runs that never happened: a small model of a queue fills in what a real run of that
//! shape would show.

mod model;

use chrono::DateTime;
use loadtest::report::{
    AppAndRedis, Arrivals, Clock, Door, Failures, Host, InstanceStartUs, Latency, Rejected, Report,
    Setting, Shape, Share, Timeline, Via, Wrong,
};
use model::Run;

/// What is modelled; a test sets only what matters to it.
#[derive(Clone)]
pub(crate) struct AReport {
    shape: Shape,
    interval_ms: u64,
    due: Vec<u64>,
    /// Orders that the senders can hand over in an interval.
    send_capacity: u64,
    /// Orders that the app can do in an interval.
    work_capacity: u64,
    app_growth_mib: f64,
    report: Report,
}

/// A burst of 10,000 orders that is done after about half a second.
pub(crate) fn a_report() -> AReport {
    let mut due = vec![0; 50];
    due[0] = 10_000;
    AReport {
        shape: Shape::Burst {},
        interval_ms: 10,
        due,
        send_capacity: 1_000,
        work_capacity: 225,
        app_growth_mib: 0.0,
        report: nothing(),
    }
}

impl AReport {
    /// 500 orders a second for 30 s, of which the app can do so many a second.
    pub(crate) fn steady(mut self, work_per_s: u64) -> Self {
        self.shape = Shape::Steady { rate: 500.0, duration_s: 30.0, arrivals: Arrivals::Even };
        self.interval_ms = 100;
        self.due = vec![50; 300];
        self.due.extend(vec![0; (15_000 * 10 / work_per_s as usize).saturating_sub(280)]);
        self.send_capacity = 1_000;
        self.work_capacity = work_per_s / 10;
        self
    }

    /// Two days in two minutes, nothing at night.
    pub(crate) fn waves(mut self) -> Self {
        self.shape = Shape::Curve {
            curve: None,
            compress: 1_440.0,
            day_s: 60.0,
            days: 2,
            orders_per_day: 30_000.0,
            arrivals: Arrivals::Random,
        };
        self.interval_ms = 400;
        let curve = |place: usize| {
            let day = (place % 150) as f64 / 150.0;
            let light = (std::f64::consts::TAU * (day - 0.25)).sin();
            if light <= 0.0 { 0 } else { (light * 620.0) as u64 + (place as u64 * 7_919) % 60 }
        };
        self.due = (0..300).map(curve).collect();
        self.send_capacity = 5_000;
        self.work_capacity = 560;
        self
    }

    /// 300 intervals of two hours in all.
    pub(crate) fn soak(mut self) -> Self {
        let arrivals = Arrivals::Random;
        self.shape = Shape::Steady { rate: 100.0, duration_s: 7_200.0, arrivals };
        self.interval_ms = 24_000;
        self.due = (0..300u64).map(|place| 2_360 + (place * 7_919) % 80).collect();
        self.send_capacity = 100_000;
        self.work_capacity = 100_000;
        self
    }

    /// Memory of the app rises by so much from the first to the last sample.
    pub(crate) fn leaking(mut self, mib: f64) -> Self {
        self.app_growth_mib = mib;
        self
    }

    /// The senders hand over so few orders in an interval.
    pub(crate) fn sent_slowly(mut self, in_an_interval: u64) -> Self {
        self.send_capacity = in_an_interval;
        self
    }

    /// As many intervals as the longest reports have.
    pub(crate) fn longest(mut self) -> Self {
        self.due = (0..600u64).map(|place| 2_000 + (place * 7_919) % 900).collect();
        self.work_capacity = 2_600;
        self
    }

    /// All in one interval.
    pub(crate) fn in_one_interval(mut self) -> Self {
        self.due = vec![10];
        self.send_capacity = 10;
        self.work_capacity = 10;
        self
    }

    pub(crate) fn without_orders(mut self) -> Self {
        self.due.clear();
        self
    }

    pub(crate) fn over_http(mut self) -> Self {
        self.report.via = Via { door: Door::Http, connections: 8, batch: 100 };
        self
    }

    pub(crate) fn interrupted(mut self) -> Self {
        self.report.interrupted = true;
        self.due.truncate(self.due.len() / 3);
        self
    }

    /// Some orders lost, late, confirmed twice and wrong, and some rejected.
    pub(crate) fn with_failures(mut self) -> Self {
        let id = |number: u32| format!("00000000-0000-4000-8000-{number:012x}");
        self.report.lost = 30;
        self.report.late = 12;
        self.report.confirmed_twice = 1;
        self.report.wrong = 2;
        self.report.failures = Failures {
            lost: (0..30).map(id).collect(),
            confirmed_twice: vec![id(100)],
            wrong: vec![
                Wrong {
                    order: id(200),
                    why: "confirmed in the simple lane, expected complex".into(),
                },
                Wrong { order: "#7".into(), why: "no trace of it, ".repeat(20) },
            ],
        };
        self.report.rejected = vec![
            Rejected { answer: "429 backlog_full".into(), orders: 25, processed_anyway: 0 },
            Rejected { answer: "no answer".into(), orders: 5, processed_anyway: 3 },
        ];
        self
    }

    /// The API has rejected so many orders.
    pub(crate) fn rejecting(mut self, orders: u64) -> Self {
        self.report.rejected =
            vec![Rejected { answer: "503 queue_unavailable".into(), orders, processed_anyway: 0 }];
        self
    }

    /// Wasm and containers at work together.
    pub(crate) fn shared(mut self) -> Self {
        let share = |consumer: &str, stream: &str, orders| Share {
            consumer: consumer.into(),
            stream: stream.into(),
            orders,
        };
        self.report.shares = vec![
            share("spin", "ingress", 6_000),
            share("spin", "simple", 4_200),
            share("spin", "complex", 1_800),
            share("conventional", "ingress", 4_000),
            share("conventional", "simple", 2_800),
            share("conventional", "complex", 1_200),
        ];
        self
    }

    /// Every text that comes from elsewhere is this one.
    pub(crate) fn saying(mut self, text: &str) -> Self {
        let report = &mut self.report;
        report.seed = None;
        report.file = Some(text.into());
        report.queue = text.into();
        report.redis_version = text.into();
        report.loadtest_version = text.into();
        report.failures.lost = vec![text.into()];
        report.failures.confirmed_twice = vec![text.into()];
        report.failures.wrong = vec![Wrong { order: text.into(), why: text.into() }];
        (report.lost, report.confirmed_twice, report.wrong) = (1, 1, 1);
        report.rejected = vec![Rejected { answer: text.into(), orders: 1, processed_anyway: 0 }];
        let share = Share { consumer: text.into(), stream: text.into(), orders: 1 };
        report.shares = vec![share.clone(), Share { consumer: "other".into(), ..share }];
        report.redis_settings = vec![Setting { name: text.into(), value: text.into() }];
        report.host = Host {
            cpu: text.into(),
            architecture: text.into(),
            memory_mib: 1,
            kernel: text.into(),
        };
        if let Shape::Curve { curve, .. } = &mut self.shape {
            *curve = Some(text.into());
        }
        self
    }

    /// The report without the figures of the app.
    pub(crate) fn without_app(self) -> Report {
        let mut report = self.build();
        report.cpu_s.app = None;
        report.rss_mib.app = None;
        report.instance_starts = None;
        report.instance_start_us = None;
        for sample in &mut report.samples {
            sample.app_cores = None;
            sample.app_rss_mib = None;
        }
        report
    }

    /// As `versus` keeps it: no timeline, no samples, no histogram.
    pub(crate) fn without_timeline(self) -> Report {
        let mut report = self.build();
        report.timeline = Timeline::default();
        report.samples.clear();
        report.latency_histogram.clear();
        report.send_latency_ms = Latency::default();
        report
    }

    pub(crate) fn build(self) -> Report {
        let run = Run::of(&self);
        let mut report = self.report;
        let orders: u64 = self.due.iter().sum();
        report.shape = self.shape;
        report.orders = orders;
        let not_done =
            report.rejected.iter().map(|kind| kind.orders - kind.processed_anyway).sum::<u64>();
        let otherwise = report.lost
            + report.late
            + report.confirmed_twice
            + report.wrong
            + report.dead_lettered
            + not_done;
        report.confirmed = orders.saturating_sub(otherwise);
        let done = report.done();
        report.lanes.complex = report.confirmed * 3 / 10;
        report.lanes.simple = report.confirmed - report.lanes.complex;
        report.enqueue_s = run.sent_ms / 1e3;
        report.total_s = run.done_ms / 1e3;
        report.orders_per_s = if run.done_ms > 0.0 { done as f64 * 1e3 / run.done_ms } else { 0.0 };
        report.latency_ms = run.latency.percentiles();
        report.send_latency_ms = run.send_latency.percentiles();
        report.queue_latency_ms = run.queue_latency.percentiles();
        report.latency_histogram = run.latency.buckets();
        report.cpu_s = AppAndRedis { app: Some(done as f64 * 30e-6), redis: done as f64 * 41e-6 };
        report.rss_mib = AppAndRedis { app: Some(35.0 + self.app_growth_mib), redis: 40.0 };
        report.instance_starts = Some(run.starts);
        report.timeline = Timeline { interval_ms: self.interval_ms, intervals: run.intervals };
        report.samples = run.samples;
        if done == 0 {
            // Nothing came to an end, so nothing was measured from one.
            (report.total_s, report.orders_per_s) = (0.0, 0.0);
            report.latency_ms = Latency::default();
            report.queue_latency_ms = Latency::default();
            report.send_latency_ms = Latency::default();
            report.latency_histogram.clear();
        }
        report
    }
}

fn nothing() -> Report {
    let setting = |name: &str, value: &str| Setting { name: name.into(), value: value.into() };
    Report {
        report_version: Report::VERSION,
        loadtest_version: "0.1.0".into(),
        started_at: DateTime::from_timestamp(1_760_000_000, 0).unwrap(),
        via: Via { door: Door::Redis, connections: 1, batch: 500 },
        seed: Some(42),
        run: Some(7),
        prescriptions: Some(0.3),
        mutated: Some(0.0),
        queue: "orders".into(),
        complexity_threshold: 5,
        instance_start_us: Some(InstanceStartUs { p50: 61, p99: 204 }),
        clock: Clock { samples: 1, drift_ms: 0.0 },
        redis_version: "7.0.15".into(),
        redis_settings: vec![setting("appendonly", "yes"), setting("appendfsync", "everysec")],
        cores: 2,
        host: Host {
            cpu: "A Processor @ 2.00GHz".into(),
            architecture: "x86_64".into(),
            memory_mib: 24_105,
            kernel: "Linux 6.1.0".into(),
        },
        ..Report::default()
    }
}
