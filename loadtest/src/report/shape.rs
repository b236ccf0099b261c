//! What a run was: when orders were due, and how they were sent.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::Display;

use super::units::{chosen_time, counted, orders, rate};

/// When orders are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// All at once, as fast as they can be sent.
    Burst {},
    /// A constant rate.
    Steady {
        /// Orders a second.
        rate: f64,
        /// For how long, in seconds.
        duration_s: f64,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// The curve of a day, compressed.
    Curve {
        /// The file of the curve; none for the built-in one.
        curve: Option<String>,
        /// How many times faster than the clock.
        compress: f64,
        /// Length of one compressed day in seconds.
        day_s: f64,
        /// How many days.
        days: u32,
        /// Orders of one day.
        orders_per_day: f64,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// The recorded times of a file.
    Replay {
        /// How many times faster than recorded.
        speed: f64,
    },
}

impl Default for Shape {
    fn default() -> Self {
        Self::Burst {}
    }
}

impl Shape {
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Burst {} => "burst, all at once".into(),
            Self::Steady { rate: orders_per_s, duration_s, arrivals } => {
                let length = chosen_time(duration_s * 1e3);
                format!("steady, {} for {length}, {arrivals}", rate(*orders_per_s))
            }
            Self::Curve { curve, compress, day_s, days, orders_per_day, arrivals } => format!(
                "curve, {days} x {} by {} in {} ({compress} times as fast), {arrivals}",
                orders(orders_per_day.round() as u64),
                curve.as_deref().unwrap_or("the built-in day"),
                chosen_time(day_s * 1e3)
            ),
            Self::Replay { speed } => format!("replay of recorded times, {speed} times as fast"),
        }
    }
}

/// How orders are spaced within a rate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum, Display,
)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// In equal steps.
    #[strum(to_string = "evenly spaced")]
    Even,
    /// Each independent of the others, as many customers are: a Poisson process.
    #[strum(to_string = "spaced at random")]
    Random,
}

/// How orders are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Via {
    /// By Redis or by the API.
    pub door: Door,
    /// Concurrent connections.
    pub connections: usize,
    /// Maximum number of orders in one pipeline or request.
    pub batch: usize,
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

/// Where orders enter.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// XADD and a ring of the bell.
    #[default]
    Redis,
    /// POST /orders.
    Http,
}
