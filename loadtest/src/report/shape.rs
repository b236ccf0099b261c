//! What a run was: when orders were due, and how they were sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Where orders enter.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// XADD and a ring of the bell.
    #[default]
    Redis,
    /// POST /orders.
    Http,
}
