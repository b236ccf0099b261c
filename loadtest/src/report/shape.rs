//! What a run was: when orders were due, and how they were sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When orders are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// All at once.
    Burst {
        /// Whether all became visible in one instant, as scheduled messages do; otherwise they come
        /// as fast as they can be sent.
        scheduled: bool,
    },
    /// A constant rate.
    Steady {
        /// Orders a second.
        rate: f64,
        /// For how long, in seconds.
        duration_s: f64,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// Days squeezed into minutes.
    Wave {
        /// Length of one day in seconds.
        day_s: f64,
        /// How many days.
        days: u32,
        /// Orders of one day.
        orders_per_day: f64,
        /// The file of the day's curve; none for the built-in one.
        day: Option<String>,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// Nothing, then many within a short time, again and again.
    Spikes {
        /// How many spikes.
        times: u32,
        /// Orders of one spike.
        orders: u64,
        /// Length of a spike in seconds.
        within_s: f64,
        /// Quiet seconds between two spikes.
        pause_s: f64,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// A constant rate for hours.
    Soak {
        /// Orders a second.
        rate: f64,
        /// For how long, in hours.
        hours: f64,
        /// How they are spaced.
        arrivals: Arrivals,
    },
    /// The recorded times of a file.
    Replay {
        /// How many times faster than recorded.
        speed: f64,
    },
}

/// How orders are spaced within a rate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// In equal steps.
    Even,
    /// Each independent of the others, as many customers are: a Poisson process.
    Random,
}

/// How orders are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Via {
    /// Through which door.
    pub door: Door,
    /// Connections at once.
    pub connections: usize,
    /// The most orders in one pipeline or request.
    pub batch: usize,
}

/// Where orders enter.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// XADD and a ring of the bell.
    Redis,
    /// POST /orders.
    Http,
}
