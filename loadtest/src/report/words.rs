//! A run in words: its shape, and how its orders were sent.

use super::units::{chosen_time, count, counted, digits, orders, rate};
use super::{Arrivals, Door, Report, Shape, Via};

impl Shape {
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Burst {} => "burst, all at once".into(),
            Self::Steady { rate: orders_per_s, duration_s, arrivals } => {
                let length = chosen_time(duration_s * 1e3);
                format!("steady, {} for {length}, {}", rate(*orders_per_s), arrivals.in_words())
            }
            Self::Curve { curve, compress, day_s, days, orders_per_day, arrivals } => format!(
                "curve, {days} x {} by {} in {} ({compress} times as fast), {}",
                orders(orders_per_day.round() as u64),
                curve.as_deref().unwrap_or("the built-in day"),
                chosen_time(day_s * 1e3),
                arrivals.in_words()
            ),
            Self::Replay { speed } => format!("replay of recorded times, {speed} times as fast"),
        }
    }
}

impl Arrivals {
    fn in_words(self) -> &'static str {
        match self {
            Self::Even => "evenly spaced",
            Self::Random => "spaced at random",
        }
    }
}

impl Via {
    pub(crate) fn in_words(&self) -> String {
        let (door, parcel) = match self.door {
            Door::Redis => ("by XADD to Redis", "pipelines"),
            Door::Http => ("by POST /orders over HTTP", "requests"),
        };
        let connections = counted(self.connections as u64, "connection");
        format!("{door}, {connections}, {parcel} of up to {}", orders(self.batch as u64))
    }
}

impl Report {
    pub(crate) fn source(&self) -> String {
        match (&self.file, self.seed) {
            (Some(file), _) => format!("from {file}"),
            (None, Some(seed)) => format!("generated with seed {seed}"),
            (None, None) => "of unknown origin".into(),
        }
    }

    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".into());
        let or_unknown =
            |value: &str| if value.is_empty() { "unknown".to_owned() } else { value.to_owned() };
        let share =
            |share: Option<f64>| or_none(share.map(|share| format!("{} %", digits(share * 100.0))));
        let rows = [
            ("shape", self.shape.in_words()),
            ("sent", self.via.in_words()),
            ("orders", self.source()),
            ("run number", or_none(self.run.map(|run| run.to_string()))),
            ("with a prescription", share(self.prescriptions)),
            ("broken at random", share(self.mutated)),
            ("queue", self.queue.clone()),
            ("complexity threshold", self.complexity_threshold.to_string()),
            ("loadtest", self.loadtest_version.clone()),
            ("Redis", or_unknown(&self.redis_version)),
            ("processor", or_unknown(&self.host.cpu)),
            ("architecture", or_unknown(&self.host.architecture)),
            ("cores", self.cores.to_string()),
            ("memory", format!("{} MiB", count(self.host.memory_mib))),
            ("kernel", or_unknown(&self.host.kernel)),
        ];
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
